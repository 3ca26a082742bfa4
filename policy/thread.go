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
	Token     Token             // that the message bears, whether or not it is of the ticket
}

// A Token is what the signed part of a recipient says: which ticket a reply to it is of. Who has
// one has still to prove who he is.
type Token struct {
	Recipient string // that bears one; empty if none does
	Ticket    int64  // 0: the token is forged, cut or too old
}

// RecipientField is the Field of a Reference that is no header field but a recipient's token.
const RecipientField = "RCPT TO"

// Reference is a token in the place of a field that names a message.
func (t Token) Reference() message.Reference {
	return message.Reference{Field: RecipientField, ID: t.Recipient}
}

// isOn reports whether the message is from the ticket's requester, from somebody else on it, or
// from staff, and that is proven as the trust asks. An Author is only a claim.
func (t Thread) isOn(f *Facts, claimed bool) bool {
	return t.Ticket != 0 && !claimed && (t.Requester || t.Addressed || f.Profile.isStaff())
}

// joins reports whether the message becomes a comment of the ticket that it replies to.
func (p *Policy) joins(f *Facts, claimed bool) bool {
	return f.Thread.isOn(f, claimed) && p.untrue(f).IsZero()
}

func (p Profile) isStaff() bool { return p.Known && p.Role != EndUser }

// untrue is what keeps the token of a reply from being that of its ticket: it is another one, or
// there is none although one is asked for, unless it is staff that replies.
func (p *Policy) untrue(f *Facts) Evidence {
	switch t := f.Thread; {
	case t.Token.Ticket == t.Ticket:
	case t.Token.Recipient != "":
		return Evidence{RecipientField, "<" + t.Token.Recipient + ">"}.fit()
	case p.AskToken && !f.Profile.isStaff():
		return t.evidence()
	}
	return Evidence{}
}

// tokenless holds a reply that would join its ticket but for its token.
func tokenless(p *Policy, f *Facts, s standing, c Cause) verdict {
	if !f.Thread.isOn(f, s.claimed) {
		return verdict{answer: offTicket}
	}
	return holdFor(c, p.untrue(f))
}

// otherUpdate holds a reply of somebody whom we know and who is not on the ticket.
func otherUpdate(_ *Policy, f *Facts, s standing, c Cause) verdict {
	switch {
	case f.Thread.isOn(f, s.claimed):
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
	case f.Thread.isOn(f, s.claimed):
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
func (c Cause) OfReply() bool {
	return c == OtherUpdate || c == UnknownUpdate || c == UnauthenticatedUpdate
}

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
	switch {
	case d.Cause != UnauthenticatedUpdate:
	case t.Token.Recipient == "":
		return fmt.Sprintf("it replies to ticket %d, and bears no reply token (%s)", t.Ticket, d.evidence)
	case t.Token.Ticket != 0:
		return fmt.Sprintf("it replies to ticket %d (%s), and bears the reply token of ticket %d (%s)",
			t.Ticket, t.evidence(), t.Token.Ticket, d.evidence)
	default:
		return fmt.Sprintf("it replies to ticket %d (%s), and bears a reply token that is forged, cut "+
			"or too old (%s)", t.Ticket, t.evidence(), d.evidence)
	}
	missing := fmt.Sprintf("%s is not on it", d.Address)
	if d.Claimed && (t.Requester || t.Addressed || d.facts.Profile.Known) {
		missing = fmt.Sprintf("it is not proven to be from %s", d.Address)
	}
	return fmt.Sprintf("it replies to ticket %d, and %s (%s)", t.Ticket, missing, d.evidence)
}
