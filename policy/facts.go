package policy

import "gatepost/message"

// A Profile is what is known of an address. The zero Profile is that of a stranger.
type Profile struct {
	Known     bool
	Suspended bool
	Role      Role
}

// Facts are everything a decision may depend on. Decide looks at nothing else.
type Facts struct {
	Sender     message.Sender    // what the From header field says
	SMTPUTF8   bool              // the transaction announced UTF-8 addresses (RFC 6531)
	Unreadable string            // why the message cannot be read as mail at all, or ""
	Profile    Profile           // of the sender
	ReplyTo    []message.Address // addresses in Reply-To other than the sender's
	Replies    []Profile         // of ReplyTo, index for index

	// ReplyToProblem is why there may be addresses in Reply-To that are not in ReplyTo,
	// or "".
	ReplyToProblem string
}
