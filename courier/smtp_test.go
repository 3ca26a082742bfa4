package courier

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

func parcel(text string, changes ...func(*Parcel)) *Parcel {
	p := &Parcel{Key: "k", Event: "ticket.created", MailFrom: "ann@mail.test",
		Recipients: []string{"help@desk.test"}, Size: int64(len(text)),
		Trace:   "Received: from mail.test ([192.0.2.1]) by mx.test with ESMTP id 12-ab; now\r\n",
		Results: "Authentication-Results: mx.test; none\r\n",
		Open:    func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
	for _, c := range changes {
		c(p)
	}
	return p
}

const hello = "From: Ann <ann@mail.test>\r\nSubject: hello\r\n\r\nText.\r\n"

func newSMTP(t testing.TB, c SMTPConfig) *SMTP {
	t.Helper()
	c.Host = "gate.test"
	s, err := NewSMTP(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestSMTPAnswers has an answer at each stage, and what it means.
func TestSMTPAnswers(t *testing.T) {
	for _, c := range []struct {
		stage, answer string
		want          Result
		lmtp          bool
	}{
		{"dot", "250 2.0.0 queued as 7", Result{Outcome: Done, Said: "250 2.0.0 queued as 7"}, false},
		{"dot", "251 forwarded", Result{Outcome: Done, Said: "251 forwarded"}, false},
		{"greeting", "554 go away", Result{Pause: true, Down: true, Said: "greeting: 554 go away"}, false},
		{"greeting", "421 4.3.2 later", Result{Down: true, Said: "greeting: 421 4.3.2 later"}, false},
		{"ehlo", "550 not you", Result{Pause: true, Down: true, Said: "greeting: 550 not you"}, false},
		{"mail", "530 5.7.0 log in", Result{Pause: true, Said: "530 5.7.0 log in"}, false},
		{"mail", "452 4.3.1 full", Result{Said: "452 4.3.1 full"}, false},
		{"mail", "421 bye", Result{Down: true, Said: "421 bye"}, false},
		{"rcpt", "550 5.1.1 nobody", Result{Outcome: Fail, Said: "550 5.1.1 nobody"}, false},
		{"rcpt", "452 4.5.3 too many", Result{Said: "452 4.5.3 too many"}, false},
		{"data", "554 5.5.1 no", Result{Outcome: Fail, Said: "554 5.5.1 no"}, false},
		{"dot", "451 4.2.0 locked", Result{Said: "451 4.2.0 locked"}, false},
		{"dot", "552 5.2.2 full", Result{Outcome: Fail, Said: "552 5.2.2 full"}, true},
		{"dot", "drop", Result{Outcome: Unknown, Said: "the final dot: EOF"}, false},
		{"dot", "hang", Result{Outcome: Unknown, Said: "the final dot: read tcp"}, true},
		{"dot", "250 " + strings.Repeat("x", 3000), Result{Outcome: Unknown,
			Said: "the final dot: smtp: too long a line"}, false},
		{"data", "drop", Result{Down: true, Said: "DATA: EOF"}, false},
		{"rcpt", "hang", Result{Down: true, Said: "RCPT: read tcp"}, false},
		{"greeting", "hang", Result{Down: true, Said: "greeting: read tcp"}, true},
		{"greeting", "drop", Result{Down: true, Said: "greeting: EOF"}, true},
	} {
		s := newSink(t, &sink{lmtp: c.lmtp, offers: "8BITMIME SIZE=1000"})
		s.say(at(c.stage, c.answer))
		config := SMTPConfig{Address: s.address(), LMTP: c.lmtp}
		switch { // what answers may be late
		case c.answer == "hang" && c.stage == "dot":
			config.Final = 300 * time.Millisecond
		case c.answer == "hang":
			config.Silence = 300 * time.Millisecond
		}
		carrier := newSMTP(t, config)
		got := carrier.Carry(t.Context(), parcel(hello), nil)
		if !strings.HasPrefix(got.Said, c.want.Said) {
			t.Errorf("%s %.20s: said %q, want %q", c.stage, c.answer, got.Said, c.want.Said)
		}
		if got.Said = c.want.Said; got != c.want {
			t.Errorf("%s %.20s: %+v, want %+v", c.stage, c.answer, got, c.want)
		}
	}
}

// Whoever is spoken to in the wrong protocol says so for good: the target is to blame.
func TestSMTPWrongProtocol(t *testing.T) {
	for _, lmtp := range []bool{false, true} {
		s := newSink(t, &sink{lmtp: lmtp})
		s.say(at("helo", map[bool]string{true: "500 what is HELO", false: ""}[lmtp]))
		carrier := newSMTP(t, SMTPConfig{Address: s.address(), LMTP: !lmtp})
		if got := carrier.Carry(t.Context(), parcel(hello), nil); !got.Pause || got.Outcome != Retry {
			t.Errorf("a server of LMTP %v: %+v", lmtp, got)
		}
		if got := s.received(); got != nil {
			t.Errorf("it has %q", got)
		}
	}
	dialer, err := NewDialer(DialConfig{})
	if err != nil {
		t.Fatal(err)
	}
	inside := newSMTP(t, SMTPConfig{Address: unused(t), Dial: dialer.DialContext})
	if got := inside.Carry(t.Context(), parcel(hello), nil); got.Outcome != Retry || !got.Pause ||
		!strings.Contains(got.Said, "put 127.0.0.1 into its allow") {
		t.Errorf("not allowed: %+v", got)
	}
	nobody := newSMTP(t, SMTPConfig{Address: unused(t)})
	if got := nobody.Carry(t.Context(), parcel(hello), nil); got.Outcome != Retry || !got.Down ||
		got.Pause || !strings.Contains(got.Said, "connection refused") {
		t.Errorf("nobody there: %+v", got)
	}
}

func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// What goes over the wire: envelope, our fields on top, and below them what was received.
func TestSMTPContent(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		config           SMTPConfig
		change           func(*Parcel)
		from, to         string
	}{
		{name: "plain", text: hello, want: hello, from: "FROM:<ann@mail.test> BODY=8BITMIME SIZE=167",
			to: "TO:<help@desk.test>"},
		{name: "bare LF", text: "A: b\n\nx\ny\r\n", want: "A: b\r\n\r\nx\r\ny\r\n"},
		{name: "bare CR, NUL, 8 bit", text: "A: b\r\n\r\n\rx\x00\xff\r\n",
			want: "A: b\r\n\r\n\rx\x00\xff\r\n"},
		{name: "dots", text: "A: b\r\n\r\n.\r\n..\r\n.x\r\n", want: "A: b\r\n\r\n.\r\n..\r\n.x\r\n"},
		{name: "no end", text: "A: b\r\n\r\nx", want: "A: b\r\n\r\nx\r\n"},
		{name: "long line", text: "A: b\r\n\r\n" + strings.Repeat("y", 5000) + "\r\n",
			want: "A: b\r\n\r\n" + strings.Repeat("y", 5000) + "\r\n"},
		{name: "rewritten", text: hello, want: hello, from: "FROM:<> BODY", to: "TO:<desk@next.test>",
			config: SMTPConfig{To: "desk@next.test", MailFrom: "<>"}},
		{name: "own path", text: hello, want: hello, from: "FROM:<gate@acme.test> BODY",
			config: SMTPConfig{MailFrom: "gate@acme.test"}},
		{name: "null path", text: hello, want: hello, from: "FROM:<> BODY",
			change: func(p *Parcel) { p.MailFrom = "" }},
		{name: "quoted", text: hello, want: hello, to: `TO:<"a\"@b c"@desk.test>`,
			change: func(p *Parcel) { p.Recipients = []string{`a"@b c@desk.test`} }},
		{name: "beyond ASCII", text: hello, want: hello, from: "FROM:<ann@mail.test> BODY=8BITMIME " +
			"SIZE=167 SMTPUTF8", to: "TO:<hälp@desk.test>",
			change: func(p *Parcel) { p.Recipients = []string{"hälp@desk.test"} }},
	} {
		s := newSink(t, &sink{offers: "8BITMIME SMTPUTF8 SIZE=100000"})
		c.config.Address = s.address()
		p := parcel(c.text)
		if c.change != nil {
			c.change(p)
		}
		r := newSMTP(t, c.config).Carry(t.Context(), p, nil)
		if r.Outcome != Done {
			t.Fatalf("%s: %+v", c.name, r)
		}
		got := s.received()[0]
		if !strings.HasPrefix(got.from, c.from) || !strings.HasPrefix(got.to, c.to) {
			t.Errorf("%s: MAIL %s, RCPT %s", c.name, got.from, got.to)
		}
		if want := p.Results + p.Trace + c.want; got.content != want {
			t.Errorf("%s: %q, want %q", c.name, got.content, want)
		}
	}
}

// What a target cannot take is not sent.
func TestSMTPNotSent(t *testing.T) {
	s := newSink(t, &sink{offers: "SIZE=100"})
	carrier := newSMTP(t, SMTPConfig{Address: s.address()})
	for name, c := range map[string]struct {
		change func(*Parcel)
		said   string
	}{
		"too large": {func(*Parcel) {}, "the message has 167 octets, and the target takes 100"},
		"UTF-8": {func(p *Parcel) { p.Size, p.Trace, p.Results, p.MailFrom = 1, "", "", "ä@b.test" },
			"the target takes no addresses beyond ASCII (SMTPUTF8)"},
		"a line end": {func(p *Parcel) { p.Recipients = []string{"a\r\nRSET@b.test"} },
			`"a\r\nRSET@b.test" cannot stand in an envelope`},
		"an angle": {func(p *Parcel) { p.Recipients = []string{"a@b.test> SIZE=1"} },
			`"a@b.test> SIZE=1" cannot stand in an envelope`},
		"nobody": {func(p *Parcel) { p.Recipients = nil },
			"the message has 0 recipients, and one is carried: say who gets it with `to`"},
	} {
		if got := carrier.Carry(t.Context(), parcel(hello, c.change), nil); got.Outcome != Fail ||
			got.Said != c.said {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := s.received(); got != nil {
		t.Errorf("sent: %q", got)
	}
}

// A connection is kept for the next message; one that was closed meanwhile costs no try.
func TestSMTPKept(t *testing.T) {
	s := newSink(t, &sink{})
	carrier := newSMTP(t, SMTPConfig{Address: s.address(), LMTP: false})
	carry := func(want Outcome) {
		t.Helper()
		if r := carrier.Carry(t.Context(), parcel(hello), nil); r.Outcome != want {
			t.Fatalf("%+v", r)
		}
	}
	carry(Done)
	carry(Done)
	if s.connections != 1 {
		t.Errorf("%d connections for two messages", s.connections)
	}
	answered := false
	s.say(func(stage string) string {
		if stage == "mail" && !answered {
			answered = true
			return "421 4.4.2 idle for too long"
		}
		return ""
	})
	carry(Done)
	s.say(at("rcpt", "550 no"))
	carry(Fail)
	s.say(nil)
	carry(Done)
	if s.connections != 3 || len(s.received()) != 4 {
		t.Errorf("%d connections, %d messages", s.connections, len(s.received()))
	}
}

// A try ends when its context does, wherever it is.
func TestSMTPContext(t *testing.T) {
	for stage, want := range map[string]Outcome{"greeting": Retry, "rcpt": Retry, "dot": Unknown} {
		s := newSink(t, &sink{})
		ctx, cancel := context.WithCancel(t.Context())
		s.say(func(at string) string {
			if at == stage {
				cancel()
				return "hang"
			}
			return ""
		})
		r := newSMTP(t, SMTPConfig{Address: s.address()}).Carry(ctx, parcel(hello), nil)
		if r.Outcome != want {
			t.Errorf("%s: %+v", stage, r)
		}
	}
}

// certificate is one for 127.0.0.1, and those who trust it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sink"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der},
		PrivateKey: private}}}, roots
}

