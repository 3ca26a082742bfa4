package store

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// What is only claimed gives nobody a profile, and the ticket says so.
func TestClaimedAndProven(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name                     string
		trust                    policy.Trust
		proof                    variation
		claimed, proven, profile bool
		word                     string
	}{
		{"nobody asked", policy.TrustStrict, func(*Record) {}, false, false, true, "none"},
		{"pass", policy.TrustAligned, spf(policy.Pass), false, true, true, "pass"},
		{"fail", policy.TrustAligned, spf(policy.Fail), true, false, false, "fail"},
		{"fail, taken", policy.TrustClaimed, spf(policy.Fail), false, false, true, "fail"},
		{"none", policy.TrustAligned, spf(policy.None), false, false, true, "none"},
		{"none, strict", policy.TrustStrict, spf(policy.None), true, false, false, "none"},
		{"temperror", policy.TrustAligned, spf(policy.TempError), true, false, false,
			"temperror"},
	} {
		f := openWith(t, filepath.Join(t.TempDir(), "gatepost.db"),
			policy.Settings{Trust: c.trust})
		r, id := f.receive(mail("ann@acme.test", "x", "y"), c.proof)
		ticket, err := f.Ticket(ctx, id)
		if err != nil || ticket.Requester.Claimed != c.claimed || ticket.Proven != c.proven {
			t.Errorf("%s: %+v, %v", c.name, ticket, err)
		}
		if p, err := f.Profile(address(t, "ann@acme.test")); err != nil || p.Known != c.profile {
			t.Errorf("%s: profile %+v, %v", c.name, p, err)
		}
		if e, err := f.Explain(ctx, r.ID); err != nil || e.Authentication != c.word {
			t.Errorf("%s: explained as %q, %v", c.name, e.Authentication, err)
		}
	}
}

func TestRecoveredClaimedAndProven(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "acme.test")
	for _, c := range []struct {
		proof           variation
		claimed, proven bool
		word            string
	}{
		{spf(policy.Pass), false, true, "pass"},
		{spf(policy.Fail), true, false, "fail"},
		{func(*Record) {}, false, false, "none"},
	} {
		_, id := f.receive(mail("ann@acme.test", c.word, "y"), c.proof)
		if s, err := f.Suspended(ctx, id); err != nil || s.Authentication != c.word {
			t.Errorf("%s: held as %q, %v", c.word, s.Authentication, err)
		}
		r, err := f.editor().Recover(ctx, id)
		if err != nil || r.Ticket.Requester.Claimed != c.claimed || r.Ticket.Proven != c.proven {
			t.Errorf("%s: %+v, %v", c.word, r, err)
		}
	}
}

// asked is an authentication with something in each of its parts.
func asked() *policy.Authentication {
	return &policy.Authentication{
		Relay: "mx.example.com",
		SPF:   policy.Identity{Result: policy.SoftFail, Domain: "mail.test", Helo: true},
		DKIM: []policy.Identity{
			{Result: policy.Pass, Domain: "acme.test", Org: "acme.test", Selector: "s1"},
			{Result: policy.PermError, Domain: "b.test", Why: "bad \x00 \xff key"},
		},
		DMARC: policy.Record{Result: policy.Pass, Domain: "acme.test", Org: "acme.test",
			Demand: policy.DemandReject, StrictDKIM: true},
		ARC: policy.Chain{Result: policy.Neutral, Sealer: "list.test", Author: "acme.test",
			Why: "Subject stands twice"},
		Said: policy.Pass,
	}
}

