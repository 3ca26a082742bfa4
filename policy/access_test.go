package policy_test

import (
	"net/netip"
	"strings"
	"testing"

	"gatepost/policy"
)

// TestAccess holds who may come in, from inside the ranges and from outside.
func TestAccess(t *testing.T) {
	within := ranges(t, "192.0.2.0/25 10.*.*.7")
	in, out := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.200")
	mapped := netip.MustParseAddr("::ffff:10.1.2.7")
	on, bypass := policy.Access{Enabled: true, Ranges: within}, policy.Access{Enabled: true,
		Ranges: within, CustomersBypass: true}
	known := func(client netip.Addr, r policy.Role) policy.Visit {
		return policy.Visit{Client: client, Known: true, Role: r}
	}
	for _, c := range []struct {
		name   string
		access policy.Access
		visit  policy.Visit
		why    string // empty if it is refused
	}{
		{"off", policy.Access{Ranges: within}, known(out, policy.Admin), "not enabled"},
		{"admin inside", on, known(in, policy.Admin), "in an allowed range"},
		{"mapped address inside", on, known(mapped, policy.Agent), "in an allowed range"},
		{"admin outside", on, known(out, policy.Admin), ""},
		{"end-user outside", on, known(out, policy.EndUser), ""},
		{"sign-in outside", on, policy.Visit{Client: out, Before: true}, ""},
		{"sign-in inside", on, policy.Visit{Client: in, Before: true}, "in an allowed range"},
		{"exempt", on, policy.Visit{Client: out, Exempt: "health"}, "health"},
		{"nobody outside", bypass, policy.Visit{Client: out}, ""},
		{"sign-in outside, bypass", bypass, policy.Visit{Client: out, Before: true}, "not known yet"},
		{"end-user outside, bypass", bypass, known(out, policy.EndUser), "from anywhere"},
		{"agent outside, bypass", bypass, known(out, policy.Agent), ""},
		{"admin outside, bypass", bypass, known(out, policy.Admin), ""},
		{"no address", bypass, policy.Visit{}, ""},
		{"enabled without ranges", policy.Access{Enabled: true}, known(in, policy.Admin), ""},
	} {
		p := c.access.Decide(c.visit)
		if p.Allowed != (c.why != "") || !strings.Contains(p.Why(), c.why) {
			t.Errorf("%s: %v, %s", c.name, p.Allowed, p.Why())
		}
		if !p.Allowed && c.visit.Client.IsValid() &&
			!strings.Contains(p.Why(), c.visit.Client.String()) {
			t.Errorf("%s: the refusal does not name the address: %s", c.name, p.Why())
		}
		decided := 0
		for _, s := range p.Trail() {
			if s.Answer == "" || s.Rule == "" {
				t.Errorf("%s: a step without words: %v", c.name, p.Trail())
			}
			if s.Decided {
				decided++
			}
		}
		if decided != 1 || p.Trail()[len(p.Trail())-1].Answer != p.Why() {
			t.Errorf("%s: %v", c.name, p.Trail())
		}
	}
}
