package policy

import "gatepost/message"

// A rule is a name, a question about T, and its verdict in words.
type rule[T any] struct {
	name string
	ask  func(T) verdict
	why  func(*Decision) string
}

// A verdict is the answer to one rule, in values that cost no allocation: words are made
// of it when somebody asks. The zero verdict leaves it to the next rule.
type verdict struct {
	decides  bool
	action   Action
	cause    Cause
	field    Field
	evidence Evidence // what of the message shows the cause
	room     int      // how many stored messages of the sender would change it; 0: no number
	entry    hit      // the most specific entry that decided
	against  hit      // an entry that says otherwise
	conflict bool     // the two contradict each other, and neither wins
	answer   answer   // for when another rule decides
}

// An answer says in a few words what a rule that did not decide found.
type answer uint8

const (
	fit answer = iota
	single
	noProfile
	active
	noEntry
	leftOut
	onList
	noOrganization
	inOrganization
	noWildcard
	hasProfile
	strangers
	noReply
	notCounted
	noEvidence
	switchedOff
	lifted
	ofAuthor
	quiet
	onTicket
	offTicket
)

var answers = [...]string{
	fit:       "it can be read",
	single:    "there is one",
	noProfile: "the sender has no profile",
	active:    "the sender's profile is not suspended",
	noEntry:   "no entry matches",
	leftOut:   "left out beside *, since the sender has a profile",
	onList:    "the allowlist has the sender",

	noOrganization: "no organisation has the sender",
	inOrganization: "an organisation has the sender",

	noWildcard: "the blocklist has no *",
	hasProfile: "the sender has a profile",
	strangers:  "it holds a sender without a profile",
	noReply:    "no other address in Reply-To is held",

	notCounted:  "it does not count, since the sender is not proven",
	noEvidence:  "nothing shows it",
	switchedOff: "it is switched off",
	lifted:      "something shows it, but the sender is allowed",
	ofAuthor:    "From shows it, and not the one person whom the message names beside it",
	quiet:       "no more than are let through",
	onTicket:    "the sender is on the ticket that it replies to",
	offTicket:   "the sender is not on the ticket that it replies to, or not proven to be",
}

func (a answer) String() string { return answers[a] }

func readableMail(f *Facts) verdict {
	if f.Unreadable == "" {
		return verdict{answer: fit}
	}
	return verdict{decides: true, action: Suspend, cause: Unprocessable}
}

// oneFrom lets raw UTF-8 in an address stand where the client announced it (RFC 6531,
// section 3.4).
func oneFrom(f *Facts) verdict {
	announced := f.Sender.Problem == message.RawUTF8 && f.SMTPUTF8
	if !f.Sender.Address.IsZero() && (f.Sender.Problem == 0 || announced) {
		return verdict{answer: single}
	}
	return verdict{decides: true, action: Suspend, cause: AmbiguousSender, field: From}
}

func suspendedProfile(h hits) verdict {
	switch {
	case h.profile.Suspended:
		return verdict{decides: true, action: Suspend, cause: Spam}
	case h.uncounted.profile:
		return verdict{answer: notCounted}
	case h.profile.Known:
		return verdict{answer: active}
	}
	return verdict{answer: noProfile}
}

func suspendEntry(h hits) verdict {
	if h.suspend == 0 {
		return verdict{answer: h.missing(SuspendKeyword)}
	}
	v := hold(blocked(SuspendKeyword, h.suspend))
	switch {
	case h.rejectAddress > 0:
		v.against = blocked(RejectKeyword, h.rejectAddress)
	case h.rejectDomain > 0:
		v.against = blocked(RejectKeyword, h.rejectDomain)
	default:
		v.against = h.allowed()
	}
	return v
}

func rejectAddress(h hits) verdict {
	switch {
	case h.rejectAddress == 0:
		return verdict{answer: h.missing(RejectKeyword)}
	case h.plain > 0:
		return conflict(blocked(RejectKeyword, h.rejectAddress), blocked(Plain, h.plain))
	}
	return h.reject(h.rejectAddress)
}

func rejectDomain(h hits) verdict {
	switch {
	case h.rejectDomain == 0:
		return verdict{answer: noEntry}
	case h.plain > 0:
		return conflict(blocked(RejectKeyword, h.rejectDomain), blocked(Plain, h.plain))
	case h.everyone:
		return conflict(blocked(RejectKeyword, h.rejectDomain), star())
	}
	return h.reject(h.rejectDomain)
}

func allowlisted(h hits) verdict {
	switch {
	case h.uncounted.allow:
		return verdict{answer: notCounted}
	case h.allow == 0:
		return verdict{answer: noEntry}
	}
	return h.letIn(onList)
}

func ofOrganization(h hits) verdict {
	switch {
	case h.uncounted.org:
		return verdict{answer: notCounted}
	case h.org == 0:
		return verdict{answer: noOrganization}
	}
	return h.letIn(inOrganization)
}

// letIn is the verdict on who is allowed. It names what would have held it.
func (h hits) letIn(because answer) verdict {
	v := verdict{decides: true, action: Ticket, entry: h.allowed(), answer: because}
	switch {
	case h.plain > 0:
		v.against = blocked(Plain, h.plain)
	case h.everyone && !h.profile.Known:
		v.against = star()
	}
	return v
}

func blocklisted(h hits) verdict {
	if h.plain == 0 {
		return verdict{answer: noEntry}
	}
	return hold(blocked(Plain, h.plain))
}

func wildcard(h hits) verdict {
	switch {
	case !h.everyone:
		return verdict{answer: noWildcard}
	case h.profile.Known:
		return verdict{answer: hasProfile}
	}
	v := hold(star())
	v.cause, v.answer = NotOnAllowlist, strangers
	return v
}

// passed is the last verdict. It names what would have held a sender without a profile.
func passed(h hits) verdict {
	v := verdict{decides: true, action: Ticket}
	switch {
	case h.spared.has(SuspendKeyword):
		v.against = blocked(SuspendKeyword, int16(len(h.address)))
	case h.spared.has(RejectKeyword):
		v.against = blocked(RejectKeyword, int16(len(h.address)))
	case h.everyone:
		v.against = star()
	}
	return v
}
