package lint_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gatepost/lint"
	"gatepost/message"
	"gatepost/policy"
)

// A few names one in another, so that entries and senders meet often.
var targets = []string{"acme.test", "mail.acme.test", "eu.mail.acme.test", "spam.test",
	"ann@acme.test", "bob@mail.acme.test", "eve@eu.mail.acme.test", "ann@spam.test"}

// TestIdleNeverDecides: whatever the lists, organisations, settings and message are, a decision is
// the same without an entry that is said never to decide, and without all of them.
func TestIdleNeverDecides(t *testing.T) {
	idle := map[policy.ListName]int{}
	rapid.Check(t, func(r *rapid.T) {
		entries := drawEntries(r)
		p := &policy.Policy{Settings: drawSettings(r)}
		compileInto(p, entries)
		lists := lint.New(p, none)
		isIdle := func(e lint.Entry) bool {
			return slices.ContainsFunc(kindsOf(lists.Entry(e)), lint.Kind.Idle)
		}
		f := drawFacts(r)
		before := p.Decide(f)
		for i, e := range entries {
			if !isIdle(e) {
				continue
			}
			idle[e.List]++
			same(r, "without "+string(e.List)+" "+e.String(), p, f, &before,
				slices.Delete(slices.Clone(entries), i, i+1))
		}
		same(r, "without all of them", p, f, &before,
			slices.DeleteFunc(slices.Clone(entries), isIdle))
	})
	for _, list := range []policy.ListName{policy.Allow, policy.Block, policy.Org} {
		if idle[list] == 0 {
			t.Errorf("no entry of %s was ever idle", list)
		}
	}
}

func same(r *rapid.T, what string, p *policy.Policy, f *policy.Facts, before *policy.Decision,
	entries []lint.Entry) {
	without := *p
	compileInto(&without, entries)
	after := without.Decide(f)
	if after.Action != before.Action || after.Cause != before.Cause ||
		after.Field != before.Field || after.Address != before.Address ||
		after.Claimed != before.Claimed || after.Room != before.Room {
		r.Fatalf("%s: %v %v, and before %v %v: %s", what, after.Action, after.Cause,
			before.Action, before.Cause, before.Why())
	}
}

// compileInto has a policy decide by these entries. Of a target that two organisations have the
// first counts, as in the store.
func compileInto(p *policy.Policy, entries []lint.Entry) {
	of := func(list policy.ListName) *policy.List {
		return policy.Compile(func(yield func(policy.Entry) bool) {
			for _, e := range entries {
				if list == policy.Org {
					e.Text = e.Organization
				}
				if e.List == list && !yield(e.Entry) {
					return
				}
			}
		})
	}
	p.Allow, p.Block, p.Orgs = of(policy.Allow), of(policy.Block), of(policy.Org)
}

func drawEntries(r *rapid.T) (entries []lint.Entry) {
	all := []string{"block *", "block *"}
	for _, target := range targets {
		all = append(all, "allow "+target, "allow "+target, "Acme "+target, "Widget "+target)
		for _, keyword := range []string{"", "suspend:", "reject:"} {
			all = append(all, "block "+keyword+target)
		}
	}
	for _, text := range rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 8,
		rapid.ID[string]).Draw(r, "entries") {
		e, err := parseEntry(text)
		if err != nil {
			r.Fatal(err)
		}
		entries = append(entries, e)
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
