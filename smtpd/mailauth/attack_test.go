package mailauth

import (
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatepost/message"
	"gatepost/policy"
)

// What an attacker has to hand: a domain of his own, and any name servers for it.
const attackRecords = `
	evil.test           TXT "v=spf1 +all"
	victim.test         TXT "v=spf1 ip4:192.0.2.1 -all"
	_dmarc.victim.test  TXT "v=DMARC1; p=reject"
	spfonly.test        TXT "v=spf1 ip4:192.0.2.1 -all"
`

// attack is a message from the attacker's machine.
func attack(raw string) Query {
	q := queryOf(raw)
	q.Hop.Client = netip.MustParseAddr("203.0.113.66")
	q.Envelope = &message.Envelope{Helo: "evil.test", MailFrom: "x@evil.test"}
	return q
}

// proof is what the policy makes of what was found out.
func proof(q Query, a *policy.Authentication) policy.Result {
	return (&policy.Facts{Sender: q.Message.Sender(), Authentication: a}).Proof()
}

// forgery is a signature of nothing.
func forgery(domain, selector string) string {
	return "DKIM-Signature: v=1; a=ed25519-sha256; d=" + domain + "; s=" + selector +
		"; h=from; bh=AAAA; b=AAAA\r\n"
}

const forgedMail = "From: boss@victim.test\r\nSubject: pay\r\n\r\nNow.\r\n"

// A key that does not come holds up its own signature only: the budget is not the stranger's.
func TestSlowKey(t *testing.T) {
	k := edKey("victim.test", "ed")
	raw := forgery("evil.test", "s") + forgery("victim.test", "absent") +
		forgery("victim.test", "ed") + forgedMail
	synctest.Test(t, func(t *testing.T) {
		c := New(silent{zoneOf(t, attackRecords+k.record()), "_domainkey.evil.test"}, Options{})
		defer c.Close()
		start, q := time.Now(), attack(raw)
		a := c.Check(t.Context(), q)
		want := []string{"temperror evil.test s", "permerror victim.test absent", "fail victim.test ed"}
		if diff := cmp.Diff(want, ids(a.DKIM)); diff != "" {
			t.Error(diff)
		}
		if took := time.Since(start); took != budget/2 || proof(q, a) != policy.Fail {
			t.Errorf("%v after %v", proof(q, a), took)
		}
	})
}

// Slow answers about the attacker's own domain do not keep From's from being heard.
func TestSlowSender(t *testing.T) {
	raw := strings.ReplaceAll(forgery("evil.test", "s")+forgedMail, "victim", "spfonly")
	synctest.Test(t, func(t *testing.T) {
		c := New(silent{zoneOf(t, attackRecords), "evil.test"}, Options{})
		defer c.Close()
		q := attack(raw)
		a := c.Check(t.Context(), q)
		if a.SPF.Result != policy.TempError || a.Author.Result != policy.Fail {
			t.Errorf("sender %v, author %v", a.SPF.Result, a.Author.Result)
		}
		if got := proof(q, a); got != policy.Fail {
			t.Error(got)
		}
	})
}

// dripping gives its content, and then takes its time.
type dripping struct{ r io.Reader }

func (d dripping) Read(p []byte) (n int, err error) {
	if n, err = d.r.Read(p); err == io.EOF {
		time.Sleep(time.Second)
		n, err = copy(p, "x"), nil
	}
	return n, err
}

// A content that cannot be verified in time proves nothing, also if its beginning is signed,
// and excuses nothing. What was settled before stays.
func TestSlowContent(t *testing.T) {
	k := edKey("victim.test", "ed")
	raw := strings.Replace(forgery("victim.test", "ed"), "h=from", "h=to", 1) +
		forgery("victim.test", "absent") + signed(t, forgedMail, k)
	synctest.Test(t, func(t *testing.T) {
		c := New(zoneOf(t, attackRecords+k.record()), Options{})
		defer c.Close()
		q := attack(raw)
		body := q.Body
		q.Body = func() io.Reader { return dripping{body()} }
		a := c.Check(t.Context(), q)
		var whys []string
		for _, id := range a.DKIM {
			whys = append(whys, id.Result.String()+": "+id.Why)
		}
		want := []string{"permerror: From field not signed",
			"permerror: no key for signature: lookup absent._domainkey.victim.test: no such host",
			"permerror: the content could not be verified in time"}
		if diff := cmp.Diff(want, whys); diff != "" {
			t.Error(diff)
		}
		if got := proof(q, a); got != policy.Fail {
			t.Error(got)
		}
	})
}

