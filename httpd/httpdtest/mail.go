package httpdtest

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// WithFiles is a message with attachments whose names are hostile.
func WithFiles() string {
	part := func(name, text string) string {
		return "--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; " +
			"filename=\"" + name + "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			base64.StdEncoding.EncodeToString([]byte(text)) + "\r\n"
	}
	return "From: ann@example.com\r\nTo: support@acme.test\r\nSubject: files\r\n" +
		"MIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee below\r\n" +
		part("../../etc/passwd", "<script>alert(1)</script>") + part("a\u202egpj.exe", "two") +
		"--b--\r\n"
}

// HoldMany holds so many messages, and one that is of no search for them.
func (st *Site) HoldMany(n int) {
	st.Helper()
	st.Rules(policy.Block, "suspend:example.net *")
	for i := range n {
		st.Receive(Message(fmt.Sprintf("r%d@robo.example.net", i%7), fmt.Sprint("Copy ", i), "x"))
	}
	st.Receive(Message("Eva <eva@shop.example>", "A question", "x"))
}

// Stranger holds a plain message of somebody without a profile.
func (st *Site) Stranger(subject string) int64 {
	st.Helper()
	st.Rules(policy.Block, "*")
	return st.Receive(Message("Sam <sam@example.net>", subject, "Hello\r\nthere."))
}

// Message is a plain message.
func Message(from, subject, text string) string {
	return "From: " + from + "\r\nTo: support@acme.test\r\nSubject: " + subject +
		"\r\nMessage-ID: <1@example.com>\r\n\r\n" + text + "\r\n"
}

// Receive judges a message as SMTP does, and keeps it. The id is that of the held
// message or the ticket. Changes are made to what is known of it.
func (st *Site) Receive(raw string, changes ...func(*policy.Facts)) int64 {
	st.Helper()
	ctx := context.Background()
	content, err := store.Spool(st.DB.Dir(), strings.NewReader(raw))
	st.Must(err)
	defer func() { st.Must(content.Close()) }()
	head, err := content.Head()
	st.Must(err)
	m := message.Parse(head)
	env := &message.Envelope{Client: netip.MustParseAddr("203.0.113.5"), Helo: "mx.example.com",
		MailFrom: "bounce@example.com", Recipients: []string{"support@acme.test"},
		ReceivedAt: st.Clock.Now()}
	p, facts, err := st.DB.Facts(ctx, policy.Mail{Message: m, Envelope: env,
		Body: func() io.Reader { return content.From(m.Size) }})
	st.Must(err)
	facts.Authentication = &policy.Authentication{}
	for _, change := range changes {
		change(facts)
	}
	d := p.Decide(facts)
	id, err := st.DB.Commit(ctx, &store.Record{ID: fmt.Sprintf("decision-%d", st.Clock.count()),
		Envelope: env, Message: m, Content: content, Facts: facts, Decision: &d,
		Keep: 14 * 24 * time.Hour})
	st.Must(err)
	return id
}

// Malware holds a message of somebody at example.net in which a scanner found something.
func (st *Site) Malware(subject string) int64 {
	st.Helper()
	return st.Receive(Message("Sam <sam@example.net>", subject, "See below."),
		func(f *policy.Facts) {
			f.Scans[policy.ClamAV] = policy.Scan{Result: policy.Found, Words: "Test.Virus"}
		})
}

// Hold holds a plain message of somebody at example.net.
func (st *Site) Hold(subject string) int64 {
	st.Helper()
	st.Rules(policy.Block, "suspend:example.net")
	return st.Receive(Message("Sam <sam@example.net>", subject, "Hello\r\nthere."))
}
