package scanner

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"gatepost/message"
	"gatepost/policy"
)

// An Rspamd is the normal worker of rspamd, asked by POST /checkv2.
type Rspamd struct {
	gate
	RspamdOptions
	client http.Client
}

// RspamdOptions say how one rspamd is asked.
type RspamdOptions struct {
	URL string // of the normal worker, such as http://127.0.0.1:11333
	// TaskTimeout is that of rspamd's own options: a scan that took so long is a part of one,
	// though its answer does not say so.
	TaskTimeout time.Duration
	// RejectOnly takes "add header" and "rewrite subject" for an innocent message.
	RejectOnly bool
}

// NewRspamd makes one.
func NewRspamd(o RspamdOptions, l Limits) *Rspamd {
	// It closes each connection itself. No proxy of the environment is to see the mail, and
	// nobody to say that it goes elsewhere.
	return &Rspamd{gate: newGate(l), RspamdOptions: o, client: http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}}
}

// Kind is policy.Rspamd.
func (r *Rspamd) Kind() policy.Scanner { return policy.Rspamd }

// Counts are of its scans.
func (r *Rspamd) Counts() *Counts { return &r.counts }

// Scan sends the message and reads the answer. A client that gives up does not end the scan, so
// that its place is taken until rspamd ends it.
func (r *Rspamd) Scan(ctx context.Context, q policy.ScanQuery) policy.Scan {
	return r.run(ctx, q.Size, r.TaskTimeout,
		func(ctx context.Context) policy.Scan { return r.ask(ctx, q) })
}

// maxAnswer is how much of an answer is read, in octets: usual are 3 KB.
const maxAnswer = 1 << 20

func (r *Rspamd) ask(ctx context.Context, q policy.ScanQuery) policy.Scan {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		strings.TrimSuffix(r.URL, "/")+"/checkv2", io.LimitReader(q.Content(), q.Size))
	if err != nil {
		return failed("%v", err)
	}
	request.ContentLength = q.Size
	describe(request.Header, q)
	response, err := r.client.Do(request)
	if err != nil {
		return failed("%s", because(ctx, err))
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch {
	case err != nil:
		return failed("%s", because(ctx, err))
	case response.StatusCode != http.StatusOK:
		return failed("it answers %s", response.Status)
	}
	return r.read(text)
}

// mostNamed is how many recipients are named to it.
const mostNamed = 50

// describe says how the message came: without that rspamd leaves out many of its rules.
func describe(h http.Header, q policy.ScanQuery) {
	add := func(name, value string) {
		if value != "" { // what a client chose is no reason to send nothing
			h.Add(name, strings.Map(visible, message.Clean(value)))
		}
	}
	if q.Hop.Client.IsValid() {
		add("IP", q.Hop.Client.String())
	}
	helo := q.Envelope.Helo
	if q.Hop.Relayed {
		helo = q.Hop.Helo
	}
	add("Helo", helo)
	if q.Envelope.NullPath {
		add("From", "<>")
	} else {
		add("From", q.Envelope.MailFrom)
	}
	for _, to := range q.Envelope.Recipients[:min(len(q.Envelope.Recipients), mostNamed)] {
		add("Rcpt", to)
	}
	add("Queue-Id", q.ID)
}

// visible is what a field of HTTP may have.
func visible(r rune) rune {
	if unicode.IsControl(r) {
		return '?'
	}
	return r
}

// An answer is what of rspamd's is looked at.
type answer struct {
	Skipped  bool     `json:"is_skipped"`
	Score    *float64 `json:"score"`
	Required float64  `json:"required_score"`
	Action   string   `json:"action"`
	Seconds  *float64 `json:"time_real"`
	Symbols  map[string]struct {
		Score float64 `json:"score"`
	} `json:"symbols"`
}

// read takes for a clean message only an answer that is whole: one that took as long as the task
// may take lacks the rules that had not ended.
func (r *Rspamd) read(text []byte) policy.Scan {
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		var broken *json.SyntaxError
		if errors.As(err, &broken) {
			return failed("an answer that is no JSON, or breaks off")
		}
		return failed("an answer that cannot be read: %v", err)
	}
	said := policy.Scan{Result: policy.NothingFound, Words: message.Clean(a.words())}
	switch {
	case a.Action == "" || a.Score == nil || a.Seconds == nil:
		return failed("an answer without action, score or time_real")
	case a.Action == "reject": // also of a test message, which it skips
		said.Result = policy.Found
	case a.Skipped:
		return failed("it skipped the message: see its settings")
	case *a.Seconds >= r.TaskTimeout.Seconds():
		return failed("it ran out of time (task_timeout) before all of its rules had answered")
	case a.Action == "add header" || a.Action == "rewrite subject":
		if !r.RejectOnly {
			said.Result = policy.Found
		}
	case a.Action == "no action" || a.Action == "greylist":
	default: // "soft reject", or what we do not know
		return failed("it says %q", a.Action)
	}
	return said
}

// mostSymbols is how many symbols are told.
const mostSymbols = 8

// words are the action, the score, and the symbols that weigh most.
func (a *answer) words() string {
	names := make([]string, 0, len(a.Symbols))
	for name, s := range a.Symbols {
		if s.Score != 0 || len(a.Symbols) == 1 {
			names = append(names, name)
		}
	}
	weight := func(name string) float64 { return max(a.Symbols[name].Score, -a.Symbols[name].Score) }
	slices.SortFunc(names, func(x, y string) int {
		return cmp.Or(cmp.Compare(weight(y), weight(x)), strings.Compare(x, y))
	})
	text := a.Action
	if a.Score != nil {
		text += fmt.Sprintf(", %.1f of %.1f points", *a.Score, a.Required)
	}
	behind := ": "
	for _, name := range names[:min(len(names), mostSymbols)] {
		text += fmt.Sprintf("%s%s %.1f", behind, name, a.Symbols[name].Score)
		behind = ", "
	}
	return text
}
