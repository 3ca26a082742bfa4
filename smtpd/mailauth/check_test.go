package mailauth

import (
	"context"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"gatepost/message"
	"gatepost/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// zoneOf is a DNS that answers from records.
func zoneOf(t testing.TB, records string) Resolver {
	t.Helper()
	r, err := ReadZone(strings.NewReader(records))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// checker asks r on behalf of one whose relay is mx.relay.test.
func checker(t testing.TB, r Resolver) *Checker {
	c := New(r, Options{AuthservIDs: []string{"MX.relay.test", "Other Relay"}})
	t.Cleanup(c.Close)
	return c
}

// queryOf is about a message that came straight from 192.0.2.1.
func queryOf(raw string) Query {
	m := message.Parse([]byte(raw))
	return Query{
		Message:  m,
		Envelope: &message.Envelope{Helo: "mx.acme.test", MailFrom: "ann@acme.test"},
		Hop:      policy.Hop{Client: netip.MustParseAddr("192.0.2.1")},
		From:     m.Sender().Address.Domain(),
		Body:     func() io.Reader { return strings.NewReader(raw[m.Size:]) },
	}
}

const plainMail = "From: Ann <ann@acme.test>\r\nSubject: hello\r\n\r\nOne line.\r\n"

func TestCheckDirect(t *testing.T) {
	c := checker(t, zoneOf(t, `
		acme.test         TXT "v=spf1 ip4:192.0.2.1 -all"
		_dmarc.acme.test  TXT "v=DMARC1; p=reject; aspf=s"
	`))
	want := &policy.Authentication{
		SPF: policy.Identity{Result: policy.Pass, Domain: "acme.test"},
		DMARC: policy.Record{Result: policy.Pass, Domain: "acme.test", Org: "acme.test",
			Demand: policy.DemandReject, StrictSPF: true},
	}
	if diff := cmp.Diff(want, c.Check(t.Context(), queryOf(plainMail))); diff != "" {
		t.Error(diff)
	}
}

// A domain without a DMARC record is asked by SPF about mail that only claims it.
func TestAuthor(t *testing.T) {
	const records = `
		acme.test   TXT "v=spf1 ip4:192.0.2.1 ip4:192.0.2.3 -all"
		forger.test TXT "v=spf1 +all"
		lost.test   FAIL
	`
	for _, test := range []struct {
		name, path, client string
		relayed            bool
		want               policy.Identity
	}{
		{"the same domain", "ann@acme.test", "192.0.2.1", false,
			policy.Identity{Result: policy.Pass, Domain: "acme.test"}},
		{"a forger's envelope", "x@forger.test", "192.0.2.2", false,
			policy.Identity{Result: policy.Fail, Domain: "acme.test"}},
		{"a machine of its own", "x@lost.test", "192.0.2.3", false,
			policy.Identity{Result: policy.Pass, Domain: "acme.test"}},
		{"a relay that hides the client", "x@forger.test", "", true,
			policy.Identity{Result: policy.TempError, Domain: "acme.test", Why: hidden}},
		{"a hidden client, the same domain", "ann@acme.test", "", true,
			policy.Identity{Result: policy.TempError, Domain: "acme.test", Why: hidden}},
		{"no client at all", "x@forger.test", "", false,
			policy.Identity{Domain: "acme.test", Why: "the client is not known"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			q := queryOf(plainMail)
			q.Envelope.MailFrom = test.path
			q.Hop = policy.Hop{Relayed: test.relayed}
			q.Hop.Client, _ = netip.ParseAddr(test.client)
			a := checker(t, zoneOf(t, records)).Check(t.Context(), q)
			if diff := cmp.Diff(test.want, a.Author); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// With a DMARC record nobody asks for more.
func TestAuthorNotAsked(t *testing.T) {
	c := checker(t, zoneOf(t, `
		acme.test         TXT "v=spf1 -all"
		_dmarc.acme.test  TXT "v=DMARC1; p=none"
	`))
	q := queryOf(plainMail)
	q.Envelope.MailFrom = "x@forger.test"
	if a := c.Check(t.Context(), q); a.Author != (policy.Identity{}) {
		t.Errorf("got %+v", a.Author)
	}
}

func TestNoFrom(t *testing.T) {
	c := checker(t, zoneOf(t, `acme.test TXT "v=spf1 ip4:192.0.2.1 -all"`))
	q := queryOf("Subject: hello\r\n\r\n")
	want := &policy.Authentication{SPF: policy.Identity{Result: policy.Pass, Domain: "acme.test"}}
	if diff := cmp.Diff(want, c.Check(t.Context(), q)); diff != "" {
		t.Error(diff)
	}
	q.Envelope, q.Body = nil, nil
	want.SPF = policy.Identity{Why: "no reverse-path is known"}
	if diff := cmp.Diff(want, c.Check(t.Context(), q)); diff != "" {
		t.Error(diff)
	}
}

// An address literal is no name: nobody is asked about it.
func TestLiteralFrom(t *testing.T) {
	q := queryOf("From: <ann@[192.0.2.9]>\r\n\r\n")
	a := checker(t, zoneOf(t, `acme.test TXT "v=spf1 ip4:192.0.2.1 -all"`)).Check(t.Context(), q)
	f := policy.Facts{Sender: q.Message.Sender(), Authentication: a}
	if a.Author != (policy.Identity{}) || a.DMARC != (policy.Record{}) || f.Proof() != policy.None {
		t.Errorf("%+v, proof %s", a, f.Proof())
	}
}

// silent never answers about names that end like that.
type silent struct {
	Resolver
	suffix string
}

func (s silent) LookupTXT(ctx context.Context, name string) ([]string, error) {
	if strings.HasSuffix(name, s.suffix) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Resolver.LookupTXT(ctx, name)
}

func (s silent) LookupAddr(ctx context.Context, _ string) ([]string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Ten seconds are for all questions together, and what was not answered is neither for nor
// against anybody.
func TestBudget(t *testing.T) {
	raw := signed(t, plainMail, rsaKey(t, "acme.test", "sel"), edKey("acme.test", "ed"))
	synctest.Test(t, func(t *testing.T) {
		c := New(silent{zoneOf(t, ""), "acme.test"}, Options{})
		defer c.Close()
		start := time.Now()
		a := c.Check(t.Context(), queryOf(raw))
		if took := time.Since(start); took != budget {
			t.Errorf("it took %v", took)
		}
		for what, got := range map[string]struct {
			result policy.Result
			why    string
		}{
			"SPF": {a.SPF.Result, a.SPF.Why}, "DMARC": {a.DMARC.Result, a.DMARC.Why},
			"DKIM 1": {a.DKIM[0].Result, a.DKIM[0].Why}, "DKIM 2": {a.DKIM[1].Result, a.DKIM[1].Why},
		} {
			if got.result != policy.TempError || got.why == "" {
				t.Errorf("%s: %v %q", what, got.result, got.why)
			}
		}
	})
}

// A name of the client that does not come in time is no reason to fail its mail.
func TestBudgetOfPTR(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(silent{zoneOf(t, `acme.test TXT "v=spf1 ptr -all"`), "nothing"}, Options{})
		defer c.Close()
		if id := c.Check(t.Context(), queryOf(plainMail)).SPF; id.Result != policy.TempError {
			t.Errorf("%+v", id)
		}
	})
}

// One slow name holds up its own question only.
func TestBudgetOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := silent{zoneOf(t, `acme.test TXT "v=spf1 ip4:192.0.2.1 -all"`), "_dmarc.acme.test"}
		c := New(r, Options{})
		defer c.Close()
		c.Budget = time.Second
		a := c.Check(t.Context(), queryOf(plainMail))
		if a.SPF.Result != policy.Pass || a.DMARC.Result != policy.TempError {
			t.Errorf("SPF %v, DMARC %v", a.SPF.Result, a.DMARC.Result)
		}
	})
}

// The organisational domain of an identity is looked up by its own walk, if it can be
// From's at all.
func TestOrganisations(t *testing.T) {
	const records = `
		_dmarc.acme.test        TXT "v=DMARC1; p=reject"
		_dmarc.own.acme.test    TXT "v=DMARC1; psd=n"
		_dmarc.lost.acme.test   FAIL
		_dmarc.forger.test      TXT "v=DMARC1; p=none"
		mail.acme.test          TXT "v=spf1 +all"
		own.acme.test           TXT "v=spf1 +all"
		deep.own.acme.test      TXT "v=spf1 +all"
		lost.acme.test          TXT "v=spf1 +all"
		bad.acme.test           TXT "v=spf1 -all"
		forger.test             TXT "v=spf1 +all"
	`
	for _, test := range []struct {
		domain message.Domain
		want   policy.Identity
	}{
		{"mail.acme.test", policy.Identity{Result: policy.Pass, Org: "acme.test"}},
		{"own.acme.test", policy.Identity{Result: policy.Pass, Org: "own.acme.test"}},
		{"deep.own.acme.test", policy.Identity{Result: policy.Pass, Org: "own.acme.test"}},
		{"bad.acme.test", policy.Identity{Result: policy.Fail}},
		{"forger.test", policy.Identity{Result: policy.Pass}},
		{"lost.acme.test", policy.Identity{Result: policy.Pass, Org: "lost.acme.test"}},
	} {
		t.Run(string(test.domain), func(t *testing.T) {
			q := queryOf("From: ann@sub.acme.test\r\n\r\n")
			q.Envelope.MailFrom = "x@" + string(test.domain)
			test.want.Domain = test.domain
			a := checker(t, zoneOf(t, records)).Check(t.Context(), q)
			if diff := cmp.Diff(test.want, a.SPF); diff != "" {
				t.Error(diff)
			}
		})
	}
}
