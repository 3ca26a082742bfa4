package policy

import (
	"gatepost/message"
)

// A Remedy is one change that would have made a ticket of a message. Exactly one of its
// fields is set.
type Remedy struct {
	Forget   message.Address // how many of its messages were stored within the hour
	Allow    message.Address // an entry of the allowlist
	Profile  message.Address // a profile
	Restore  message.Address // a profile that is suspended no more
	Unblock  Entry           // an entry taken off the blocklist
	TurnOff  Cause           // a cause that holds nothing
	Believe  bool            // that the claim is taken: trust
	AnyRate  bool            // no limit of messages an hour
	PassOver bool            // mail of mailing lists is not held
	AnyHost  bool            // mail need not come through a relay
}

// Remedies are all the changes that would do, the smallest first: of one sender, then of one
// entry, then of one setting. Each was tried by asking Decide again.
func (p *Policy) Remedies(f *Facts) []Remedy {
	d := p.Decide(f)
	if d.Action == Ticket || d.Address.IsZero() {
		return nil
	}
	var remedies []Remedy
	for _, r := range d.candidates() {
		changed, facts := *p, *f
		r.apply(&changed, &facts)
		if changed.Decide(&facts).Action == Ticket {
			remedies = append(remedies, r)
		}
	}
	return remedies
}

// candidates are the changes that are worth a try.
func (d Decision) candidates() []Remedy {
	return []Remedy{
		{Forget: d.Address}, {Allow: d.Address}, {Profile: d.Address}, {Restore: d.Address}, {Unblock: d.rule},
		{PassOver: true}, {AnyHost: true}, {AnyRate: true}, {TurnOff: d.Cause}, {Believe: true},
	}
}

// apply makes the change, on copies.
func (r Remedy) apply(p *Policy, f *Facts) {
	switch {
	case !r.Forget.IsZero():
		f.Stored = 0
	case !r.Allow.IsZero():
		p.Allow = p.Allow.With([]Change{{Entry: Entry{Target: r.Allow.String()}}})
	case !r.Profile.IsZero():
		f.know(r.Profile, func(profile *Profile) { profile.Known = true })
	case !r.Restore.IsZero():
		f.know(r.Restore, func(profile *Profile) { profile.Suspended = false })
	case !r.Unblock.IsZero():
		p.Block = p.Block.With([]Change{{Entry: r.Unblock, Removed: true}})
	case r.TurnOff != NoCause:
		p.Off = p.Off.With(r.TurnOff)
	case r.PassOver:
		p.HoldLists = false
	case r.AnyHost:
		p.OnlyRelays = false
	case r.AnyRate:
		p.PerHour = 0
	case r.Believe:
		p.Trust = TrustClaimed
	}
}

// know changes what is known of an address.
func (f *Facts) know(a message.Address, change func(*Profile)) {
	if a == f.Sender.Address {
		change(&f.Profile)
	}
	replies := append([]Profile{}, f.Replies...)
	for i, to := range f.ReplyTo {
		if to == a && i < len(replies) {
			change(&replies[i])
		}
	}
	f.Replies = replies
}
