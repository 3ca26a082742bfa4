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
	orgs         []string // what Acme has
	settings     policy.Settings
	facts        policy.Facts
}

func drawCase(t *rapid.T) draw {
	addresses := rapid.Map(rapid.SampledFrom(addresses), func(s string) message.Address {
		a := message.MustParseAddress(s)
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
	d.drawRest(t)
	return d
}

// drawRest draws what is asked beside the lists. Often enough there is none of it.
func (d *draw) drawRest(t *rapid.T) {
	d.settings = policy.Settings{
		Trust:      rapid.SampledFrom([]policy.Trust{0, 1, 2}).Draw(t, "trust"),
		HoldLists:  rapid.Bool().Draw(t, "hold lists"),
		OnlyRelays: rapid.Bool().Draw(t, "only relays"),
		PerHour:    rapid.SampledFrom([]int{0, 0, 2}).Draw(t, "per hour"),
	}
	d.facts.Stored = rapid.IntRange(0, 5).Draw(t, "stored")
	d.facts.Profile.Role = rapid.SampledFrom([]policy.Role{policy.EndUser, policy.Agent}).
		Draw(t, "role")
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "signs") {
		c := rapid.IntRange(1, len(d.facts.Evidence)-1).Draw(t, "sign")
		d.facts.Evidence[c] = policy.Evidence{Field: "X-Test", Value: "yes"}
	}
	if rapid.IntRange(0, 3).Draw(t, "reply") == 0 {
		d.facts.Thread = policy.Thread{Ticket: 7, Requester: rapid.Bool().Draw(t, "requester"),
			Addressed: rapid.Bool().Draw(t, "addressed")}
	}
	result := rapid.SampledFrom([]policy.Result{policy.None, policy.Pass, policy.Fail,
		policy.TempError}).Draw(t, "proof")
	if rapid.Bool().Draw(t, "asked") {
		d.facts.Authentication = proven(d.facts.Sender.Address.Domain(), result,
			rapid.SampledFrom([]policy.Demand{0, 0, 1, 2}).Draw(t, "demand"))
	}
}

// proven is what was found out where it comes to that result.
func proven(from message.Domain, r policy.Result, demand policy.Demand) *policy.Authentication {
	a := &policy.Authentication{SPF: policy.Identity{Result: r, Domain: from}}
	switch r {
	case policy.Fail:
		a.DMARC = policy.Record{Result: policy.Pass, Domain: from, Org: from, Demand: demand}
	case policy.TempError:
		a.DMARC = policy.Record{Result: policy.TempError}
	}
	return a
}

func (d draw) decide(t testing.TB) policy.Decision {
	p := policy.Policy{
		Allow:    list(t, policy.Allow, strings.Join(d.allow, " ")),
		Block:    list(t, policy.Block, strings.Join(d.block, " ")),
		Orgs:     organisations(map[string]string{"Acme": strings.Join(d.orgs, " ")}),
		Settings: d.settings,
	}
	return p.Decide(&d.facts)
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
		if again := d.decide(t); got.Action.LetsIn() && !again.Action.LetsIn() {
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
		d.facts.ReplyTo, d.facts.ReplyToProblem = nil, ""
		without := d.decide(t)
		if !without.Action.LetsIn() && got.Action.LetsIn() ||
			(without.Action == policy.Reject) != (got.Action == policy.Reject) {
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
		if without.Action.LetsIn() {
			if got.Action != policy.Suspend || got.Cause != policy.AmbiguousSender ||
				got.Field != policy.ReplyTo || got.RuleText() != "" {
				r.Fatalf("%v, %v, %v, %q", got.Action, got.Cause, got.Field, got.RuleText())
			}
		} else if got.Action.LetsIn() ||
			(without.Action == policy.Reject) != (got.Action == policy.Reject) {
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

// TestLosingProofNeverHelps: what is held stays held, and nothing is dropped for the want
// of proof.
func TestLosingProofNeverHelps(t *testing.T) {
	check(t, func(r *rapid.T, d draw, _ policy.Decision) {
		from := d.facts.Sender.Address.Domain()
		demand := rapid.SampledFrom([]policy.Demand{0, 1, 2}).Draw(r, "then demands")
		less := rapid.SampledFrom([]policy.Result{policy.Fail, policy.TempError, policy.None}).
			Draw(r, "less")
		d.facts.Authentication = proven(from, policy.Pass, 0)
		with := d.decide(t)
		d.facts.Authentication = proven(from, less, demand)
		without := d.decide(t)
		switch {
		case with.Action == policy.Suspend && without.Action.LetsIn(),
			with.Action != policy.Reject && without.Action == policy.Reject:
			r.Fatalf("%v with proof (%s), %v without (%s)", with.Action, with.Why(),
				without.Action, without.Why())
		}
	})
}

// TestSecondFromNeverHelps: written in front of the true one or behind it, a second From
// makes no ticket of what was held.
func TestSecondFromNeverHelps(t *testing.T) {
	check(t, func(r *rapid.T, d draw, _ policy.Decision) {
		first := "From: <" + d.facts.Sender.Address.String() + ">\r\n"
		second := "From: <" + rapid.SampledFrom(addresses).Draw(r, "second") + ">\r\n"
		heads := []string{first + second, second + first, first + "Subject: x\r\n" + second}
		head := rapid.SampledFrom(heads).Draw(r, "order") + "\r\n"
		d.facts.Sender = message.Parse([]byte(head)).Sender()
		if got := d.decide(t); got.Action != policy.Suspend {
			r.Fatalf("%q: %v, %s", head, got.Action, got.Why())
		}
	})
}

// TestSameFactsSameDecision: a decision and its trail depend on nothing but the facts.
func TestSameFactsSameDecision(t *testing.T) {
	check(t, func(r *rapid.T, d draw, got policy.Decision) {
		again := d.decide(t)
		if again.Action != got.Action || again.Cause != got.Cause || again.Why() != got.Why() ||
			!slices.Equal(again.Trail(), got.Trail()) {
			r.Fatalf("%v, then %v", got.Trail(), again.Trail())
		}
	})
}

// TestProposalsWork: each change that lets in makes a ticket, and none is named of a ticket;
// each that keeps out holds the sender's next message. They change nothing by themselves.
func TestProposalsWork(t *testing.T) {
	check(t, func(r *rapid.T, d draw, got policy.Decision) {
		p := policy.Policy{Allow: list(t, policy.Allow, strings.Join(d.allow, " ")),
			Block: list(t, policy.Block, strings.Join(d.block, " ")), Settings: d.settings}
		before := d.facts
		all := p.Proposals(&d.facts)
		if got.Action.LetsIn() && all.LetIn != nil {
			r.Fatalf("a ticket, and yet %+v", all.LetIn)
		}
		if again := p.Decide(&d.facts); again.Why() != got.Why() || all.Now.Why() != got.Why() ||
			before.Profile != d.facts.Profile {
			r.Fatalf("to ask for proposals changed something")
		}
		for _, remedy := range slices.Concat(all.LetIn, all.KeepOut) {
			checkProposal(t, r, d, remedy)
		}
	})
}

// checkProposal makes a change of the lists, and looks whether it does what it promises.
func checkProposal(t *testing.T, r *rapid.T, d draw, remedy policy.Remedy) {
	with := d
	switch remedy.Kind {
	case policy.AllowSender, policy.AllowDomain:
		with.allow = append(slices.Clone(d.allow), remedy.Subject())
		if again := with.decide(t); !again.Action.LetsIn() {
			r.Fatalf("with %s allowed: %s", remedy.Subject(), again.Why())
		}
	case policy.BlockSender, policy.BlockDomain:
		with.block = append(slices.Clone(d.block), remedy.Subject())
		with.facts = policy.Facts{Sender: d.facts.Sender, Profile: d.facts.Profile}
		if again := with.decide(t); again.Action.LetsIn() {
			r.Fatalf("with %s blocked: %s", remedy.Subject(), again.Why())
		}
	}
}
