package policy_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gatepost/message"
	"gatepost/policy"
)

// A few names, so that entries and senders meet often.
var (
	domains   = []string{"acme.test", "mail.acme.test", "notacme.test", "spam.test"}
	addresses = []string{"ann@acme.test", "bob@mail.acme.test", "ann@spam.test", "eve@example.com"}
)

func allowEntries() *rapid.Generator[[]string] {
	return rapid.SliceOfN(rapid.SampledFrom(slices.Concat(domains, addresses)), 0, 4)
}

func blockEntries() *rapid.Generator[[]string] {
	all := []string{"*"}
	for _, target := range slices.Concat(domains, addresses) {
		all = append(all, target, "suspend:"+target, "reject:"+target)
	}
	return rapid.SliceOfN(rapid.SampledFrom(all), 0, 5)
}

func profiles() *rapid.Generator[policy.Profile] {
	return rapid.SampledFrom([]policy.Profile{{}, {Known: true}, {Known: true, Suspended: true}})
}

// A draw is one random case.
type draw struct {
	allow, block []string
	facts        policy.Facts
}

func drawCase(t *rapid.T) draw {
	addresses := rapid.Map(rapid.SampledFrom(addresses), func(s string) message.Address {
		a, err := message.ParseAddress(s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	})
	d := draw{allow: allowEntries().Draw(t, "allow"), block: blockEntries().Draw(t, "block")}
	d.facts = policy.Facts{
		Sender:  message.Sender{Address: addresses.Draw(t, "sender")},
		Profile: profiles().Draw(t, "profile"),
		ReplyTo: rapid.SliceOfN(addresses, 0, 2).Draw(t, "reply-to"),
		Replies: rapid.SliceOfN(profiles(), 2, 2).Draw(t, "replies"),
	}
	if rapid.IntRange(0, 9).Draw(t, "reply-to problem") == 0 {
		d.facts.ReplyToProblem = "Reply-To cannot be read"
	}
	return d
}

func (d draw) decide(t testing.TB) policy.Decision { return decide(t, d.allow, d.block, d.facts) }

func decide(t testing.TB, allow, block []string, f policy.Facts) policy.Decision {
	p := policy.Policy{
		Allow: list(t, policy.Allow, strings.Join(allow, " ")),
		Block: list(t, policy.Block, strings.Join(block, " ")),
	}
	return p.Decide(&f)
}

// check runs a property over random cases.
func check(t *testing.T, property func(*rapid.T, draw, policy.Decision)) {
	rapid.Check(t, func(r *rapid.T) {
		d := drawCase(r)
		property(r, d, d.decide(t))
	})
}

func TestOneStepDecides(t *testing.T) {
	check(t, func(r *rapid.T, d draw, got policy.Decision) {
		decided := 0
		for _, s := range got.Trail() {
			if s.Answer == "" || s.Rule == "" {
				r.Fatalf("a step without words: %v", got.Trail())
			}
			if s.Decided {
				decided++
			}
		}
		if decided != 1 {
			r.Fatalf("%d steps decided: %v", decided, got.Trail())
		}
	})
}

func TestOrderOfEntriesDoesNotMatter(t *testing.T) {
	check(t, func(r *rapid.T, d draw, got policy.Decision) {
		other := d
		other.allow = rapid.Permutation(d.allow).Draw(r, "allow again")
		other.block = rapid.Permutation(d.block).Draw(r, "block again")
		again := other.decide(t)
		if again.Action != got.Action || again.Cause != got.Cause || again.Why() != got.Why() {
			r.Fatalf("%v %q, then %v %q", got.Action, got.Why(), again.Action, again.Why())
		}
	})
}

func TestAllowingNeverHarms(t *testing.T) {
	check(t, func(r *rapid.T, d draw, got policy.Decision) {
		d.allow = append(d.allow, rapid.SampledFrom(addresses).Draw(r, "one more"))
		if again := d.decide(t); got.Action == policy.Ticket && again.Action != policy.Ticket {
			r.Fatalf("a ticket, then %v: %s", again.Action, again.Why())
		}
	})
}

func TestSuspendedProfileIsAlwaysHeld(t *testing.T) {
	check(t, func(r *rapid.T, d draw, got policy.Decision) {
		if d.facts.Profile.Suspended && (got.Action != policy.Suspend || got.Cause != policy.Spam) {
			r.Fatalf("%v %v", got.Action, got.Cause)
		}
	})
}

// TestRejectNeedsItsEntry: nothing is dropped without a reject: entry that matches From,
// nor beside a suspend: or plain one.
func TestRejectNeedsItsEntry(t *testing.T) {
	check(t, func(r *rapid.T, d draw, got policy.Decision) {
		if got.Action != policy.Reject {
			return
		}
		if got.Rule().Keyword != policy.RejectKeyword || got.Field != policy.From {
			r.Fatalf("rejected by %q of %v", got.RuleText(), got.Field)
		}
		for _, e := range d.block {
			target := strings.TrimPrefix(e, "suspend:")
			spared := strings.Contains(target, "@") && d.facts.Profile.Known &&
				slices.Contains(d.block, "*") && target != e
			if target != "*" && !strings.Contains(target, ":") && !spared &&
				covers(target, d.facts.Sender.Address.String()) {
				r.Fatalf("rejected beside %q", e)
			}
		}
	})
}

// covers says in other words than the code what an entry matches.
func covers(target, address string) bool {
	return target == address || !strings.Contains(target, "@") &&
		(strings.HasSuffix(address, "@"+target) || strings.HasSuffix(address, "."+target))
}

// TestReplyToOnlyHolds: it never makes a ticket of what is not one, and never a reject.
func TestReplyToOnlyHolds(t *testing.T) {
	check(t, func(r *rapid.T, d draw, got policy.Decision) {
		alone := d.facts
		alone.ReplyTo, alone.ReplyToProblem = nil, ""
		without := decide(t, d.allow, d.block, alone)
		if without.Action != policy.Ticket && got.Why() != without.Why() ||
			without.Action == policy.Ticket && got.Action == policy.Reject {
			r.Fatalf("%v, and without Reply-To %v", got.Action, without.Action)
		}
	})
}

// TestUnreadableReplyToIsHeld: what cannot be read there makes no ticket, and what is held
// or rejected without it stays so.
func TestUnreadableReplyToIsHeld(t *testing.T) {
	check(t, func(r *rapid.T, d draw, _ policy.Decision) {
		d.facts.ReplyToProblem = ""
		without := d.decide(t)
		d.facts.ReplyToProblem = "Reply-To cannot be read"
		got := d.decide(t)
		if without.Action == policy.Ticket {
			if got.Action != policy.Suspend || got.Cause != policy.AmbiguousSender ||
				got.Field != policy.ReplyTo || got.RuleText() != "" {
				r.Fatalf("%v, %v, %v, %q", got.Action, got.Cause, got.Field, got.RuleText())
			}
		} else if got.Action != without.Action || got.Why() != without.Why() {
			r.Fatalf("%v, and without the problem %v", got.Action, without.Action)
		}
	})
}

func TestAmbiguousIsAlwaysHeld(t *testing.T) {
	check(t, func(r *rapid.T, d draw, _ policy.Decision) {
		d.facts.Sender.Problem = message.TwoFroms
		got := d.decide(t)
		if got.Action != policy.Suspend || got.Cause != policy.AmbiguousSender {
			r.Fatalf("%v %v", got.Action, got.Cause)
		}
	})
}

// TestOverlayIsTheSameList: changes laid over a list give what building it anew gives.
func TestOverlayIsTheSameList(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		l := list(t, policy.Block, strings.Join(blockEntries().Draw(r, "base"), " "))
		built := l
		var now []policy.Entry
		for _, e := range everyEntry(t) {
			if l.Has(e) {
				now = append(now, e)
			}
		}
		for range rapid.IntRange(1, 4).Draw(r, "rounds") {
			var changes []policy.Change
			for _, s := range blockEntries().Draw(r, "changes") {
				c := policy.Change{Entry: entry(t, s), Removed: rapid.Bool().Draw(r, "removed")}
				changes = append(changes, c)
				now = slices.DeleteFunc(now, func(e policy.Entry) bool { return e == c.Entry })
				if !c.Removed {
					now = append(now, c.Entry)
				}
			}
			built = built.With(changes)
		}
		if built.Len() != len(now) {
			r.Fatalf("%d entries, want %d", built.Len(), len(now))
		}
		for _, e := range everyEntry(t) {
			if built.Has(e) != slices.Contains(now, e) {
				r.Fatalf("%v: %v", e, built.Has(e))
			}
		}
	})
}

func everyEntry(t testing.TB) []policy.Entry {
	all := []policy.Entry{entry(t, "*")}
	for _, target := range slices.Concat(domains, addresses) {
		for _, keyword := range []string{"", "suspend:", "reject:"} {
			all = append(all, entry(t, keyword+target))
		}
	}
	return all
}
