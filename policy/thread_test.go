package policy_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gatepost/message"
	"gatepost/policy"
)

// TestWhoJoins: who sent a reply to a known ticket, and what becomes of it under aligned, strict
// and claimed, for pass, fail, none and temperror in turn. 5 is a stranger's reply, or may be
// one, and 6 that of another profile.
func TestWhoJoins(t *testing.T) {
	const all = "comment comment comment comment"
	for _, c := range []struct {
		name    string
		thread  policy.Thread
		profile policy.Profile
		want    [3]string
	}{
		{"the requester", policy.Thread{Requester: true}, policy.Profile{Known: true},
			[3]string{"comment 5 comment 5", "comment 5 5 5", all}},
		{"the requester, without a profile", policy.Thread{Requester: true}, policy.Profile{},
			[3]string{"comment 5 comment 5", "comment 5 5 5", all}},
		{"somebody in Cc", policy.Thread{Addressed: true}, policy.Profile{},
			[3]string{"comment 5 comment 5", "comment 5 5 5", all}},
		{"staff in Cc", policy.Thread{Addressed: true}, policy.Profile{Known: true, Role: policy.Admin},
			[3]string{"comment 5 5 5", "comment 5 5 5", all}},
		{"staff", policy.Thread{}, policy.Profile{Known: true, Role: policy.Agent},
			[3]string{"comment 5 5 5", "comment 5 5 5", all}},
		{"another profile", policy.Thread{}, policy.Profile{Known: true},
			[3]string{"6 5 6 5", "6 5 5 5", "6 6 6 6"}},
		{"a stranger", policy.Thread{}, policy.Profile{},
			[3]string{"5 5 5 5", "5 5 5 5", "5 5 5 5"}},
	} {
		f := policy.Facts{Sender: message.Sender{Address: address(t, "ann@acme.test")},
			Profile: c.profile, Thread: c.thread}
		f.Thread.Ticket = 7
		for trust, want := range c.want {
			p := policy.Policy{Settings: policy.Settings{Trust: policy.Trust(trust)}}
			if got := replies(&p, f); got != want {
				t.Errorf("%s, trust %v:\n got %s\nwant %s", c.name, p.Trust, got, want)
			}
		}
	}
}

func replies(p *policy.Policy, f policy.Facts) string {
	var all []string
	for _, r := range []policy.Result{policy.Pass, policy.Fail, policy.None, policy.TempError} {
		f.Authentication = proofs()[r]
		d := p.Decide(&f)
		word := d.Action.String()
		switch d.Cause {
		case policy.UnknownUpdate:
			word = "5"
		case policy.OtherUpdate:
			word = "6"
		}
		all = append(all, word)
	}
	return strings.Join(all, " ")
}

// TestSwitchedOffReplies: with the causes switched off a stranger's reply is a ticket of its own,
// and never joins the other.
func TestSwitchedOffReplies(t *testing.T) {
	p := policy.Policy{Settings: policy.Settings{
		Off: policy.Causes(0).With(policy.UnknownUpdate).With(policy.OtherUpdate)}}
	for _, profile := range []policy.Profile{{}, {Known: true}} {
		f := policy.Facts{Sender: message.Sender{Address: address(t, "ann@acme.test")},
			Profile: profile, Thread: policy.Thread{Ticket: 7}}
		if d := p.Decide(&f); d.Action != policy.Ticket {
			t.Errorf("%v: %v, %s", profile, d.Action, d.Why())
		}
	}
}

// TestAuthorNeverJoins: whom a group of ours names is only named.
func TestAuthorNeverJoins(t *testing.T) {
	f := policy.Facts{Sender: message.Sender{Address: address(t, "support@help.test")},
		Thread: policy.Thread{Ticket: 7, Requester: true, Addressed: true}}
	f.Author.Address, f.Author.Field = address(t, "ann@acme.test"), policy.ReplyTo
	f.Author.Profile = policy.Profile{Known: true, Role: policy.Agent}
	if d := (&policy.Policy{}).Decide(&f); d.Cause != policy.UnknownUpdate {
		t.Errorf("%v, %s", d.Action, d.Why())
	}
}

// TestThreadOnlyTurns: a reference to a known ticket lets nothing in and rejects nothing. What is
// let in without it is a comment or is held as a reply, and is a comment only from somebody who
// is on the ticket, with the proof that is asked for.
func TestThreadOnlyTurns(t *testing.T) {
	check(t, func(r *rapid.T, d draw, _ policy.Decision) {
		d.facts.Thread = policy.Thread{}
		without := d.decide(t)
		d.facts.Thread = policy.Thread{Ticket: 7, Requester: rapid.Bool().Draw(r, "is requester")}
		with := d.decide(t)
		reply := with.Cause.OfReply()
		isStaff := d.facts.Profile.Known && d.facts.Profile.Role != policy.EndUser
		switch {
		case without.Action == policy.Reject || without.Action == policy.Suspend &&
			without.Cause != policy.Loop && without.Cause != policy.Malware && without.Cause != policy.Spam:
			if with.Action != without.Action || with.Cause != without.Cause {
				r.Fatalf("%s, and as a reply %s", without.Why(), with.Why())
			}
		case without.Action == policy.Ticket && with.Action != policy.Comment && !reply:
			r.Fatalf("%s, and as a reply %s", without.Why(), with.Why())
		}
		if with.Action == policy.Comment && (with.Claimed || !d.facts.Thread.Requester && !isStaff) {
			r.Fatalf("it joins: %s", with.Why())
		}
	})
}
