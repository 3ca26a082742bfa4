package policy_test

import (
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// proofs are what was found out about mail from acme.test, by the result that it comes to.
func proofs() map[policy.Result]*policy.Authentication {
	published := policy.Record{Result: policy.Pass, Domain: "acme.test", Org: "acme.test"}
	return map[policy.Result]*policy.Authentication{
		policy.Pass: {
			DKIM:  []policy.Identity{{Result: policy.Pass, Domain: "acme.test"}},
			DMARC: published,
		},
		policy.Fail: {
			SPF:   policy.Identity{Result: policy.Pass, Domain: "evil.test"},
			DMARC: published,
		},
		policy.None: {SPF: policy.Identity{Result: policy.Pass, Domain: "evil.test"}},
		policy.TempError: {
			DMARC: policy.Record{Result: policy.TempError, Why: "the DNS did not answer"},
		},
	}
}

// TestTrust: what each trust makes of each result. A line has the outcome under aligned,
// strict and claimed, for pass, fail, none and temperror in turn. "held" is a suspension
// for want of proof, and a ticket! one whose requester is only claimed.
func TestTrust(t *testing.T) {
	for _, c := range []struct {
		name, allow, block string
		profile            policy.Profile
		want               [3]string
	}{
		{"a suspended profile", "ann@acme.test", "", policy.Profile{Known: true, Suspended: true},
			[3]string{"spam spam spam spam", "spam spam spam spam", "spam spam spam spam"}},
		{"a suspended profile that is rejected", "", "* reject:ann@acme.test",
			policy.Profile{Known: true, Suspended: true},
			[3]string{"spam spam spam spam", "spam spam spam spam", "spam spam spam spam"}},
		{"a profile spared by *", "", "* reject:ann@acme.test", policy.Profile{Known: true},
			[3]string{"ticket held ticket held", "ticket held held held",
				"ticket ticket ticket ticket"}},
		{"a profile spared by *, suspend:", "", "* suspend:ann@acme.test",
			policy.Profile{Known: true},
			[3]string{"ticket held ticket held", "ticket held held held",
				"ticket ticket ticket ticket"}},
		{"a known sender beside *", "", "*", policy.Profile{Known: true},
			[3]string{"ticket held ticket held", "ticket held held held",
				"ticket ticket ticket ticket"}},
		{"a new sender beside *", "", "*", policy.Profile{},
			[3]string{"new new new new", "new new new new", "new new new new"}},
		{"an allowed sender", "acme.test", "* acme.test", policy.Profile{},
			[3]string{"ticket held ticket held", "ticket held held held",
				"ticket ticket ticket ticket"}},
		{"an allowed sender that is rejected", "ann@acme.test", "reject:acme.test",
			policy.Profile{},
			[3]string{"reject reject reject reject", "reject reject reject reject",
				"reject reject reject reject"}},
		{"a known sender that is blocked", "", "* acme.test", policy.Profile{Known: true},
			[3]string{"blocked blocked blocked blocked", "blocked blocked blocked blocked",
				"blocked blocked blocked blocked"}},
		{"staff beside *", "", "*", policy.Profile{Known: true, Role: policy.Agent},
			[3]string{"ticket held held held", "ticket held held held",
				"ticket ticket ticket ticket"}},
		{"staff that is allowed", "ann@acme.test", "*", policy.Profile{Known: true, Role: policy.Admin},
			[3]string{"ticket held held held", "ticket held held held",
				"ticket ticket ticket ticket"}},
		{"no lists", "", "", policy.Profile{Known: true},
			[3]string{"ticket ticket! ticket ticket!", "ticket ticket! ticket! ticket!",
				"ticket ticket ticket ticket"}},
		{"staff, no lists", "", "", policy.Profile{Known: true, Role: policy.Agent},
			[3]string{"ticket ticket! ticket! ticket!", "ticket ticket! ticket! ticket!",
				"ticket ticket ticket ticket"}},
	} {
		p := policy.Policy{Allow: list(t, policy.Allow, c.allow), Block: list(t, policy.Block, c.block)}
		f := policy.Facts{Sender: message.Sender{Address: address(t, "ann@acme.test")}}
		f.Profile = c.profile
		for trust, want := range c.want {
			p.Trust = policy.Trust(trust)
			if got := outcomes(&p, f); got != want {
				t.Errorf("%s, trust %v:\n got %s\nwant %s", c.name, p.Trust, got, want)
			}
		}
		p.Trust = policy.TrustStrict
		taken, _, _ := strings.Cut(c.want[policy.TrustClaimed], " ")
		if got := outcome(p.Decide(&f)); got != taken {
			t.Errorf("%s, nobody asked: %s, want %s", c.name, got, taken)
		}
	}
}

func outcomes(p *policy.Policy, f policy.Facts) string {
	var all []string
	for _, r := range []policy.Result{policy.Pass, policy.Fail, policy.None, policy.TempError} {
		f.Authentication = proofs()[r]
		all = append(all, outcome(p.Decide(&f)))
	}
	return strings.Join(all, " ")
}

func outcome(d policy.Decision) string {
	switch {
	case d.Action == policy.Ticket && d.Claimed:
		return "ticket!"
	case d.Action != policy.Suspend:
		return d.Action.String()
	}
	return map[policy.Cause]string{policy.Spam: "spam", policy.NotOnAllowlist: "new",
		policy.Blocklisted: "blocked", policy.FailedAuthentication: "held"}[d.Cause]
}

// TestDemand: mail that fails DMARC is held where the domain asks for that, whatever else
// is known of the sender, but not where somebody is rejected anyway.
func TestDemand(t *testing.T) {
	for _, c := range []struct {
		block  string
		demand policy.Demand
		want   string
	}{
		{"", policy.DemandNone, "ticket"},
		{"", policy.DemandQuarantine, "held"},
		{"", policy.DemandReject, "held"},
		{"acme.test", policy.DemandReject, "blocked"},
		{"reject:acme.test", policy.DemandReject, "reject"},
	} {
		p := policy.Policy{Block: list(t, policy.Block, c.block)}
		p.Trust = policy.TrustClaimed
		f := policy.Facts{Sender: message.Sender{Address: address(t, "ann@acme.test")}}
		f.Authentication = proofs()[policy.Fail]
		f.Authentication.DMARC.Demand = c.demand
		if got := outcome(p.Decide(&f)); got != c.want {
			t.Errorf("%q, p=%v: %s, want %s", c.block, c.demand, got, c.want)
		}
		p.Off = p.Off.With(policy.FailedAuthentication)
		if got := outcome(p.Decide(&f)); got == "held" {
			t.Errorf("%q, p=%v: held, although that is switched off", c.block, c.demand)
		}
	}
}

// heard is what a relay says.
func heard(id policy.Identity) policy.Identity {
	id.Told = true
	return id
}

// TestAlignment: a result counts for From only if its domain is aligned.
func TestAlignment(t *testing.T) {
	relaxed := policy.Record{Result: policy.Pass, Domain: "acme.test", Org: "acme.test"}
	strict := relaxed
	strict.StrictSPF, strict.StrictDKIM = true, true
	pass := func(domain, org message.Domain) policy.Identity {
		return policy.Identity{Result: policy.Pass, Domain: domain, Org: org}
	}
	for name, c := range map[string]struct {
		from message.Domain
		a    policy.Authentication
		want policy.Result
	}{
		"SPF of a subdomain": {"acme.test",
			policy.Authentication{SPF: pass("mail.acme.test", "acme.test"), DMARC: relaxed},
			policy.Pass},
		"SPF of a subdomain, strict": {"acme.test",
			policy.Authentication{SPF: pass("mail.acme.test", "acme.test"), DMARC: strict},
			policy.Fail},
		"SPF of the domain itself, strict": {"acme.test",
			policy.Authentication{SPF: pass("acme.test", ""), DMARC: strict}, policy.Pass},
		"an organisation of its own below": {"acme.test",
			policy.Authentication{SPF: pass("x.acme.test", "x.acme.test"), DMARC: relaxed},
			policy.Fail},
		"an organisation that was not looked up": {"acme.test",
			policy.Authentication{SPF: pass("x.acme.test", ""), DMARC: relaxed}, policy.Fail},
		"DKIM of a stranger": {"acme.test",
			policy.Authentication{DKIM: []policy.Identity{pass("evil.test", "evil.test")},
				DMARC: relaxed}, policy.Fail},
		"DKIM behind a stranger's": {"acme.test",
			policy.Authentication{DKIM: []policy.Identity{pass("evil.test", "evil.test"),
				pass("acme.test", "")}, DMARC: relaxed}, policy.Pass},
		"a label that only looks alike": {"acme.test",
			policy.Authentication{SPF: pass("notacme.test", "notacme.test"), DMARC: relaxed},
			policy.Fail},
		"no record, a sub-domain": {"acme.co.uk",
			policy.Authentication{SPF: pass("bounce.acme.co.uk", "")}, policy.Pass},
		"no record, the domain above": {"mail.acme.co.uk",
			policy.Authentication{SPF: pass("acme.co.uk", "")}, policy.Pass},
		"no record, a neighbour": {"mail.acme.co.uk",
			policy.Authentication{SPF: pass("bounce.acme.co.uk", "")}, policy.None},
		"no record, another registration": {"acme.co.uk",
			policy.Authentication{SPF: pass("evil.co.uk", "")}, policy.None},
		"no record, the host of tenants": {"ann.github.io",
			policy.Authentication{SPF: pass("github.io", "")}, policy.None},
		"no record, a tenant of the same host": {"ann.github.io",
			policy.Authentication{SPF: pass("eve.github.io", "")}, policy.None},
		"no record, a public suffix": {"co.uk",
			policy.Authentication{SPF: pass("acme.co.uk", "")}, policy.None},
		"no record, its own SPF fails": {"acme.test", policy.Authentication{
			SPF:    pass("evil.test", ""),
			Author: policy.Identity{Result: policy.Fail, Domain: "acme.test"}}, policy.Fail},
		"no record, its own SPF fails softly": {"acme.test", policy.Authentication{
			Author: policy.Identity{Result: policy.SoftFail, Domain: "acme.test"}}, policy.Fail},
		"no record, its own SPF says nothing": {"acme.test", policy.Authentication{
			Author: policy.Identity{Result: policy.Neutral, Domain: "acme.test"}}, policy.None},
		"no record, its own SPF cannot be read": {"acme.test", policy.Authentication{
			Author: policy.Identity{Result: policy.PermError, Domain: "acme.test"}},
			policy.TempError},
		"no record, its own SPF is not answered": {"acme.test", policy.Authentication{
			Author: policy.Identity{Result: policy.TempError, Domain: "acme.test"}},
			policy.TempError},
		"a key that is not answered": {"acme.test", policy.Authentication{
			DKIM: []policy.Identity{{Result: policy.TempError, Domain: "acme.test"}}, DMARC: relaxed},
			policy.Fail},
		"a key that is not answered, and no record": {"acme.test", policy.Authentication{
			DKIM: []policy.Identity{{Result: policy.TempError, Domain: "acme.test"}}}, policy.None},
		"a reverse-path that is not answered": {"acme.test", policy.Authentication{
			SPF:   policy.Identity{Result: policy.TempError, Domain: "old.acme.test"},
			DMARC: relaxed}, policy.Fail},
		"a record that is not answered, but the very domain passes": {"acme.test",
			policy.Authentication{SPF: pass("acme.test", ""),
				DMARC: policy.Record{Result: policy.TempError}}, policy.Pass},
		"a record that is not answered, and a subdomain passes": {"acme.test",
			policy.Authentication{SPF: pass("mail.acme.test", "acme.test"),
				DMARC: policy.Record{Result: policy.TempError}}, policy.TempError},
		"a relay says pass": {"acme.test",
			policy.Authentication{Said: policy.Pass, Relay: "mx.test"}, policy.Pass},
		"a relay says fail, whatever it says passes": {"acme.test",
			policy.Authentication{Said: policy.Fail, SPF: heard(pass("acme.test", "")),
				DKIM: []policy.Identity{heard(pass("acme.test", ""))}}, policy.Fail},
		"a relay that asked no SPF says fail": {"acme.test",
			policy.Authentication{Said: policy.Fail, SPF: pass("acme.test", ""),
				DKIM: []policy.Identity{heard(pass("other.test", ""))}}, policy.Pass},
		"a relay that saw no signature says fail": {"acme.test",
			policy.Authentication{Said: policy.Fail, SPF: heard(pass("other.test", "")),
				DKIM: []policy.Identity{pass("acme.test", "")}}, policy.Pass},
		"a relay that asked no SPF says fail, and a stranger's passes": {"acme.test",
			policy.Authentication{Said: policy.Fail, SPF: pass("other.test", "")}, policy.Fail},
		"a relay could not tell, but we could": {"acme.test",
			policy.Authentication{Said: policy.TempError, DMARC: relaxed}, policy.Fail},
		"no domain at all": {"acme.test",
			policy.Authentication{SPF: pass("", "")}, policy.None},
	} {
		f := policy.Facts{Authentication: &c.a}
		f.Sender.Address = address(t, "ann@"+string(c.from))
		if got := f.Proof(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestAsksForProof: nobody is asked about mail that is rejected either way, or that has no
// one From address.
func TestAsksForProof(t *testing.T) {
	for _, c := range []struct {
		block string
		known bool
		want  bool
	}{
		{"", false, true},
		{"reject:acme.test", false, false},
		{"reject:ann@acme.test", true, false},
		{"* reject:ann@acme.test", true, true},
		{"acme.test", false, true},
	} {
		p := policy.Policy{Block: list(t, policy.Block, c.block)}
		f := policy.Facts{Sender: message.Sender{Address: address(t, "ann@acme.test")}}
		f.Profile.Known = c.known
		if got := p.AsksForProof(&f); got != c.want {
			t.Errorf("%q, known %v: %v", c.block, c.known, got)
		}
	}
	var p policy.Policy
	for _, f := range []policy.Facts{{}, {Unreadable: "x"}} {
		if p.AsksForProof(&f) {
			t.Errorf("%+v is asked about", f.Sender)
		}
	}
}

// TestWhyProof: the reason names what was found out, and what the lists do to a stranger.
func TestWhyProof(t *testing.T) {
	p := policy.Policy{Block: list(t, policy.Block, "*")}
	f := policy.Facts{Sender: message.Sender{Address: address(t, "ann@acme.test")}}
	f.Profile.Known, f.Authentication = true, proofs()[policy.Fail]
	d := p.Decide(&f)
	want := "it is not from acme.test (SPF pass for evil.test; DMARC of acme.test asks for none); " +
		"for a stranger the blocklist has *"
	if d.Why() != want || d.RuleText() != "*" {
		t.Errorf("%s\n%s, %q", d.Why(), want, d.RuleText())
	}
	proof, _, _ := strings.Cut(want, "; for")
	for _, s := range d.Trail() {
		if s.Rule == "proof" && s.Answer != proof {
			t.Errorf("proof: %s", s.Answer)
		}
	}
}