// A slow content takes no time from what From's own SPF record has to say.
func TestSlowContentAuthor(t *testing.T) {
	k := edKey("evil.test", "ed")
	raw := signed(t, strings.Replace(forgedMail, "victim", "sub.spfonly", 1), k)
	synctest.Test(t, func(t *testing.T) {
		c := New(zoneOf(t, attackRecords+k.record()), Options{})
		defer c.Close()
		q := attack(raw)
		q.Body = func() io.Reader { return dripping{strings.NewReader("")} }
		q.Envelope.MailFrom = "x@sub.spfonly.test"
		if a := c.Check(t.Context(), q); a.Author.Result != policy.Fail {
			t.Errorf("%+v", a.Author)
		}
	})
}

// counting counts what is read.
type counting struct {
	r io.Reader
	n *int
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	*c.n += n
	return n, err
}

// Line ends on end cost the library the square of their number. The signature over them is
// sound: trailing ones do not count (RFC 6376, section 3.4.3).
func TestEmptyLines(t *testing.T) {
	k := edKey("acme.test", "ed")
	head := signed(t, plainMail, k)
	const most = maxEmpty/2 - 1 // beside the one at the end of the text
	for _, test := range []struct {
		tail, want string
	}{
		{strings.Repeat("\r\n", most), "pass acme.test ed"},
		{strings.Repeat("\r\n", most+1), "permerror acme.test ed"},
		{strings.Repeat("\n", maxEmpty), "permerror acme.test ed"},
		{strings.Repeat("\r", maxEmpty), "permerror acme.test ed"},
		{strings.Repeat(strings.Repeat("\r\n", most)+"x", 3), "fail acme.test ed"},
		{strings.Repeat("\r\n", 16*maxEmpty), "permerror acme.test ed"},
	} {
		q, read := queryOf(head+test.tail), 0
		body := q.Body
		q.Body = func() io.Reader { return counting{body(), &read} }
		a := checker(t, zoneOf(t, k.record())).Check(t.Context(), q)
		if diff := cmp.Diff([]string{test.want}, ids(a.DKIM)); diff != "" {
			t.Errorf("%d octets: %s", len(test.tail), diff)
		}
		if read > 2*maxEmpty+2*piece {
			t.Errorf("%d octets: %d were read", len(test.tail), read)
		}
		over := a.DKIM[0].Result == policy.PermError
		if over && a.DKIM[0].Why != "more than 64 KiB of empty lines" {
			t.Error(a.DKIM[0].Why)
		}
	}
}

// A relay that does not say who the client was must not lift what From asks for.
func TestHiddenClient(t *testing.T) {
	for _, path := range []string{"x@evil.test", "x@victim.test", ""} {
		q := attack(forgedMail)
		q.Hop = policy.Hop{Relayed: true}
		q.Envelope = &message.Envelope{Helo: "victim.test", MailFrom: path, NullPath: path == ""}
		a := checker(t, zoneOf(t, attackRecords)).Check(t.Context(), q)
		if a.SPF.Result != policy.None || a.SPF.Why != hidden || proof(q, a) != policy.Fail {
			t.Errorf("%q: %+v, %v", path, a.SPF, proof(q, a))
		}
	}
}

// A subdomain that publishes nothing is not freer than the domain that a list names.
func TestAuthorOfSubdomain(t *testing.T) {
	const records = attackRecords + `
		own.spfonly.test     TXT "v=spf1 +all"
		broken.spfonly.test  FAIL
		shop.co.uk           TXT "v=spf1 ip4:192.0.2.1 -all"
		co.uk                TXT "v=spf1 -all"
		sub.victim.test      TXT "hello"
	`
	for _, test := range []struct {
		from   message.Domain
		path   string
		want   policy.Identity
		result policy.Result
	}{
		{"sub.spfonly.test", "x@evil.test",
			policy.Identity{Result: policy.Fail, Domain: "spfonly.test"}, policy.Fail},
		{"a.b.spfonly.test", "x@a.b.spfonly.test",
			policy.Identity{Result: policy.Fail, Domain: "spfonly.test"}, policy.Fail},
		{"mail.shop.co.uk", "x@evil.test",
			policy.Identity{Result: policy.Fail, Domain: "shop.co.uk"}, policy.Fail},
		{"new.co.uk", "x@evil.test", policy.Identity{Domain: "new.co.uk"}, policy.None},
		{"co.uk", "x@evil.test",
			policy.Identity{Result: policy.Fail, Domain: "co.uk"}, policy.Fail},
		{"own.spfonly.test", "x@evil.test",
			policy.Identity{Result: policy.Pass, Domain: "own.spfonly.test"}, policy.None},
		{"broken.spfonly.test", "x@evil.test", policy.Identity{Result: policy.TempError,
			Domain: "broken.spfonly.test",
			Why:    "lookup broken.spfonly.test: the name server failed"}, policy.TempError},
		{"sub.victim.test", "x@evil.test", policy.Identity{}, policy.Fail}, // by DMARC
	} {
		q := attack("From: boss@" + string(test.from) + "\r\n\r\n")
		q.Envelope.MailFrom = test.path
		a := checker(t, zoneOf(t, records)).Check(t.Context(), q)
		if diff := cmp.Diff(test.want, a.Author); diff != "" {
			t.Errorf("%s: %s", test.from, diff)
		}
		if got := proof(q, a); got != test.result {
			t.Errorf("%s: %v", test.from, got)
		}
	}
}

