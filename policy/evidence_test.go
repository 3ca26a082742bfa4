package policy_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"gatepost/message"
	"gatepost/policy"
)

// read judges a message as it came by SMTP.
func read(t testing.TB, p *policy.Policy, env *message.Envelope, raw string) (
	*policy.Facts, policy.Decision) {
	t.Helper()
	m := message.Parse([]byte(raw))
	f, err := policy.Read(policy.Mail{Message: m, Envelope: env,
		Body: func() io.Reader { return strings.NewReader(raw[m.Size:]) }}, &p.Settings, stranger)
	if err != nil {
		t.Fatal(err)
	}
	return &f, p.Decide(&f)
}

// TestCauseFixtures judges the messages of testdata/eml/causes as they are expected.
func TestCauseFixtures(t *testing.T) {
	p := &policy.Policy{Allow: list(t, policy.Allow, "friend.test")}
	lines, err := os.Open(filepath.Join("..", "testdata", "eml", "causes.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer lines.Close()
	held := map[string]bool{}
	for in := bufio.NewScanner(lines); in.Scan(); {
		var want struct{ File, Decision, Cause, Why, Rule string }
		if err := json.Unmarshal(in.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(filepath.Join("..", want.File))
		if err != nil {
			t.Fatal(err)
		}
		_, d := read(t, p, &message.Envelope{}, string(raw))
		if d.Action.String() != want.Decision || d.Cause.String() != want.Cause ||
			d.Why() != want.Why || d.RuleText() != want.Rule {
			t.Errorf("%s:\n got %v %v: %s\nwant %v %v: %s", want.File, d.Action, d.Cause, d.Why(),
				want.Decision, want.Cause, want.Why)
		}
		held[filepath.Base(want.File)] = d.Action == policy.Suspend
	}
	files, err := os.ReadDir(filepath.Join("..", "testdata", "eml", "causes"))
	if err != nil || len(files) != len(held) {
		t.Errorf("%d fixtures and %d expectations: %v", len(files), len(held), err)
	}
}

// TestEnvelopeCauses holds the causes that a file alone cannot show.
func TestEnvelopeCauses(t *testing.T) {
	const plain = "From: ann@acme.test\r\nTo: help@desk.test\r\nSubject: x\r\n\r\nHello\r\n"
	settings := policy.Settings{
		Relays:  ranges(t, "192.0.2.0/24"),
		Support: map[message.Address]bool{address(t, "help@desk.test"): true},
		Ours:    func(a message.Address) bool { return a.Domain() == "desk.test" },
	}
	direct, relay := netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("192.0.2.1")
	to := func(list ...string) *message.Envelope {
		return &message.Envelope{Client: relay, MailFrom: "ann@acme.test", Recipients: list}
	}
	from := func(a string) string { return strings.Replace(plain, "ann@acme.test", a, 1) }
	mark := "X-Spam-Flag: YES\r\nReceived: from a.test (a.test [198.51.100.1]) by mx.test; x\r\n"
	for _, c := range []struct {
		name string
		env  *message.Envelope
		raw  string
		only bool   // smtp.only_relays
		want string // cause and sign, "" for a ticket
	}{
		{"plain", to("help@desk.test"), plain, true, ""},
		{"direct", &message.Envelope{Client: direct}, plain, false, ""},
		{"not a relay", &message.Envelope{Client: direct}, plain, true,
			"server_lock client: 198.51.100.1"},
		{"piped", &message.Envelope{Piped: true}, plain, true, ""},
		{"file", &message.Envelope{}, plain, true, ""},
		{"support", to("other@desk.test"), from("Help@Desk.test"), false,
			"from_support_address From: help@desk.test"},
		{"same domain", to("help@desk.test"), from("ann@desk.test"), false, ""},
		{"its own recipient", to("help@desk.test", "ANN@desk.test"), from("ann@desk.test"), false,
			"from_support_address From: ann@desk.test"},
		{"nobody reads", to("no-reply@desk.test", "noreply+1@desk.test"), plain, false,
			"to_noreply RCPT TO: no-reply@desk.test"},
		{"somebody reads", to("no-reply@desk.test", "help@desk.test"), plain, false, ""},
		{"To does not count", to("help@desk.test"),
			strings.Replace(plain, "help@", "noreply@", 1), false, ""},
		{"a file to nobody", &message.Envelope{},
			strings.Replace(plain, "help@", "Us <noreply@desk.test>, bob@", 1), false, ""},
		{"a file to noreply", &message.Envelope{},
			strings.Replace(plain, "help@desk.test", "<noreply@desk.test>, bob@acme.test", 1), false,
			"to_noreply To: noreply@desk.test"},
		{"a file to another noreply", &message.Envelope{},
			strings.Replace(plain, "help@desk.test", "noreply@acme.test", 1), false, ""},
		{"null path", &message.Envelope{Client: relay, NullPath: true}, plain, false,
			"auto_mailer MAIL FROM: <>"},
		{"no bounce", &message.Envelope{Client: relay, MailFrom: "ann@acme.test"},
			strings.Replace(plain, "x\r\n", "Undelivered Mail\r\n", 1), false, ""},
		{"bounce", &message.Envelope{Client: relay, NullPath: true},
			strings.Replace(plain, "x\r\n", "Undelivered Mail\r\n", 1), false,
			"auto_delivery_failure Subject: Undelivered Mail"},
		{"spam", &message.Envelope{Client: relay}, mark + plain, false,
			"spam X-Spam-Flag: YES"},
		{"spam, says a stranger", &message.Envelope{Client: direct}, mark + plain, false, ""},
		{"no spam", &message.Envelope{Client: relay},
			strings.Replace(mark, "YES", "NO", 1) + plain, false, ""},
	} {
		settings.OnlyRelays = c.only
		_, d := read(t, &policy.Policy{Settings: settings}, c.env, c.raw)
		steps := d.Trail()
		said := steps[len(steps)-1].Answer
		if c.want == "" && d.Action == policy.Ticket {
			continue
		}
		cause, sign, _ := strings.Cut(c.want, " ")
		if c.want == "" || d.Cause.String() != cause || !strings.Contains(said, "("+sign+")") {
			t.Errorf("%s: %v %v, %s; want %q", c.name, d.Action, d.Cause, said, c.want)
		}
	}
}

// TestNullPathIsNotLifted: an entry of the allowlist lets a customer's machine write, and
// not a machine that must not be answered.
func TestNullPathIsNotLifted(t *testing.T) {
	p := &policy.Policy{Allow: list(t, policy.Allow, "acme.test")}
	raw := "From: ann@acme.test\r\nSubject: x\r\nAuto-Submitted: auto-generated\r\n\r\nx\r\n"
	for null, want := range map[bool]policy.Action{true: policy.Suspend, false: policy.Ticket} {
		if _, d := read(t, p, &message.Envelope{NullPath: null}, raw); d.Action != want {
			t.Errorf("null %v: %v, %s", null, d.Action, d.Why())
		}
	}
}

// TestOwnTrace: only a Received that we wrote ourselves shows a circle.
func TestOwnTrace(t *testing.T) {
	const id = "0199b2a4-7c1e-7d3a-9f00-0123456789ab"
	p := &policy.Policy{Settings: policy.Settings{Hostname: "Gate.test"}}
	for line, want := range map[string]bool{
		`from "mx.test" ([192.0.2.1]) by gate.test with ESMTPS id ` + id + "; x":         true,
		"from mx.test (mx.test [192.0.2.1])\r\n\tby GATE.test with ESMTP\r\n\tid " + id:  true,
		"from mx.test (mx.test [192.0.2.1]) by gate.test (Postfix) id 4bXyz1;":           false,
		"from mx.test (mx.test [192.0.2.1]) by other.test with ESMTP id " + id:           false,
		"from gate.test (gate.test [192.0.2.1]) by mx.test with ESMTP id " + id:          false,
		"from x (x [192.0.2.1]) by gate.test id 0199b2a4-7c1e-4d3a-9f00-0123456789ab":    false,
		"from x (x [192.0.2.1]) by gate.test id 0199b2a4-7c1e-7d3a-cf00-0123456789ab":    false,
		"from x (x [192.0.2.1]) by gate.test id 0199b2a4-7c1e-7d3a-9f00--123456789ab":    false,
		"from x (by gate.test id " + id + " [192.0.2.1]) by mx.test with ESMTP id 4bXyz": false,
	} {
		_, d := read(t, p, &message.Envelope{},
			"Received: "+line+"\r\nFrom: ann@acme.test\r\nSubject: x\r\n\r\nx\r\n")
		if got := d.Cause == policy.Loop; got != want {
			t.Errorf("%s: %v", line, d.Why())
		}
	}
}

// TestNoReply holds what local parts take no answers: whole words alone.
func TestNoReply(t *testing.T) {
	for local, want := range map[string]bool{
		"noreply": true, "no-reply": true, "no_reply": true, "no.reply": true, "NoReply": true,
		"donotreply": true, "do-not-reply": true, "dont-reply": true, "comments-noreply": true,
		"no-reply+abc": true, "noreply-abc": true, "noreply2": true, "a.do.not.reply.to.b": true,
		"noreply=acme.test": true, "ne-pas-repondre": true, "no--reply": true,
		"casinoreply": false, "reply": false, "reply-no": false, "noreplyx": false,
		"ann+noreply": false, "piano.reply": false, "no": false, "\u00fcnoreply": false,
	} {
		_, d := read(t, &policy.Policy{}, &message.Envelope{SMTPUTF8: true},
			"From: "+local+"@acme.test\r\nSubject: x\r\n\r\nx\r\n")
		if got := d.Cause == policy.FromNoReply; got != want {
			t.Errorf("%s: %v", local, d.Why())
		}
	}
}

// TestSubjects: the forms of machines, and what people write about them.
func TestSubjects(t *testing.T) {
	const auto = "Auto-Submitted: auto-replied\r\n"
	for _, c := range []struct {
		subject, fields string
		cause           policy.Cause
	}{
		{"Out of Office: x", "", policy.AutoVacation},
		{"[EXTERNAL] Automatic reply: x", "", policy.AutoVacation},
		{"\u81ea\u52a8\u56de\u590d\uff1ax", "", policy.AutoVacation},
		{"Out\u00a0of\u00a0Office: x", "", policy.AutoVacation},
		{"Out of office", "", policy.NoCause},
		{"Fwd: Out of Office: x", "", policy.NoCause},
		{"My question: out of office hours", "", policy.NoCause},
		{"I am out of office", "X-Auto-Response-Suppress: All\r\n", policy.NoCause},
		{"On holiday I lost my card", "X-Auto-Response-Suppress: All\r\n", policy.NoCause},
		{"Auto: x", "In-Reply-To: <t1@help.test>\r\n", policy.AutoVacation},
		{"Auto: im Urlaub gestohlen", "", policy.NoCause},
		{"AUTO: Ann Lee is out of the office. (returning 10/12/2026)", "", policy.AutoVacation},
		{"AUTO: my van is out of the office car park", "", policy.NoCause},
		{"Automated reply: x", "", policy.AutoVacation},
		{"Automated reply wanted", "", policy.NoCause},
		{"How do I write an automatic reply: help", "", policy.NoCause},
		{"\u81ea\u52a8\u7b54\u590d: x", "", policy.AutoVacation},
		{"\u3010\u81ea\u52a8\u7b54\u590d\u3011x", "", policy.AutoVacation},
		{"[Automatic reply] x", "", policy.AutoVacation},
		{"[Shop] Automatic replies do not work: x", "", policy.NoCause},
		{"\u200f\u0631\u062f \u062a\u0644\u0642\u0627\u0626\u064a: x", "",
			policy.AutoVacation},
		{"Automatinis atsakymas: x", "", policy.AutoVacation},
		{"Tr\u1ea3 l\u1eddi t\u1ef1 \u0111\u1ed9ng: x", "", policy.AutoVacation},
		{"Balasan otomatis: x", "", policy.AutoVacation},
		{"20% off on vacation homes", "Precedence: bulk\r\n", policy.AutoMailer},
		{"Away from my mail", "Precedence: bulk\r\n", policy.AutoVacation},
		{"I am out of office", auto, policy.AutoVacation},
		{"Re: I am out of office", auto, policy.AutoMailer},
		{"x", "X-Vacation: yes\r\n", policy.AutoVacation},
		{"x", "X-Vacation: no\r\n", policy.NoCause},
		{"Undeliverable: x", "", policy.AutoDeliveryFailure},
		{"Undeliverable: x", "Return-Path: <MAILER-DAEMON@mx.test>\r\n", policy.AutoDeliveryFailure},
		{"Undeliverable: x", "Return-Path: <ann@acme.test>\r\n", policy.NoCause},
		{"Re: Undeliverable: x", "Return-Path: <>\r\n", policy.NoCause},
	} {
		_, d := read(t, &policy.Policy{}, &message.Envelope{}, c.fields+
			"From: ann@acme.test\r\nSubject: "+c.subject+"\r\n\r\nx\r\n")
		if d.Cause != c.cause {
			t.Errorf("%s, %q: %v, %s", c.subject, c.fields, d.Cause, d.Why())
		}
	}
}

// TestReports: what a body says counts where it cannot be a person's.
func TestReports(t *testing.T) {
	const (
		null, ann = "Return-Path: <>\r\n", "Return-Path: <ann@acme.test>\r\n"
		daemon    = "From: MAILER-DAEMON@mx.test\r\n"
		words     = "Hi. This is the qmail-send program at mx.test.\r\n"
		part      = "--b\r\nContent-Type: Message/delivery-status\r\n\r\n"
		report    = "Content-Type: multipart/report; boundary=b\r\n"
		other     = "Content-Type: multipart/report; report-type=feedback-report\r\n"
	)
	for _, c := range []struct {
		fields, body string
		cause        policy.Cause
	}{
		{null, words, policy.AutoDeliveryFailure},
		{null, "Dear Ann,\r\n" + words, policy.AutoDeliveryFailure},
		{null, part, policy.AutoDeliveryFailure},
		{null, "> " + words, policy.NoCause},
		{null, strings.Repeat("x\r\n", 64<<10/3) + words, policy.NoCause},
		{ann, words, policy.NoCause},
		{"", words, policy.AutoDeliveryFailure},
		{"", "--b\r\nContent-Type: text/plain;\r\n\tcharset=x\r\n\r\n" + words,
			policy.AutoDeliveryFailure},
		{"", "Dear Ann,\r\n" + words, policy.NoCause},
		{"", part, policy.NoCause},
		{null + report, "x", policy.AutoDeliveryFailure},
		{ann + report, "x", policy.AutoMailer},
		{null + other, words, policy.AutoMailer},
		{ann + daemon + "Subject: Undelivered Mail\r\n", "x", policy.AutoDeliveryFailure},
		{ann + daemon + "Subject: The queue is long\r\n", "x", policy.SystemUser},
	} {
		raw := c.fields
		if !strings.Contains(raw, daemon) {
			raw += "From: ann@acme.test\r\nSubject: x\r\n"
		}
		_, d := read(t, &policy.Policy{}, &message.Envelope{}, raw+"\r\n"+c.body)
		if d.Cause != c.cause {
			t.Errorf("%.60q: %v, %s", raw+c.body, d.Cause, d.Why())
		}
	}
}

// TestSignsFit: what is shown of a field is clean and short.
func TestSignsFit(t *testing.T) {
	f, _ := read(t, &policy.Policy{}, &message.Envelope{}, "From: ann@acme.test\r\n"+
		"Auto-Submitted: auto-\xff\r\n\t"+strings.Repeat("\u00e4", 500)+"\r\n\r\n")
	want := "Auto-Submitted: auto-\ufffd " + strings.Repeat("\u00e4", 193) + "..."
	if got := f.Evidence[policy.AutoMailer].String(); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// BenchmarkRead is an ordinary message with ten trace fields, as a relay hands it over.
func BenchmarkRead(b *testing.B) {
	var head strings.Builder
	for i := range 10 {
		fmt.Fprintf(&head, "Received: from m%d.example.com (m%d.example.com [198.51.100.%d])\r\n"+
			"\tby m%d.example.com (Postfix) with ESMTPS id 4cX1%d\r\n"+
			"\tfor <help@desk.test>; Mon, 5 Oct 2026 09:19:00 +0000 (UTC)\r\n", i, i, i, i+1, i)
	}
	head.WriteString("DKIM-Signature: v=1; a=rsa-sha256; d=acme.test; s=x; b=" +
		strings.Repeat("A", 340) + "\r\nFrom: Ann Lee <ann@acme.test>\r\nTo: help@desk.test\r\n" +
		"Subject: My order 4711 has not arrived\r\nDate: Mon, 5 Oct 2026 09:19:00 +0000\r\n" +
		"Message-ID: <1@acme.test>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/alternative; boundary=\"b\"\r\nX-Mailer: x\r\n\r\n")
	m := message.Parse([]byte(head.String()))
	s := &policy.Settings{Hostname: "gate.test", Relays: ranges(b, "192.0.2.0/24")}
	env := &message.Envelope{Client: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@acme.test",
		Recipients: []string{"help@desk.test"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policy.Read(policy.Mail{Message: m, Envelope: env}, s, stranger); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzRead: whatever a message is, what is kept of it is clean and short, and nothing above
// the border is more than there is.
func FuzzRead(f *testing.F) {
	for _, head := range []string{"Auto-Submitted: x (\x00\r\n", "Content-Type: multipart/report\r\n",
		"Received: from x (x [192.0.2.1]) by gate.test id 0199b2a4-7c1e-7d3a-9f00-0123456789ab\r\n",
		"X-Spam: yes\r\nReceived: from x by y\r\nSubject: =?utf-8?q?Re?=:\r\n", "To: a@b,\r\n"} {
		f.Add("From: ann@acme.test\r\n"+head+"\r\nThe following message to <a@b>\r\n", true)
	}
	p := &policy.Policy{Settings: policy.Settings{Hostname: "gate.test"}}
	f.Fuzz(func(t *testing.T, raw string, null bool) {
		facts, d := read(t, p, &message.Envelope{Piped: true, NullPath: null}, raw)
		if most := len(message.Parse([]byte(raw)).Fields); facts.Hop.Trusted > most {
			t.Errorf("%d trusted of %d fields", facts.Hop.Trusted, most)
		}
		for c, s := range facts.Evidence {
			if utf8.RuneCountInString(s.Value) > 203 || s.Value != message.Clean(s.Value) ||
				strings.ContainsAny(s.Value, "\r\n") {
				t.Errorf("%v: %q", policy.Cause(c), s)
			}
		}
		if d.Action == policy.Ticket && null {
			t.Errorf("a ticket of what must not be answered: %s", d.Why())
		}
	})
}
