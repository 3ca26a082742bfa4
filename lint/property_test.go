package lint_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gatepost/lint"
	"gatepost/message"
	"gatepost/policy"
)

// A few names one in another, so that entries and senders meet often.
var targets = []string{"acme.test", "mail.acme.test", "eu.mail.acme.test", "spam.test",
	"ann@acme.test", "bob@mail.acme.test", "eve@eu.mail.acme.test", "ann@spam.test"}

// TestDeadNeverDecides: whatever the lists, the settings and the message are, a decision is the
// same without an entry that is called dead, and without all of them.
func TestDeadNeverDecides(t *testing.T) {
	dead := 0
	rapid.Check(t, func(r *rapid.T) {
		entries := drawEntries(r)
		p := &policy.Policy{Settings: drawSettings(r)}
		p.Allow, p.Block = compile(entries)
		lists := lint.New(p, none)
		isDead := func(e lint.Entry) bool {
			return slices.ContainsFunc(kindsOf(lists.Entry(e)), lint.Kind.Dead)
		}
		f := drawFacts(r)
		before := p.Decide(f)
		for i, e := range entries {
			if !isDead(e) {
				continue
			}
			dead++
			same(r, "without "+string(e.List)+" "+e.String(), p, f, &before,
				slices.Delete(slices.Clone(entries), i, i+1))
		}
		same(r, "without all that is dead", p, f, &before,
			slices.DeleteFunc(slices.Clone(entries), isDead))
	})
	if dead == 0 {
		t.Error("nothing was dead")
	}
}

func same(r *rapid.T, what string, p *policy.Policy, f *policy.Facts, before *policy.Decision,
	entries []lint.Entry) {
	without := *p
	without.Allow, without.Block = compile(entries)
	after := without.Decide(f)
	if after.Action != before.Action || after.Cause != before.Cause ||
		after.Field != before.Field || after.Address != before.Address ||
		after.Claimed != before.Claimed || after.Room != before.Room {
		r.Fatalf("%s: %v %v, and before %v %v: %s", what, after.Action, after.Cause,
			before.Action, before.Cause, before.Why())
	}
}

func compile(entries []lint.Entry) (allow, block *policy.List) {
	of := func(list policy.ListName) *policy.List {
		return policy.Compile(func(yield func(policy.Entry) bool) {
			for _, e := range entries {
				if e.List == list && !yield(e.Entry) {
					return
				}
			}
		})
	}
	return of(policy.Allow), of(policy.Block)
}

func drawEntries(r *rapid.T) (entries []lint.Entry) {
	all := []string{"block *", "block *"}
	for _, target := range targets {
		all = append(all, "allow "+target, "allow "+target)
		for _, keyword := range []string{"", "suspend:", "reject:"} {
			all = append(all, "block "+keyword+target)
		}
	}
	for _, text := range rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 8,
		rapid.ID[string]).Draw(r, "entries") {
		list, entry, _ := strings.Cut(text, " ")
		e, err := policy.ParseEntry(policy.ListName(list), entry)
		if err != nil {
			r.Fatal(err)
		}
		entries = append(entries, lint.Entry{List: policy.ListName(list), Entry: e})
	}
	return entries
}

func drawSettings(r *rapid.T) policy.Settings {
	return policy.Settings{
		Trust:     rapid.SampledFrom([]policy.Trust{0, 1, 2}).Draw(r, "trust"),
		HoldLists: rapid.Bool().Draw(r, "hold lists"),
		PerHour:   rapid.SampledFrom([]int{0, 0, 2}).Draw(r, "per hour"),
		Off:       policy.Causes(rapid.SampledFrom([]uint32{0, 0, 1 << 31, ^uint32(0)}).Draw(r, "off")),
	}
}

func drawFacts(r *rapid.T) *policy.Facts {
	addresses := rapid.Map(rapid.SampledFrom([]string{"ann@acme.test", "bob@acme.test",
		"bob@mail.acme.test", "eve@eu.mail.acme.test", "ann@spam.test", "eve@example.com"}),
		func(s string) message.Address {
			a, err := message.ParseAddress(s)
			if err != nil {
				r.Fatal(err)
			}
			return a
		})
	profiles := rapid.Custom(func(t *rapid.T) policy.Profile {
		return policy.Profile{Known: rapid.Bool().Draw(t, "known"),
			Suspended: rapid.IntRange(0, 9).Draw(t, "suspended") == 0,
			Role:      rapid.SampledFrom([]policy.Role{policy.EndUser, policy.Agent}).Draw(t, "role")}
	})
	f := &policy.Facts{
		Sender:  message.Sender{Address: addresses.Draw(r, "sender")},
		Profile: profiles.Draw(r, "profile"),
		ReplyTo: rapid.SliceOfN(addresses, 0, 2).Draw(r, "reply-to"),
		Replies: rapid.SliceOfN(profiles, 2, 2).Draw(r, "replies"),
		Stored:  rapid.IntRange(0, 40).Draw(r, "stored"),
	}
	if rapid.IntRange(0, 4).Draw(r, "author") == 0 {
		f.Author = policy.Author{Mailbox: message.Mailbox{Address: addresses.Draw(r, "of")},
			Field: policy.ReplyTo, Profile: profiles.Draw(r, "author's profile")}
	}
	for range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(r, "signs") {
		c := rapid.IntRange(1, len(f.Evidence)-1).Draw(r, "sign")
		f.Evidence[c] = policy.Evidence{Field: "X-Test", Value: "yes"}
	}
	if rapid.Bool().Draw(r, "asked") {
		f.Authentication = &policy.Authentication{
			Said: rapid.SampledFrom([]policy.Result{0, policy.Pass, policy.Fail}).Draw(r, "proof"),
			DMARC: policy.Record{
				Demand: rapid.SampledFrom([]policy.Demand{0, 0, 1, 2}).Draw(r, "demand")}}
	}
	return f
}