// A relay that saw no record of the subdomain, and does not say who the client was, leaves the
// domain above it to be asked.
func TestAuthorBehindRelay(t *testing.T) {
	for client, want := range map[string]policy.Identity{
		"":             {Result: policy.TempError, Domain: "spfonly.test", Why: hidden},
		"203.0.113.66": {Result: policy.Fail, Domain: "spfonly.test"},
	} {
		q := attack("Authentication-Results: mx.relay.test; spf=none smtp.mailfrom=sub.spfonly.test\r\n" +
			"From: boss@sub.spfonly.test\r\n\r\n")
		q.Hop = policy.Hop{Relayed: true, Trusted: 1}
		q.Hop.Client, _ = netip.ParseAddr(client)
		a := checker(t, zoneOf(t, attackRecords)).Check(t.Context(), q)
		if diff := cmp.Diff(want, a.Author); diff != "" {
			t.Errorf("client %q: %s", client, diff)
		}
	}
}

// What a relay does not report on, we ask ourselves.
func TestRelayPerMethod(t *testing.T) {
	k := edKey("acme.test", "ed")
	records := k.record() + `
		acme.test         TXT "v=spf1 ip4:192.0.2.1 -all"
		_dmarc.acme.test  TXT "v=DMARC1; p=reject"
	`
	for _, test := range []struct {
		findings, spf, dkim, relay string // relay: "" if what it says is not taken
	}{
		{"dkim=none", "pass", "", "mx.relay.test"},
		{"dkim=fail header.d=acme.test", "pass", "fail acme.test", "mx.relay.test"},
		{"dmarc=none header.from=acme.test", "pass", "pass acme.test ed", "mx.relay.test"},
		{"dmarc=fail header.from=acme.test", "pass", "pass acme.test ed", "mx.relay.test"},
		{"spf=none smtp.mailfrom=acme.test", "none", "pass acme.test ed", "mx.relay.test"},
		{"spf=fail smtp.mailfrom=acme.test", "fail", "pass acme.test ed", "mx.relay.test"},
		{"spf=fail smtp.mailfrom=acme.test; dkim=none", "fail", "", "mx.relay.test"},
		{"iprev=pass", "pass", "pass acme.test ed", ""},
	} {
		field := "Authentication-Results: mx.relay.test; " + test.findings + "\r\n"
		q := queryOf(field + signed(t, plainMail, k))
		q.Hop.Relayed, q.Hop.Trusted = true, 1
		a := checker(t, zoneOf(t, records)).Check(t.Context(), q)
		if a.SPF.Result.String() != test.spf || a.Relay != test.relay ||
			strings.Join(ids(a.DKIM), ", ") != test.dkim {
			t.Errorf("%s: SPF %v, DKIM %v, of %q", test.findings, a.SPF.Result, ids(a.DKIM), a.Relay)
		}
	}
}

