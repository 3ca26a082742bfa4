package scanner

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

func rspamd(url string) *Rspamd {
	return NewRspamd(RspamdOptions{URL: url, TaskTimeout: 8 * time.Second}, limits())
}

// answering is an rspamd that gives one answer.
func answering(t *testing.T, status int, answer string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestRspamdAnswers(t *testing.T) {
	const whole = `{"is_skipped":false,"score":%s,"required_score":15,"action":"%s","time_real":%s,` +
		`"symbols":{"A":{"score":-0.1},"ZERO":{"score":0},"GTUBE":{"score":12.5},"B":{"score":0.1}}}`
	const symbols = ": GTUBE 12.5, A -0.1, B 0.1"
	for _, c := range []struct {
		status       int
		answer       string
		result       policy.ScanResult
		words        string
		onlyRejected policy.ScanResult
	}{
		{200, fmt.Sprintf(whole, "1.299999", "no action", "0.1"), policy.NothingFound,
			"no action, 1.3 of 15.0 points" + symbols, policy.NothingFound},
		{200, fmt.Sprintf(whole, "5", "greylist", "0.1"), policy.NothingFound,
			"greylist, 5.0 of 15.0 points" + symbols, policy.NothingFound},
		{200, fmt.Sprintf(whole, "7.3", "add header", "0.1"), policy.Found,
			"add header, 7.3 of 15.0 points" + symbols, policy.NothingFound},
		{200, fmt.Sprintf(whole, "9", "rewrite subject", "0.1"), policy.Found,
			"rewrite subject, 9.0 of 15.0 points" + symbols, policy.NothingFound},
		{200, fmt.Sprintf(whole, "20", "reject", "0.1"), policy.Found,
			"reject, 20.0 of 15.0 points" + symbols, policy.Found},
		{200, fmt.Sprintf(whole, "20", "reject", "8.1"), policy.Found,
			"reject, 20.0 of 15.0 points" + symbols, policy.Found},
		{200, fmt.Sprintf(whole, "4.5", "no action", "8.005"), policy.ScanFailed,
			"it ran out of time (task_timeout) before all of its rules had answered",
			policy.ScanFailed},
		{200, fmt.Sprintf(whole, "4.5", "soft reject", "0.1"), policy.ScanFailed,
			`it says "soft reject"`, policy.ScanFailed},
		{200, strings.Replace(fmt.Sprintf(whole, "0", "no action", "0.1"), "false", "true", 1),
			policy.ScanFailed, "it skipped the message: see its settings", policy.ScanFailed},
		{200, `{"is_skipped":true,"score":15.0,"required_score":15.0,"action":"reject",` +
			`"symbols":{"GTUBE":{"score":0.0}},"time_real":0.2}`, policy.Found, // of rspamd 3.4
			"reject, 15.0 of 15.0 points: GTUBE 0.0", policy.Found},
		{200, `{"action":"no action"}`, policy.ScanFailed,
			"an answer without action, score or time_real", policy.ScanFailed},
		{200, `{"action":"no act`, policy.ScanFailed, "an answer that is no JSON, or breaks off",
			policy.ScanFailed},
		{200, "", policy.ScanFailed, "an answer that is no JSON, or breaks off", policy.ScanFailed},
		{500, `{"error":"invalid command"}`, policy.ScanFailed,
			"it answers 500 Internal Server Error", policy.ScanFailed},
	} {
		r := rspamd(answering(t, c.status, c.answer))
		got := r.Scan(context.Background(), query("a"))
		if got.Result != c.result || got.Words != c.words {
			t.Errorf("%s:\n got %v %q\nwant %v %q", c.answer, got.Result, got.Words, c.result, c.words)
		}
		r.RejectOnly = true
		if got = r.Scan(context.Background(), query("a")); got.Result != c.onlyRejected {
			t.Errorf("reject only, %s: %v", c.answer, got.Result)
		}
	}
}

// It is told all that SMTP says of the message, and what a stranger made up harms nobody.
func TestRspamdIsTold(t *testing.T) {
	got := http.Header{}
	var body string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		got, body = r.Header, fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.ContentLength, " ",
			string(raw))
	}))
	defer s.Close()
	q := query("From: a\r\n\r\nb\r\n")
	q.Hop = policy.Hop{Client: netip.MustParseAddr("192.0.2.1")}
	q.Envelope = &message.Envelope{Helo: "mx\r\nSettings: {}", MailFrom: "ann@acme.test",
		Recipients: []string{"a@help.test", "b@help.test"}}
	rspamd(s.URL+"/").Scan(context.Background(), q)
	if body != "POST /checkv2 14 From: a\r\n\r\nb\r\n" {
		t.Errorf("%q", body)
	}
	for name, want := range map[string]string{"Ip": "192.0.2.1", "Helo": "mx??Settings: {}",
		"From": "ann@acme.test", "Rcpt": "a@help.test b@help.test", "Queue-Id": "one",
		"Settings": ""} {
		if value := strings.Join(got.Values(name), " "); value != want {
			t.Errorf("%s: %q", name, value)
		}
	}
	q.Envelope = &message.Envelope{NullPath: true, Helo: "relay.test"}
	q.Hop = policy.Hop{Relayed: true, Helo: "mx.acme.test"}
	rspamd(s.URL).Scan(context.Background(), q)
	if got.Get("From") != "<>" || got.Get("Helo") != "mx.acme.test" || got.Get("IP") != "" {
		t.Errorf("of a relay: %v", got)
	}
}

// Broken connections, a worker that is stopped and redirections are no answers.
func TestRspamdThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		words  string
	}{
		"cut": {func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // of a body left unread the kernel makes a reset
			panic(http.ErrAbortHandler)
		}, "EOF"},
		"half": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"action":"no action"`)
		}, "unexpected EOF"},
		"silent": {func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // until then nobody sees that the client goes
			<-r.Context().Done()
		}, "no answer in time"},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		}, "it answers 307 Temporary Redirect"},
	} {
		s := httptest.NewServer(c.answer)
		r := rspamd(s.URL)
		if name == "silent" {
			r.limits.Timeout = 200 * time.Millisecond
		}
		got := r.Scan(context.Background(), query("a"))
		if got.Result != policy.ScanFailed || !strings.Contains(got.Words, c.words) {
			t.Errorf("%s: %+v", name, got)
		}
		s.Close()
	}
	if got := rspamd("http://127.0.0.1:1").Scan(context.Background(), query("a")); got.Result !=
		policy.ScanFailed || got.Words != "dial: connect: connection refused" {
		t.Errorf("refused: %+v", got)
	}
}