// Whose seal a ticket is proven by is kept with it. What was kept before chains were looked
// at is read as without one.
func TestSealedTicket(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	for want, a := range map[string]policy.Authentication{
		"list.test": {ARC: policy.Chain{Result: policy.Pass, Sealer: "list.test", Author: "acme.test"}},
		"":          {SPF: policy.Identity{Result: policy.Pass, Domain: "acme.test"}},
	} {
		r, id := f.receive(mail("ann@acme.test", "x", "y"), func(r *Record) {
			r.Facts.Authentication = &a
		})
		ticket, err := f.Ticket(ctx, id)
		if err != nil || !ticket.Proven || ticket.Sealer != want {
			t.Errorf("%q: %+v, %v", want, ticket, err)
		}
		for listed, err := range f.ListTickets(ctx, Query{Limit: 1}) { // the newest
			if err != nil || listed.ID != id || listed.Sealer != want {
				t.Errorf("%q: listed as %+v, %v", want, listed, err)
			}
		}
		if e, err := f.Explain(ctx, r.ID); err != nil || e.Authentication != "pass" {
			t.Errorf("%q: explained as %q, %v", want, e.Authentication, err)
		}
	}
	const old = `{"spf":{"result":"pass","domain":"acme.test"},` +
		`"author":{"result":"none","domain":""},"dmarc":{"result":"none"}}`
	a, err := readProof(old)
	if err != nil || a.ARC != (policy.Chain{}) || a.SPF.Domain != "acme.test" {
		t.Errorf("%+v, %v", a, err)
	}
}

// What was kept of a message is enough to ask about it again.
func TestKept(t *testing.T) {
	f := open(t)
	f.rules(policy.Block, "held.test")
	small, large := "y", strings.Repeat("y", 2*inline)
	for _, c := range []struct {
		name string
		env  message.Envelope
		auth *policy.Authentication
		raw  string
	}{
		{"ticket", message.Envelope{Client: netip.MustParseAddr("192.0.2.1"), TLS: true,
			Helo: "mx.acme.test", MailFrom: "a@acme.test", Recipients: []string{"s@acme.test"}},
			asked(), mail("a@acme.test", "x", small)},
		{"held", message.Envelope{Client: netip.MustParseAddr("2001:db8::1"), NullPath: true,
			SMTPUTF8: true, Recipients: []string{"ü@acme.test", "s@acme.test"}},
			nil, mail("a@held.test", "x", large)},
		{"piped", message.Envelope{Piped: true, Recipients: []string{}},
			&policy.Authentication{}, mail("a@held.test", "x", small)},
	} {
		c.env.ReceivedAt = noon
		r, id := f.receive(c.raw, func(r *Record) {
			*r.Envelope, r.Facts.Authentication = c.env, c.auth
		})
		f.checkKept(c.name, id, c.env, c.auth, c.raw)
		if r.Decision.Action == policy.Ticket {
			continue
		}
		f.clock = noon.AddDate(0, 0, 1)
		recovered, err := f.editor().Recover(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		f.checkKept(c.name+", recovered", recovered.Ticket.ID, c.env, c.auth, c.raw)
		f.checkKept(c.name+", by its message", id, c.env, c.auth, c.raw)
		f.clock = noon
	}
	if _, err := f.StoredMessage(context.Background(), 99); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
}

func (f *fixture) checkKept(name string, id int64, env message.Envelope,
	auth *policy.Authentication, raw string) {
	f.Helper()
	k, err := f.StoredMessage(context.Background(), id)
	if err != nil {
		f.Errorf("%s: %v", name, err)
		return
	}
	got, err := io.ReadAll(k.Raw)
	if err := errors.Join(err, k.Raw.Close()); err != nil || string(got) != raw {
		f.Errorf("%s: %d octets, not the same, %v", name, len(got), err)
	}
	if !reflect.DeepEqual(*k.Envelope, env) {
		f.Errorf("%s: %+v, want %+v", name, *k.Envelope, env)
	}
	if auth != nil && len(auth.DKIM) > 0 { // as JSON has it
		auth.DKIM[1].Why = "bad \x00 \uFFFD key"
	}
	if !reflect.DeepEqual(k.Authentication, auth) {
		f.Errorf("%s: %+v, want %+v", name, k.Authentication, auth)
	}
}

// Our own fields are kept beside the message, fit for any database.
func TestOwnFieldsAreKept(t *testing.T) {
	f := open(t)
	raw := mail("ann@acme.test", "x", "y")
	r, id := f.receive(raw, func(r *Record) {
		r.Trace, r.Results = "Received: from \"\xff\"", "Authentication-Results: a.test; none\x00"
	})
	e, err := f.Explain(context.Background(), r.ID)
	if err != nil || e.Trace != "Received: from \"\uFFFD\"" ||
		e.Results != "Authentication-Results: a.test; none\uFFFD" || f.raw(id) != raw {
		t.Errorf("%q, %q, %v", e.Trace, e.Results, err)
	}
}