// STARTTLS is verified; a password is sent inside it, and shown to nobody.
func TestSMTPStartTLS(t *testing.T) {
	server, roots := certificate(t)
	for _, c := range []struct {
		name, tls, offers, auth string
		roots                   *x509.CertPool
		done, pause             bool
		said                    string
	}{
		{name: "verified", tls: TLSRequired, offers: "STARTTLS AUTH=PLAIN", roots: roots, done: true},
		{name: "where offered", tls: TLSStart, offers: "STARTTLS AUTH=LOGIN", roots: roots,
			done: true},
		{name: "not offered", tls: TLSRequired, offers: "AUTH=PLAIN", roots: roots, pause: true,
			said: "STARTTLS"},
		{name: "not needed", tls: TLSStart, offers: "AUTH=PLAIN", roots: roots, done: true},
		{name: "a stranger's", tls: TLSStart, offers: "STARTTLS AUTH=PLAIN", pause: true,
			said: "tls: failed to verify certificate"},
		{name: "no mechanism", tls: TLSRequired, offers: "STARTTLS AUTH=CRAM-MD5", roots: roots,
			pause: true, said: `AUTH: it offers "CRAM-MD5", and neither PLAIN nor LOGIN`},
		{name: "wrong password", tls: TLSRequired, offers: "STARTTLS AUTH=PLAIN", roots: roots,
			auth: "535 5.7.8 no", pause: true, said: "AUTH: 535 5.7.8 no"},
	} {
		s := newSink(t, &sink{offers: c.offers, started: server})
		s.say(at("auth", c.auth))
		carrier := newSMTP(t, SMTPConfig{Address: s.address(), TLS: c.tls, Roots: c.roots,
			Username: "gate", Password: "geheimnis"})
		var dialogue bytes.Buffer
		r := carrier.Carry(t.Context(), parcel(hello), &dialogue)
		if (r.Outcome == Done) != c.done || r.Pause != c.pause ||
			!strings.Contains(r.Said, c.said) {
			t.Errorf("%s: %+v", c.name, r)
		}
		secret := base64.StdEncoding.EncodeToString([]byte("\x00gate\x00geheimnis"))
		if text := dialogue.String(); strings.Contains(text, "geheimnis") ||
			strings.Contains(text, secret) || strings.Contains(text, "Text.") {
			t.Errorf("%s: shown: %s", c.name, text)
		}
		if c.done && !strings.Contains(dialogue.String(), "> RCPT TO:<help@desk.test>\n< 250 2.1.5 ok") {
			t.Errorf("%s: the dialogue is %s", c.name, &dialogue)
		}
	}
}

