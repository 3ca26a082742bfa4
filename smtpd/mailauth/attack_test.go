package mailauth

import (
	"io"
	"net/netip"
	"runtime"
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
		want := []string{"permerror: the From field is not signed",
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

// Line ends on end cost no memory, and no more time than their number: they do not count at
// the end of a body, and each does before a text (RFC 6376, section 3.4.3).
func TestEmptyLines(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	const many = 4 << 20
	k := edKey("acme.test", "ed")
	head := signed(t, plainMail, k)
	inner := signed(t, plainMail+strings.Repeat("\r\n", many)+"x\r\n", k)
	for _, test := range []struct{ raw, want string }{
		{head + strings.Repeat("\r\n", many), "pass acme.test ed"},
		{head + strings.Repeat("\n", many), "pass acme.test ed"},
		{head + strings.Repeat("\r", many), "fail acme.test ed"},
		{head + strings.Repeat("\r\n", many) + "x", "fail acme.test ed"},
		{inner, "pass acme.test ed"},
		{strings.Replace(inner, "\r\n\r\nx", "\r\nx", 1), "fail acme.test ed"},
	} {
		q := queryOf(test.raw)
		c := checker(t, zoneOf(t, k.record()))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a := c.Check(t.Context(), q)
		runtime.ReadMemStats(&after)
		if diff := cmp.Diff([]string{test.want}, ids(a.DKIM)); diff != "" {
			t.Errorf("%.20q…: %s", test.raw[len(test.raw)-20:], diff)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > many/2 {
			t.Errorf("%.20q…: %d octets of memory", test.raw[len(test.raw)-20:], used)
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
		{"spf=temperror smtp.mailfrom=acme.test; dkim=none", "pass", "", "mx.relay.test"},
		{"dkim=temperror header.d=acme.test", "pass", "temperror acme.test, pass acme.test ed",
			"mx.relay.test"},
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
		"Subject: pay invoice 7\r\n":                     "Subject stands twice",
		"SUBJECT : pay invoice 7\r\n":                    "Subject stands twice",
		"From: Eve <eve@acme.test>\r\n":                  "From stands twice",
		"To: a@b.test\r\nTo: c@b.test\r\n":               "To stands twice",
		"Date: x\r\nDate: y\r\n":                         "Date stands twice",
		"Content-Type: text/html\r\nContent-Type: x\r\n": "Content-Type stands twice",
		// These are not signed: nobody needs a second one to put his own in.
		"Cc: a@b.test\r\nCc: c@b.test\r\n":                     "",
		"Sender: a@b.test\r\nSender: c@b.test\r\n":             "",
		"Reply-To: a@b.test\r\nReply-To: c@b.test\r\n":         "",
		"Message-ID: x\r\nMessage-Id: y\r\n":                   "",
		"References: x\r\nReferences: y\r\n":                   "",
		"MIME-Version: 1.0\r\nMIME-Version: 1.0\r\n":           "",
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

// A field that is signed as often as it stands cannot have been added, and one that is signed
// and stands once more can.
func TestSignedTwice(t *testing.T) {
	k := edKey("acme.test", "ed")
	for _, test := range []struct {
		fields, names string // in front of the message, and signed beside From
		added         string
		want          string
	}{
		{"", "Subject", "", ""},
		{"Subject: x\r\n", "Subject Subject", "", ""},
		{"Subject: x\r\n", "Subject", "", "Subject stands twice"},
		{"Subject: x\r\n", "Subject Subject", "Subject: y\r\n", "Subject stands twice"},
		{"", "Subject Subject", "Subject: y\r\n", "signature did not verify"},
		{"MIME-Version: 1.0\r\nMIME-Version: 1.0\r\n", "MIME-Version MIME-Version", "", ""},
		{"MIME-Version: 1.0\r\n", "MIME-Version", "MIME-Version: 1.0\r\n", ""},
		{"Cc: a@b.test\r\nCc: c@b.test\r\n", "Cc cc", "", ""},
		{"Cc: a@b.test\r\n", "Cc", "Cc: c@b.test\r\n", "Cc stands twice"},
		{"Cc: a@b.test\r\n", "", "Cc: c@b.test\r\n", ""},
		{"Reply-To: a@b.test\r\n", "Reply-To", "Reply-To: c@b.test\r\n", "Reply-To stands twice"},
		{"Reply-To: a@b.test\r\n", "Reply-To Reply-To", "Reply-To: c@b.test\r\n",
			"signature did not verify"},
		{"Message-ID: <a>\r\n", "Message-ID", "MESSAGE-ID: <b>\r\n", "Message-ID stands twice"},
		{"Content-Type: a/b\r\nContent-Type: a/b\r\n", "Content-Type Content-Type", "", ""},
		{"Content-Transfer-Encoding: 7bit\r\n", "Content-Transfer-Encoding",
			"Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding stands twice"},
	} {
		raw := test.added + signedOver(t, test.fields+plainMail, k,
			append([]string{"From"}, strings.Fields(test.names)...)...)
		a := checker(t, zoneOf(t, k.record())).Check(t.Context(), queryOf(raw))
		if got := a.DKIM[0]; got.Why != test.want || (got.Result == policy.Pass) != (test.want == "") {
			t.Errorf("%q with %q signed, %q added: %+v", test.fields, test.names, test.added, got)
		}
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
