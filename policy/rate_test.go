package policy_test

import (
	"fmt"
	"net/netip"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// TestBand: proven mail is counted apart, so that a forger fills only its own
// neighbourhood's count.
func TestBand(t *testing.T) {
	f := policy.Facts{Sender: message.Sender{Address: address(t, "ann@acme.test")}}
	for client, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
	} {
		f.Hop.Client, f.Authentication = netip.MustParseAddr(client), proofs()[policy.Fail]
		if b := f.Rate(); b.Client.String() != want || b.Proven || b.Address != f.Sender.Address {
			t.Errorf("%s: %+v", client, b)
		}
		f.Authentication = proofs()[policy.Pass]
		if b := f.Rate(); b.Client.String() != want || b.Proven {
			t.Errorf("proven by a signature, which anybody can send again: %+v", b)
		}
		f.Authentication.SPF = policy.Identity{Result: policy.Pass, Domain: "acme.test"}
		if b := f.Rate(); b.Client.IsValid() || !b.Proven {
			t.Errorf("proven: %+v", b)
		}
	}
	f.Hop, f.Authentication = policy.Hop{}, nil
	if b := f.Rate(); b.Client.IsValid() || b.Proven {
		t.Errorf("no client: %+v", b)
	}
}

// TestRate: so many pass, as many are held, the rest is put off; ten times as many of an
// allowed sender. Room is where that changes.
func TestRate(t *testing.T) {
	for _, c := range []struct {
		allow  string
		most   int
		stored int
		want   string
		room   int
	}{
		{"", 0, 1000, "ticket", 0},
		{"", 20, 0, "ticket", 20},
		{"", 20, 19, "ticket", 20},
		{"", 20, 20, "suspend", 40},
		{"", 20, 39, "suspend", 40},
		{"", 20, 40, "defer", 0},
		{"acme.test", 20, 199, "ticket", 200},
		{"acme.test", 20, 200, "suspend", 400},
		{"acme.test", 20, 400, "defer", 0},
		{"acme.test", 1, 9, "ticket", 10},
	} {
		p := policy.Policy{Allow: list(t, policy.Allow, c.allow)}
		p.PerHour = c.most
		f := policy.Facts{Sender: message.Sender{Address: address(t, "ann@acme.test")}}
		f.Stored = c.stored
		d := p.Decide(&f)
		if d.Action.String() != c.want || d.Room != c.room {
			t.Errorf("%+v: %v, room %d", c, d.Action, d.Room)
		}
		if d.Action != policy.Ticket {
			want := fmt.Sprintf("%d messages of ann@acme.test were stored within the hour", c.stored)
			if d.Cause != policy.Loop || d.Why() != want {
				t.Errorf("%v: %s", d.Cause, d.Why())
			}
		}
	}
}

// TestRateOfStrangers: of a stranger whom * holds as many are held as pass and are held of
// others, and the rest is put off. What an entry, a profile or another cause holds is held
// however much it is.
func TestRateOfStrangers(t *testing.T) {
	for _, c := range []struct {
		block   string
		profile policy.Profile
		off     policy.Causes
		stored  int
		want    string
		room    int
	}{
		{"*", policy.Profile{}, 0, 0, "suspend not_on_whitelist", 40},
		{"*", policy.Profile{}, 0, 39, "suspend not_on_whitelist", 40},
		{"*", policy.Profile{}, 0, 40, "defer loop", 0},
		{"*", policy.Profile{}, policy.Causes(0).With(policy.Loop), 40,
			"suspend not_on_whitelist", 0},
		{"*", policy.Profile{Known: true}, 0, 19, "ticket ", 20},
		{"*", policy.Profile{Known: true}, 0, 39, "suspend loop", 40},
		{"*", policy.Profile{Known: true}, 0, 40, "defer loop", 0},
		{"*", policy.Profile{Known: true, Suspended: true}, 0, 1000, "suspend spam", 0},
		{"acme.test", policy.Profile{}, 0, 1000, "suspend blocklisted", 0},
		{"* acme.test", policy.Profile{}, 0, 1000, "suspend blocklisted", 0},
		{"* suspend:acme.test", policy.Profile{}, 0, 1000, "suspend blocklisted", 0},
		{"reject:acme.test", policy.Profile{}, 0, 1000, "reject ", 0},
	} {
		p := policy.Policy{Block: list(t, policy.Block, c.block)}
		p.PerHour, p.Off = 20, c.off
		f := policy.Facts{Sender: message.Sender{Address: address(t, "ann@acme.test")}}
		f.Stored, f.Profile = c.stored, c.profile
		d := p.Decide(&f)
		if got := d.Action.String() + " " + d.Cause.String(); got != c.want || d.Room != c.room {
			t.Errorf("%+v: %s, room %d", c, got, d.Room)
		}
		if d.Action == policy.Defer && (d.RuleText() != "" ||
			d.Why() != "40 messages of ann@acme.test were stored within the hour") {
			t.Errorf("%+v: %q, %s", c, d.RuleText(), d.Why())
		}
		for _, s := range d.Trail() {
			if s.Rule == "wildcard" && !s.Decided && d.Action == policy.Defer &&
				!c.profile.Known && s.Answer != "it holds a sender without a profile" {
				t.Errorf("the trail says of *: %s", s.Answer)
			}
		}
	}
}
