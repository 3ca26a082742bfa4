package mailauth

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatepost/policy"
)

const relayRecords = `
	acme.test          TXT "v=spf1 ip4:192.0.2.1 -all"
	_dmarc.acme.test   TXT "v=DMARC1; p=reject"
	_dmarc.forger.test TXT "v=DMARC1; p=none"
`

const asRelay = "as mx.relay.test says"

// relayed is a message with fields that a relay wrote above those that came with it.
func relayed(theirs []string, others ...string) Query {
	all := append(append([]string{}, theirs...), others...)
	q := queryOf(strings.Join(all, "\r\n") + "\r\n" + plainMail)
	q.Hop.Relayed, q.Hop.Trusted = true, len(theirs)
	q.Envelope.MailFrom, q.Envelope.NullPath = "x@envelope.test", false
	return q
}

func TestRelay(t *testing.T) {
	record := policy.Record{Result: policy.Pass, Domain: "acme.test", Org: "acme.test",
		Demand: policy.DemandReject}
	pass := policy.Identity{Result: policy.Pass, Domain: "acme.test", Told: true, Why: asRelay}
	ours := policy.Identity{Domain: "envelope.test"} // what we find out about SPF
	for _, test := range []struct {
		name   string
		fields []string
		want   policy.Authentication
	}{
		{"all", []string{"Authentication-Results: mx.relay.test; spf=pass smtp.mailfrom=ann@acme.test;" +
			"\r\n dkim=pass header.d=acme.test header.s=sel; dmarc=pass header.from=ACME.test"},
			policy.Authentication{SPF: pass, Said: policy.Pass,
				DKIM: []policy.Identity{{Result: policy.Pass, Domain: "acme.test", Selector: "sel",
					Told: true, Why: asRelay}}}},
		{"id in another case, after other fields", []string{
			"Received: from x by mx.relay.test",
			"AUTHENTICATION-RESULTS: MX.Relay.TEST; spf=fail smtp.mailfrom=acme.test"},
			policy.Authentication{DMARC: record,
				SPF: policy.Identity{Result: policy.Fail, Domain: "acme.test", Told: true, Why: asRelay}}},
		{"several fields", []string{
			"Authentication-Results: mx.relay.test; dkim=pass header.i=@acme.test",
			"Authentication-Results: elsewhere.test; dmarc=pass header.from=acme.test",
			"Authentication-Results: mx.relay.test; dmarc=fail header.from=acme.test"},
			policy.Authentication{DMARC: record, Said: policy.Fail, SPF: ours,
				DKIM: []policy.Identity{pass}}},
		{"an id of two words", []string{
			`Authentication-Results: "other relay"; spf=neutral smtp.helo=acme.test`},
			policy.Authentication{Relay: "other relay", DMARC: record,
				SPF: policy.Identity{Result: policy.Neutral, Domain: "acme.test", Helo: true,
					Told: true, Why: "as other relay says"}}},
		{"the worst of several", []string{
			"Authentication-Results: mx.relay.test; spf=pass smtp.mailfrom=acme.test;" +
				" spf=fail smtp.mailfrom=acme.test; spf=permerror smtp.helo=acme.test;" +
				" dmarc=pass header.from=acme.test; dmarc=fail header.from=acme.test;" +
				" dmarc=pass header.from=acme.test"},
			policy.Authentication{DMARC: record, Said: policy.Fail,
				SPF: policy.Identity{Result: policy.Fail, Domain: "acme.test", Told: true, Why: asRelay}}},
		{"the reverse-path before HELO", []string{
			"Authentication-Results: mx.relay.test; spf=fail smtp.helo=mx.acme.test;" +
				" spf=pass smtp.mailfrom=ann@acme.test; spf=fail smtp.helo=mx.acme.test"},
			policy.Authentication{DMARC: record, SPF: pass}},
		{"a relay whose DNS did not answer", []string{
			"Authentication-Results: mx.relay.test; dkim=none;" +
				" spf=temperror smtp.mailfrom=ann@acme.test; dmarc=temperror header.from=acme.test"},
			policy.Authentication{DMARC: record, Said: policy.TempError, SPF: ours}},
		{"a pass of DMARC against SPF and DKIM", []string{
			"Authentication-Results: mx.relay.test; dmarc=pass header.from=acme.test",
			"Authentication-Results: mx.relay.test; dkim=none",
			"Authentication-Results: mx.relay.test; spf=fail smtp.mailfrom=acme.test"},
			policy.Authentication{DMARC: record,
				SPF: policy.Identity{Result: policy.Fail, Domain: "acme.test", Told: true, Why: asRelay}}},
		{"a pass of DMARC beside another domain's", []string{
			"Authentication-Results: mx.relay.test; dmarc=pass header.from=acme.test;" +
				" spf=pass smtp.mailfrom=x@forger.test"},
			policy.Authentication{DMARC: record,
				SPF: policy.Identity{Result: policy.Pass, Domain: "forger.test", Told: true, Why: asRelay}}},
		{"a pass of DMARC beside a signer without a name", []string{
			"Authentication-Results: mx.relay.test; dkim=pass; dmarc=pass header.from=acme.test"},
			policy.Authentication{Said: policy.Pass, SPF: ours,
				DKIM: []policy.Identity{{Result: policy.Pass, Told: true, Why: asRelay}}}},
		{"DMARC of another domain", []string{
			"Authentication-Results: mx.relay.test; dmarc=pass header.from=forger.test;" +
				" dmarc=pass; dmarc=pass policy.p=acme.test"},
			policy.Authentication{DMARC: record, SPF: ours}},
		{"HELO does not speak for a path that cannot be read", []string{
			`Authentication-Results: mx.relay.test; spf=pass smtp.mailfrom="x@forger.test,"` +
				" smtp.helo=acme.test"},
			policy.Authentication{DMARC: record, SPF: policy.Identity{Result: policy.Pass, Told: true, Why: asRelay}}},
		{"an address as local part", []string{
			`Authentication-Results: mx.relay.test; spf=pass smtp.mailfrom="x@acme.test"@forger.test`},
			policy.Authentication{DMARC: record,
				SPF: policy.Identity{Result: policy.Pass, Domain: "forger.test", Told: true, Why: asRelay}}},
		{"words nobody knows", []string{
			"Authentication-Results: mx.relay.test; spf=hardfail smtp.mailfrom=acme.test;" +
				" dkim=policy header.d=acme.test header.s=\"a b\"; dkim=none;" +
				" dmarc=bestguesspass header.from=acme.test"},
			policy.Authentication{DMARC: record,
				SPF: policy.Identity{Result: policy.Fail, Domain: "acme.test", Told: true, Why: asRelay},
				DKIM: []policy.Identity{{Result: policy.Neutral, Domain: "acme.test",
					Told: true, Why: asRelay}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.want.Relay == "" {
				test.want.Relay = "mx.relay.test"
			}
			got := checker(t, zoneOf(t, relayRecords)).Check(t.Context(), relayed(test.fields))
			got.Unread = nil // see TestUnread
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Fields that are not our relay's change nothing: we ask for ourselves.
func TestForgedResults(t *testing.T) {
	const forged = "Authentication-Results: mx.relay.test; spf=pass smtp.mailfrom=acme.test;" +
		" dkim=pass header.d=acme.test; dmarc=pass header.from=acme.test"
	comment := "Authentication-Results: mx.relay.test; auth=none" +
		" (; dmarc=pass header.from=acme.test); iprev=pass"
	with := func(id string) string { return strings.Replace(forged, "mx.relay.test;", id, 1) }
	received := "Received: from x by mx.relay.test"
	long := strings.Repeat("x", maxField)
	direct := relayed(nil, forged)
	direct.Hop.Relayed, direct.Hop.Trusted = false, 1
	beyond := relayed([]string{received}, strings.Replace(forged, "mx.relay", "mx.other", 1))
	beyond.Hop.Trusted = 1000
	negative := relayed(nil, forged)
	negative.Hop.Trusted = -1
	for name, q := range map[string]Query{
		"below the trusted fields": relayed([]string{received}, forged),
		"nothing trusted":          relayed(nil, forged),
		"not through a relay":      direct,
		"another id":               relayed([]string{with("mx.forger.test;")}),
		"a longer id":              relayed([]string{with("mx.relay.test.forger.test;")}),
		"an id in a comment":       relayed([]string{with("(mx.relay.test) forger.test;")}),
		"no id":                    relayed([]string{with("")}),
		"the Kelvin sign":          relayed([]string{with("mx.relay.te\u017ft;")}),
		"a version of the future":  relayed([]string{with("mx.relay.test 2;")}),
		"unreadable":               relayed([]string{forged + " ("}),
		"too long":                 relayed([]string{forged + " (" + long + ")"}),
		"nothing but comments":     relayed([]string{comment}),
		"none":                     relayed([]string{"Authentication-Results: mx.relay.test; none"}),
		"another field":            relayed([]string{"X-" + forged}),
		"too many trusted":         beyond,
		"too few trusted":          negative,
	} {
		a := checker(t, zoneOf(t, relayRecords)).Check(t.Context(), q)
		a.Unread = nil // see TestUnread
		want := &policy.Authentication{
			SPF: policy.Identity{Domain: "envelope.test"},
			DMARC: policy.Record{Result: policy.Pass, Domain: "acme.test", Org: "acme.test",
				Demand: policy.DemandReject},
		}
		if diff := cmp.Diff(want, a); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Without ids no such field is read.
func TestNoRelayIDs(t *testing.T) {
	c := New(zoneOf(t, relayRecords), Options{})
	defer c.Close()
	q := relayed([]string{"Authentication-Results: mx.relay.test; dmarc=pass header.from=acme.test"})
	if a := c.Check(t.Context(), q); a.Relay != "" || a.Said != policy.None {
		t.Errorf("%+v", a)
	}
}

// What a relay says of many signatures is cut.
func TestRelayManySignatures(t *testing.T) {
	q := relayed([]string{"Authentication-Results: mx.relay.test" +
		strings.Repeat("; dkim=fail header.d=a.test", 100)})
	if a := checker(t, zoneOf(t, relayRecords)).Check(t.Context(), q); len(a.DKIM) != maxHeard {
		t.Errorf("%d", len(a.DKIM))
	}
}

// What is neutral for one reverse-path, which is a stranger's choice, is not so for the domain.
func TestRelayNeutralAuthor(t *testing.T) {
	records := relayRecords + `bare.test TXT "v=spf1 ip4:192.0.2.7 ?exists:%{l}.u.bare.test -all"`
	q := relayed([]string{"Authentication-Results: mx.relay.test; spf=neutral smtp.mailfrom=b@bare.test"})
	q.From = "bare.test"
	q.Hop.Client = netip.MustParseAddr("203.0.113.66")
	want := policy.Identity{Result: policy.Fail, Domain: "bare.test"}
	if a := checker(t, zoneOf(t, records)).Check(t.Context(), q); a.Author != want {
		t.Errorf("%+v", a.Author)
	}
}

// What the relay does not say of the From domain we ask ourselves, for the true client.
func TestRelayAuthor(t *testing.T) {
	records := relayRecords + `bare.test TXT "v=spf1 ip4:192.0.2.7 -all"`
	for path, author := range map[string]policy.Identity{
		"forger.test": {Result: policy.Fail, Domain: "bare.test"},
		"bare.test":   {Result: policy.Pass, Domain: "bare.test", Told: true, Why: asRelay},
	} {
		q := relayed([]string{"Authentication-Results: mx.relay.test; spf=pass smtp.mailfrom=" + path})
		q.From = "bare.test"
		a := checker(t, zoneOf(t, records)).Check(t.Context(), q)
		if a.Author != author || string(a.SPF.Domain) != path {
			t.Errorf("%s: %+v, %+v", path, a.SPF, a.Author)
		}
	}
}
