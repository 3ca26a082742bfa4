package policy

import (
	"fmt"

	"gatepost/message"
)

// A Thread is the ticket that a message says it replies to, where that is one we know, and what
// the sender has to do with it. Anybody can name a ticket: that alone gains nobody anything. The
// zero Thread is none.
type Thread struct {
	Ticket    int64             // 0: the message replies to no ticket that is known
	Reference message.Reference // the field that names a message of it, and which
	Requester bool              // the ticket is the sender's
	Addressed bool              // a message of it was addressed to the sender, or sent by it
}

// joins reports whether the message becomes a comment of the ticket that it replies to: if it is
// from the ticket's requester, from somebody else on it, or from staff, and that is proven as
// the trust asks. An Author is only a claim.
func (t Thread) joins(f *Facts, claimed bool) bool {
	isStaff := f.Profile.Known && f.Profile.Role != EndUser
	return t.Ticket != 0 && !claimed && (t.Requester || t.Addressed || isStaff)
}

// otherUpdate holds a reply of somebody whom we know and who is not on the ticket.
func otherUpdate(_ *Policy, f *Facts, s standing, c Cause) verdict {
	switch {
	case f.Thread.joins(f, s.claimed):
		return verdict{answer: onTicket}
	case s.claimed && f.Profile.Known:
		return verdict{answer: notCounted}
	case !f.Profile.Known:
		return verdict{answer: noProfile}
	}
	return holdFor(c, f.Thread.evidence())
}

// unknownUpdate holds a reply of a stranger who is not on the ticket, and of whoever may be one.
func unknownUpdate(_ *Policy, f *Facts, s standing, c Cause) verdict {
	switch {
	case f.Thread.joins(f, s.claimed):
		return verdict{answer: onTicket}
	case !s.claimed && f.Profile.Known:
		return verdict{answer: hasProfile}
	}
	return holdFor(c, f.Thread.evidence())
}

func (t Thread) evidence() Evidence {
	return Evidence{t.Reference.Field, "<" + t.Reference.ID + ">"}.fit()
}

// OfReply reports whether it holds replies to a known ticket alone: recovered, they join it.
func (c Cause) OfReply() bool { return c == OtherUpdate || c == UnknownUpdate }

// words say whose ticket it is that a message replies to.
func (t Thread) words() string {
	whose := "which the sender is not on"
	switch {
	case t.Requester:
		whose = "which is the sender's"
	case t.Addressed:
		whose = "which the sender is on"
	}
	return fmt.Sprintf("ticket %d, %s (%s)", t.Ticket, whose, t.evidence())
}

// whyHeld says of a held reply what is missing.
func (t Thread) whyHeld(d *Decision) string {
	missing := fmt.Sprintf("%s is not on it", d.Address)
	if d.Claimed && (t.Requester || t.Addressed || d.facts.Profile.Known) {
		missing = fmt.Sprintf("it is not proven to be from %s", d.Address)
	}
	return fmt.Sprintf("it replies to ticket %d, and %s (%s)", t.Ticket, missing, d.evidence)
}