// Readers show the first of two fields, and a signature covers the last: what was put in
// front of a signed message is nobody's word.
func TestFieldStandsTwice(t *testing.T) {
	k := edKey("acme.test", "ed")
	raw := signed(t, plainMail, k)
	for front, want := range map[string]string{
		"Subject: pay invoice 7\r\n":                           "Subject stands twice",
		"SUBJECT : pay invoice 7\r\n":                          "Subject stands twice",
		"From: Eve <eve@acme.test>\r\n":                        "From stands twice",
		"To: a@b.test\r\nTo: c@b.test\r\n":                     "To stands twice",
		"Cc: a@b.test\r\nCc: c@b.test\r\n":                     "Cc stands twice",
		"Bcc: a@b.test\r\nBcc: c@b.test\r\n":                   "Bcc stands twice",
		"Sender: a@b.test\r\nSender: c@b.test\r\n":             "Sender stands twice",
		"Reply-To: a@b.test\r\nReply-To: c@b.test\r\n":         "Reply-To stands twice",
		"Date: x\r\nDate: y\r\n":                               "Date stands twice",
		"Message-ID: x\r\nMessage-Id: y\r\n":                   "Message-Id stands twice",
		"In-Reply-To: x\r\nIn-Reply-To: y\r\n":                 "In-Reply-To stands twice",
		"References: x\r\nReferences: y\r\n":                   "References stands twice",
		"MIME-Version: 1.0\r\nMIME-Version: 1.0\r\n":           "MIME-Version stands twice",
		"Content-Type: text/html\r\nContent-Type: x\r\n":       "Content-Type stands twice",
		"Content-Transfer-Encoding: x\r\nTo: a@b.test\r\n":     "",
		"Received: x\r\nReceived: y\r\nComments: x\r\n":        "",
		"Comments: y\r\nX-Content-Type: x\r\nX-Subject: y\r\n": "",
	} {
		asked := &counter{Resolver: zoneOf(t, k.record())}
		a := checker(t, asked).Check(t.Context(), queryOf(front+raw))
		result := policy.Pass
		if want != "" {
			result = policy.PermError
		}
		if a.DKIM[0].Result != result || a.DKIM[0].Why != want {
			t.Errorf("%q: %+v", front, a.DKIM[0])
		}
		if n := asked.of("ed._domainkey.acme.test"); (n == 0) != (want != "") {
			t.Errorf("%q: the key was asked for %d times", front, n)
		}
	}
	q := relayed([]string{"Authentication-Results: mx.relay.test; dkim=pass header.d=acme.test"},
		"Subject: pay invoice 7")
	a := checker(t, zoneOf(t, relayRecords)).Check(t.Context(), q)
	if a.DKIM[0].Result != policy.PermError || a.DKIM[0].Why != "Subject stands twice" {
		t.Errorf("as the relay saw it: %+v", a.DKIM[0])
	}
}

// Two customers of one registry are not one organisation.
func TestRegistry(t *testing.T) {
	q := attack("From: ann@shop.co.uk\r\n\r\n")
	q.Envelope.MailFrom = "x@evil.co.uk"
	a := checker(t, zoneOf(t, `
		_dmarc.co.uk  TXT "v=DMARC1; p=reject"
		evil.co.uk    TXT "v=spf1 +all"
	`)).Check(t.Context(), q)
	if a.SPF.Result != policy.Pass || a.SPF.Org == a.DMARC.Org || proof(q, a) != policy.Fail {
		t.Errorf("%+v, %+v: %v", a.SPF, a.DMARC, proof(q, a))
	}
}

// TestOversigned: a signature that says there is no Reply-To does not stand beside one that
// is too long to be handed to the library.
func TestOversigned(t *testing.T) {
	k := edKey("acme.test", "ed")
	raw := signedOver(t, plainMail, k, "From", "Subject", "Reply-To", "To")
	long := "Reply-To: eve@evil.test" + strings.Repeat(",\r\n eve@evil.test", 1200) + "\r\n"
	for field, want := range map[string]policy.Result{
		"": policy.Pass, "Reply-To: eve@evil.test\r\n": policy.Fail, long: policy.Fail,
		strings.Replace(long, "Reply-To", "X-Big", 1): policy.Pass,
	} {
		a := checker(t, zoneOf(t, k.record())).Check(t.Context(), queryOf(field+raw))
		if len(a.DKIM) != 1 || a.DKIM[0].Result != want {
			t.Errorf("%.30q: %+v, want %v", field, a.DKIM, want)
		}
	}
}

// TestRelayFieldTwice: what a relay says of DMARC may follow from a signature that covers
// another Subject than readers show.
func TestRelayFieldTwice(t *testing.T) {
	const said = "Authentication-Results: mx.relay.test; dkim=pass header.d=acme.test;" +
		" dmarc=pass header.from=acme.test"
	q := relayed([]string{said}, "Subject: pay invoice 7")
	a := checker(t, zoneOf(t, relayRecords)).Check(t.Context(), q)
	if a.Said != policy.None || proof(q, a) == policy.Pass {
		t.Errorf("%+v", a)
	}
}
