package policy_test

import (
	"net/netip"
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// TestSealed: a chain that holds proves a message that nothing else proves, for the domain
// that it speaks of and no other.
func TestSealed(t *testing.T) {
	sealed := policy.Chain{Result: policy.Pass, Sealer: "list.test", Author: "acme.test"}
	other, failed := sealed, sealed
	other.Author, failed.Result = "evil.test", policy.Fail
	failed.Why = "ARC-Seal 1: signature did not verify"
	for _, c := range []struct {
		name   string
		arc    policy.Chain
		base   policy.Result // what the rest comes to
		said   policy.Result
		want   policy.Result
		sealer message.Domain
	}{
		{"nothing else passes", sealed, policy.Fail, policy.None, policy.Pass, "list.test"},
		{"nothing else is known", sealed, policy.None, policy.None, policy.Pass, "list.test"},
		{"the DNS did not answer", sealed, policy.TempError, policy.None, policy.Pass, "list.test"},
		{"a relay says it failed", sealed, policy.Fail, policy.Fail, policy.Pass, "list.test"},
		{"a signature passes", sealed, policy.Pass, policy.None, policy.Pass, ""},
		{"of another domain", other, policy.Fail, policy.None, policy.Fail, ""},
		{"it does not hold", failed, policy.Fail, policy.None, policy.Fail, ""},
		{"it does not hold beside a signature", failed, policy.Pass, policy.None, policy.Pass, ""},
	} {
		f := policy.Facts{Sender: message.Sender{Address: address(t, "ann@acme.test")}}
		f.Authentication = proofs()[c.base]
		f.Authentication.ARC, f.Authentication.Said = c.arc, c.said
		if got := f.Proof(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if got := f.Authentication.Sealer(); c.arc == sealed && got != c.sealer {
			t.Errorf("%s: on the word of %q, want %q", c.name, got, c.sealer)
		}
		words, said := f.Words()[1].Value, "ARC "+c.arc.Result.String()+" sealed by list.test"
		for _, want := range []string{said, c.arc.Why} {
			if !strings.Contains(words, want) {
				t.Errorf("%s: %q does not say %q", c.name, words, want)
			}
		}
	}
	if (*policy.Authentication)(nil).Sealer() != "" {
		t.Error("where nobody was asked somebody sealed")
	}
}

// TestSealedDecisions: with a chain the privileges count under every trust, and what the
// domain asks for is no reason to hold.
func TestSealedDecisions(t *testing.T) {
	for _, trust := range []policy.Trust{policy.TrustAligned, policy.TrustStrict} {
		for sealer, want := range map[message.Domain]string{"list.test": "ticket", "": "held"} {
			p := policy.Policy{Block: list(t, policy.Block, "*")}
			p.Trust = trust
			f := policy.Facts{Sender: message.Sender{Address: address(t, "ann@acme.test")}}
			f.Profile = policy.Profile{Known: true}
			f.Authentication = proofs()[policy.Fail]
			f.Authentication.DMARC.Demand = policy.DemandReject
			if sealer != "" {
				f.Authentication.ARC = policy.Chain{Result: policy.Pass, Sealer: sealer, Author: "acme.test"}
			}
			if got := outcome(p.Decide(&f)); got != want {
				t.Errorf("sealed by %q, trust %v: %s, want %s", sealer, trust, got, want)
			}
		}
	}
}

// A client that a chain came through is not the sender's own, whatever it passes.
func TestSealedBand(t *testing.T) {
	f := policy.Facts{Sender: message.Sender{Address: address(t, "ann@acme.test")}}
	f.Hop.Client = netip.MustParseAddr("192.0.2.1")
	f.Authentication = proofs()[policy.Fail]
	f.Authentication.ARC = policy.Chain{Result: policy.Pass, Sealer: "list.test", Author: "acme.test"}
	for _, id := range []policy.Identity{
		{Result: policy.Pass, Domain: "list.test"},
		{Result: policy.Pass, Domain: "acme.test", Told: true},
	} {
		f.Authentication.SPF, f.Authentication.Said = id, policy.Fail
		if b := f.Rate(); b.Proven || !b.Client.IsValid() {
			t.Errorf("SPF for %s: %+v", id.Domain, b)
		}
	}
}
