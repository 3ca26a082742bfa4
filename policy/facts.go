package policy

import (
	"net/netip"

	"gatepost/message"
)

// A Profile is what is known of an address. The zero Profile is that of a stranger.
type Profile struct {
	Known     bool
	Suspended bool
	Role      Role
}

// Evidence is a header field, or something else of the message, that shows a cause. The zero
// Evidence is none.
type Evidence struct{ Field, Value string }

// IsZero reports whether there is none.
func (e Evidence) IsZero() bool { return e == Evidence{} }

func (e Evidence) String() string { return e.Field + ": " + e.Value }

// A Hop is how a message came to us.
type Hop struct {
	Relayed bool       // through a relay of ours
	Client  netip.Addr // who handed it to the first of our machines; the zero Addr if unknown
	Helo    string     // what that relay wrote that it called itself, "" if unknown
	Trusted int        // fields at the top of the message that our relays wrote
}

// Facts are everything a decision may depend on. Decide looks at nothing else.
type Facts struct {
	Sender     message.Sender    // what the From header field says
	SMTPUTF8   bool              // the transaction announced UTF-8 addresses (RFC 6531)
	Unreadable string            // why the message cannot be read as mail at all, or ""
	Profile    Profile           // of the sender
	ReplyTo    []message.Address // addresses in Reply-To other than the sender's
	Replies    []Profile         // of ReplyTo, index for index

	Author Author // who wrote it, where From is an address of ours

	// ReplyToProblem is why there may be addresses in Reply-To that are not in ReplyTo,
	// or "".
	ReplyToProblem string

	Hop      Hop
	Evidence [causeEnd]Evidence // what shows each cause, whether or not it is switched on
	List     Evidence           // what shows that it came through a mailing list

	Thread Thread // the ticket that the message replies to, if it is known

	Unread []Unread // marks of spam, and Received fields, that were not read

	Authentication *Authentication // nil if nobody was asked: then the claim is taken

	Scans [ScannerCount]Scan // what each scanner said, if it was asked

	// Stored is how many messages of this sender's Band were stored within the hour.
	Stored int
}
