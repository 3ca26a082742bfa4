// Package courier carries messages to where they are worked on: a help desk, a mailbox, a
// program. It takes what the store's outbox names, tries until the other side has it, and says of
// each try what is known of it. It decides nothing about a message, changes nothing in it, and
// drops nothing that was not delivered.
package courier

import (
	"context"
	"io"
	"time"
)

// An Outcome is how a try ended. Its zero value has the message tried again: what is forgotten
// loses nothing.
type Outcome int

const (
	Retry   Outcome = iota // it was not taken, and may be later
	Done                   // it was taken
	Fail                   // it was refused, and would be again
	Unknown                // the connection broke after the last octet: it may have been taken
)

func (o Outcome) String() string {
	return [...]string{"retry", "done", "fail", "unknown"}[o]
}

// A Result is what is known of a try.
type Result struct {
	Outcome Outcome
	Said    string        // the other side's own words, or why it could not be asked
	After   time.Duration // how long it asked to be left alone; 0 if it did not
	Pause   bool          // the answer tells of a mistake in the settings, not of the message
	Down    bool          // nothing was said of the message: the target could not be asked
}

// A Parcel is one message on its way to one target.
type Parcel struct {
	Key     string // of the message and the target: the same at every try
	Event   string // ticket.created or another of the store's, or test
	Attempt int    // 1 at the first try

	Ticket     int64  // its id, or that of the held message
	Comment    int64  // of the ticket; 0 if it is the ticket itself
	DecisionID string // as the reply to the client had it
	Cause      string // why it was held; empty if it was not
	ReceivedAt time.Time
	CreatedAt  time.Time // of the ticket or the comment

	MailFrom   string // the reverse-path, empty for the null one
	Recipients []string
	Trace      string // our own Received field, whole, with its line end
	Results    string // our own Authentication-Results field, whole, or empty

	Name, Email string // of the requester
	Claimed     bool   // the address is only what the message says
	Proven      bool
	ReplyTo     []string
	Subject     string
	MessageID   string

	// ReplyAddress is one of ours with the token of the ticket: what comes to it joins that. Empty
	// for none.
	ReplyAddress string

	Size int64                         // octets
	Open func() (io.ReadCloser, error) // the message as it was received
}

// A Carrier brings messages to one target. Carry may be called several times at once, ends when
// ctx does, and never panics at what the other side says. Dialogue, if it is not nil, is told
// each line that is said and heard, secrets left out.
type Carrier interface {
	Carry(ctx context.Context, p *Parcel, dialogue io.Writer) Result
	Close() error
}