// What a person has written wrongly is said before any message.
func TestSMTPSettings(t *testing.T) {
	for want, c := range map[string]SMTPConfig{
		`address: "desk" is no host`:             {Address: "desk"},
		`tls: "maybe": write off`:                {Address: "a.test:25", TLS: "maybe"},
		`to: "x"`:                                {Address: "a.test:25", To: "x"},
		`mail_from: "y"`:                         {Address: "a.test:25", MailFrom: "y"},
		`username and password: AUTH needs both`: {Address: "a.test:25", Username: "x"},
		`username: the password would be sent in the c`: {Address: "a.test:25", TLS: TLSOff, Username: "x",
			Password: "y"},
	} {
		if _, err := NewSMTP(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}

// A signature still holds behind the hop, for a verifier that is not ours.
func TestSMTPSignature(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	record := "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	for name, body := range map[string]string{
		"plain": "Text.\r\n", "8 bit": "Gr\xc3\xbc\xc3\x9fe \xff\r\n", "dots": ".\r\n..\r\n.x\r\n",
		"long": strings.Repeat("z", 3000) + "\r\n", "no end": "Text.", "blank lines": "x\r\n\r\n\r\n",
		"bare LF": "one\ntwo\nthree\n",
	} {
		for _, canonical := range []dkim.Canonicalization{"simple", "relaxed"} {
			raw := "From: Ann <ann@mail.test>\r\nSubject: " + name + "\r\n\r\n" + body
			var signed bytes.Buffer
			err := dkim.Sign(&signed, strings.NewReader(raw), &dkim.SignOptions{Domain: "mail.test",
				Selector: "s", Signer: private, HeaderCanonicalization: canonical,
				BodyCanonicalization: canonical, HeaderKeys: []string{"From", "Subject"}})
			if err != nil {
				t.Fatal(err)
			}
			s := newSink(t, &sink{offers: "8BITMIME"})
			r := newSMTP(t, SMTPConfig{Address: s.address()}).Carry(t.Context(),
				parcel(signed.String()), nil)
			if r.Outcome != Done {
				t.Fatalf("%s: %+v", name, r)
			}
			got := s.received()[0].content
			all, err := dkim.VerifyWithOptions(strings.NewReader(got), &dkim.VerifyOptions{
				LookupTXT: func(string) ([]string, error) { return []string{record}, nil }})
			if err != nil || len(all) != 1 || all[0].Err != nil {
				t.Errorf("%s, %s: %+v, %v", name, canonical, all, err)
			}
			broken := strings.Replace(got, "Subject: ", "Subject: not ", 1)
			all, err = dkim.VerifyWithOptions(strings.NewReader(broken), &dkim.VerifyOptions{
				LookupTXT: func(string) ([]string, error) { return []string{record}, nil }})
			if err == nil && all[0].Err == nil {
				t.Error(fmt.Sprint(name, ": anything would verify"))
			}
		}
	}
}
