package courier

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// hookSecret is the one of the specification's examples.
const (
	hookSecret  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	otherSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

func newHook(t *testing.T, c WebhookConfig) *Webhook {
	t.Helper()
	if c.Secrets == nil {
		c.Secrets = []string{hookSecret}
	}
	c.Dialer = loopback(t)
	w, err := NewWebhook(c)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestWebhookVector is what the specification's own libraries are tested with.
func TestWebhookVector(t *testing.T) {
	w := newHook(t, WebhookConfig{URL: "https://hooks.example.com/"})
	header, err := w.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0),
		[]byte(`{"test": 2432232314}`))
	want := http.Header{"Content-Type": {"application/json"},
		"Webhook-Id":        {"msg_p5jXN8AQM9LWM0D4loKWxJek"},
		"Webhook-Timestamp": {"1614265330"},
		"Webhook-Signature": {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}}
	if diff := cmp.Diff(want, header); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

// verified is what a receiver with the npm library of the specification reads of a request.
type verified struct {
	Read    json.RawMessage
	Refused string
}

func verify(t *testing.T, secret string, requests ...received) (answers []verified) {
	t.Helper()
	var in []any
	for _, r := range requests {
		header := map[string]string{}
		for name := range r.Header {
			header[strings.ToLower(name)] = r.Header.Get(name)
		}
		in = append(in, map[string]any{"secret": secret, "header": header, "body": string(r.body)})
	}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", "../testdata/browser/webhook.mjs")
	var stderr bytes.Buffer
	node.Stdin, node.Stderr = bytes.NewReader(text), &stderr
	out, err := node.Output()
	if err != nil {
		t.Fatalf("node: %v (scripts/test installs what it needs)\n%s", err, &stderr)
	}
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(requests) {
		t.Fatalf("%v: %s", err, out)
	}
	return answers
}

// TestWebhookIsVerified by the library that receivers have, over two attempts of which each is
// signed anew under one id, and with two secrets while one takes the other's place.
func TestWebhookIsVerified(t *testing.T) {
	site, got := desk(t, 202, "")
	at := time.Now()
	w := newHook(t, WebhookConfig{URL: site + "/hook", Secrets: []string{hookSecret, otherSecret},
		Now: func() time.Time { return at }})
	p := mailOf(mail)
	p.Subject = "Größe <b> & \u2028"
	var requests []received
	for range 2 {
		var dialogue bytes.Buffer
		if r := w.Carry(context.Background(), p, &dialogue); r.Outcome != Done {
			t.Fatalf("%+v", r)
		}
		if strings.Contains(dialogue.String(), hookSecret[6:]) {
			t.Errorf("the dialogue shows the secret:\n%s", &dialogue)
		}
		requests = append(requests, <-got)
		at, p.Attempt = at.Add(time.Second), p.Attempt+1
	}
	first, second := requests[0].Header, requests[1].Header
	if first.Get("webhook-id") != p.Key || second.Get("webhook-id") != p.Key {
		t.Errorf("ids %q and %q, want %q", first.Get("webhook-id"), second.Get("webhook-id"), p.Key)
	}
	for _, name := range []string{"webhook-timestamp", "webhook-signature"} {
		if first.Get(name) == second.Get(name) {
			t.Errorf("%s is the same at both attempts: %s", name, first.Get(name))
		}
	}
	if !bytes.Equal(requests[0].body, requests[1].body) {
		t.Error("the JSON is another at the second attempt")
	}
	for _, secret := range []string{hookSecret, otherSecret} {
		for n, v := range verify(t, secret, requests...) {
			if v.Refused != "" || !strings.Contains(string(v.Read), `"ticket":7`) {
				t.Errorf("%s, attempt %d: %s %s", secret, n+1, v.Refused, v.Read)
			}
		}
	}
	requests[0].body = bytes.Replace(requests[0].body, []byte(`"ticket":7`), []byte(`"ticket":8`), 1)
	requests[1].Header.Set("webhook-id", "another")
	for n, v := range verify(t, hookSecret, requests...) {
		if v.Refused != "No matching signature found" {
			t.Errorf("changed, attempt %d: %+v", n+1, v)
		}
	}
}

func TestWebhookPayload(t *testing.T) {
	at := time.Unix(1795946500, 0)
	link := func(p *Parcel, until time.Time) string {
		return "https://gatepost.test/raw?ends=" + until.Format(time.RFC3339)
	}
	raw := `"raw":"` + base64.StdEncoding.EncodeToString([]byte(mail)) + `"`
	const start = `{"type":"ticket.created","timestamp":"2026-11-29T10:00:01Z","data":{"ticket":7,` +
		`"comment":null,"suspended":null,"decision":"D7","cause":null,"received_at":"2026-11-29T10:00:00Z",` +
		`"requester":{"name":"Sam","email":"sam@strangers.test","proven":true,"claimed":false},` +
		`"reply_to":["other@strangers.test"],"subject":"Hello","message_id":"<1@strangers.test>",` +
		`"envelope":{"mail_from":"sam@bounce.test","recipients":["help@desk.test","info@desk.test"]},` +
		`"message":{"size":121`
	for _, test := range []struct {
		name   string
		config WebhookConfig
		change func(*Parcel)
		want   string
	}{
		{"inline", WebhookConfig{Link: link}, nil, start + `,` + raw + `}}}`},
		{"exactly as large", WebhookConfig{Inline: 121, Link: link}, nil, start + `,` + raw + `}}}`},
		{"link", WebhookConfig{Inline: 120, Link: link}, nil, start + `,"link":"https://gatepost.test/` +
			`raw?ends=2026-11-30T10:01:40Z","link_ends":"2026-11-30T10:01:40Z"}}}`},
		{"link for an hour", WebhookConfig{Inline: -1, LinkLife: time.Hour, Link: link}, nil, start +
			`,"link":"https://gatepost.test/raw?ends=2026-11-29T11:01:40Z","link_ends":"2026-11-29T11:01:40Z"}}}`},
		{"no link", WebhookConfig{Inline: -1}, nil, start + `}}}`},
		{"comment", WebhookConfig{Inline: -1}, func(p *Parcel) { p.Event, p.Comment = "comment.created", 9 },
			strings.NewReplacer(`"comment":null`, `"comment":9`, "ticket.created", "comment.created").
				Replace(start) + `}}}`},
		{"an address for replies", WebhookConfig{Inline: -1},
			func(p *Parcel) { p.ReplyAddress = "help+re-a@desk.test" },
			strings.Replace(start, `"envelope"`, `"reply_address":"help+re-a@desk.test","envelope"`, 1) +
				`}}}`},
		{"quiet", WebhookConfig{Inline: -1}, func(p *Parcel) { p.Event, p.Ticket = "mail.quiet", 0 },
			strings.NewReplacer(`"ticket":7`, `"ticket":null`, "ticket.created", "mail.quiet").
				Replace(start) + `}}}`},
		{"held", WebhookConfig{Inline: -1}, func(p *Parcel) {
			p.Event, p.Cause, p.CreatedAt = "message.suspended", "automatic mail", time.Time{}
			p.Recipients, p.ReplyTo, p.Subject = nil, nil, "\xff\x00"
		}, `{"type":"message.suspended","timestamp":"2026-11-29T10:00:00Z","data":{"ticket":null,` +
			`"comment":null,"suspended":7,"decision":"D7","cause":"automatic mail","received_at":"2026-11-29T10:00:00Z",` +
			`"requester":{"name":"Sam","email":"sam@strangers.test","proven":true,"claimed":false},` +
			`"reply_to":[],"subject":"\ufffd\u0000","message_id":"<1@strangers.test>",` +
			`"envelope":{"mail_from":"sam@bounce.test","recipients":[]},"message":{"size":121}}}`},
	} {
		test.config.URL = "https://hooks.example.com/"
		p := mailOf(mail)
		if test.change != nil {
			test.change(p)
		}
		got, err := newHook(t, test.config).payload(p, at)
		if diff := cmp.Diff(test.want, string(got)); err != nil || diff != "" {
			t.Errorf("%s: %v %s", test.name, err, diff)
		}
	}
	p := mailOf(mail)
	p.Size++
	if _, err := newHook(t, WebhookConfig{URL: "https://a.test"}).payload(p, at); err == nil ||
		!strings.Contains(err.Error(), "it has 121 octets, and should have 122") {
		t.Errorf("a message that is cut: %v", err)
	}
}

func TestWhatWebhookAnswersMean(t *testing.T) {
	for _, test := range []struct {
		status int
		header []string
		want   Outcome
		pause  bool
		after  time.Duration
	}{
		{200, nil, Done, false, 0},
		{202, nil, Done, false, 0},
		{204, nil, Done, false, 0},
		{302, []string{"Location", "/login"}, Retry, true, 0},
		{400, nil, Fail, false, 0},
		{401, nil, Retry, true, 0},
		{404, nil, Retry, true, 0},
		{408, nil, Retry, false, 0},
		{410, nil, Retry, true, 0},
		{413, nil, Fail, false, 0},
		{422, nil, Fail, false, 0},
		{429, []string{"Retry-After", "7"}, Retry, false, 7 * time.Second},
		{500, nil, Retry, false, 0},
		{502, nil, Retry, false, 0},
		{503, []string{"Retry-After", "60"}, Retry, false, time.Minute},
	} {
		site, _ := desk(t, test.status, "", test.header...)
		r := newHook(t, WebhookConfig{URL: site}).Carry(context.Background(), mailOf(mail), nil)
		if r.Outcome != test.want || r.Pause != test.pause || r.After != test.after {
			t.Errorf("%d: %+v, want %s, pause %v, after %s", test.status, r, test.want, test.pause,
				test.after)
		}
	}
	closes := newHook(t, WebhookConfig{URL: wire(t, readRequest)})
	if r := closes.Carry(context.Background(), mailOf(mail), nil); r.Outcome != Unknown {
		t.Errorf("no answer: %+v", r)
	}
	for _, key := range []string{"", "a\r\nb"} {
		p := mailOf(mail)
		p.Key = key
		if r := closes.Carry(context.Background(), p, nil); r.Outcome != Fail {
			t.Errorf("key %q: %+v", key, r)
		}
	}
}

func TestWebhookSettings(t *testing.T) {
	key := func(n int) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xfb}, n)) }
	for _, test := range []struct {
		change func(*WebhookConfig)
		want   string
	}{
		{func(c *WebhookConfig) { c.Secrets = nil }, "secret: there is none: make one with"},
		{func(c *WebhookConfig) { c.Secrets = []string{""} }, "secret 1: it has 0 octets"},
		{func(c *WebhookConfig) { c.Secrets = []string{"whsec_"} }, "secret 1: it has 0 octets"},
		{func(c *WebhookConfig) { c.Secrets = []string{hookSecret, "whsec_" + key(23)} },
			"secret 2: it has 23 octets, and must have 24 to 64"},
		{func(c *WebhookConfig) { c.Secrets = []string{key(65)} }, "secret 1: it has 65 octets"},
		{func(c *WebhookConfig) { c.Secrets = []string{strings.TrimRight(key(32), "=")} },
			"standard base64 with padding"},
		{func(c *WebhookConfig) { c.Secrets = []string{strings.ReplaceAll(key(24), "+", "-")} },
			"standard base64 with padding"},
		{func(c *WebhookConfig) { c.Secrets = []string{hookSecret + "\n"} }, "standard base64 with padding"},
		{func(c *WebhookConfig) { c.Secrets = []string{"whsk_" + key(64)} }, "standard base64 with padding"},
		{func(c *WebhookConfig) { c.URL = "hooks" }, "url: it is no address of a page"},
		{func(c *WebhookConfig) { c.Inline = 11 << 20 }, "inline: 11534336 is too much"},
		{func(c *WebhookConfig) { c.LinkLife = -1 }, "link_life: -1ns is less than nothing"},
		{func(c *WebhookConfig) { c.Total = -1 }, "total: -1ns is less than nothing"},
	} {
		c := WebhookConfig{URL: "https://hooks.example.com/", Secrets: []string{hookSecret},
			Dialer: loopback(t)}
		test.change(&c)
		if _, err := NewWebhook(c); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		} else if strings.Contains(err.Error(), hookSecret[6:]) || strings.Contains(err.Error(), key(12)) {
			t.Errorf("%v shows a secret", err)
		}
	}
}

// TestWebhookOfTheDocs: the example that receivers are written by is what is sent.
func TestWebhookOfTheDocs(t *testing.T) {
	page, err := os.ReadFile("../docs/helpdesks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, behind, _ := strings.Cut(string(page), "```json\n")
	example, _, found := strings.Cut(behind, "```\n")
	var want bytes.Buffer
	if err := json.Compact(&want, []byte(example)); err != nil || !found {
		t.Fatalf("%v: %q", err, example)
	}
	got, err := newHook(t, WebhookConfig{URL: "https://a.test"}).payload(mailOf(mail), time.Time{})
	if diff := cmp.Diff(want.String(), string(got)); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}
