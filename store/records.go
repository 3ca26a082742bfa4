package store

import (
	"errors"
	"io"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// What a caller may want to tell apart.
var (
	ErrNotFound  = errors.New("not found")
	ErrRecovered = errors.New("already recovered")
	ErrExists    = errors.New("exists already")
	ErrLastAdmin = errors.New("the last admin")
)

// A Record is one judged message and everything it causes: what Commit writes.
type Record struct {
	ID       string // of the decision: random text, named in the reply
	Envelope *message.Envelope
	Trace    string // our own trace field, kept beside the message, never in it
	Message  *message.Message
	Content  *Content
	Facts    *policy.Facts
	Decision *policy.Decision
	Keep     time.Duration // how long the message is held, if it is
	Results  string        // our own Authentication-Results field, kept beside the message

	// Window is how long after a message this one is taken for it, sent again, if it has the
	// same octets, a Message-ID among them, and reverse-path: 0 is never. Its sender may not
	// have heard our reply (RFC 1047), or have more recipients than go into one transaction.
	Window time.Duration
	// First is set by Commit: the id of the decision of the message that this one is, sent
	// again; empty if it was stored.
	First string

	// Shadowed is what the shadow, if one is set, would make of a message that is rejected; zero if
	// it would reject it too. Commit counts it.
	Shadowed Shadowed

	// Undeclared: it is from a loopback client and carries another host's Received, though
	// no relay is declared.
	Undeclared bool
}

// A Person is a name and an address, as mail has them.
type Person struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// A Suspended is one held message: an entry of the suspended queue.
type Suspended struct {
	ID             int64     `json:"id"`
	DecisionID     string    `json:"decision_id"`
	Subject        string    `json:"subject"`
	Author         Person    `json:"author"`
	ReplyTo        []string  `json:"reply_to"`
	Recipient      string    `json:"recipient"`
	Recipients     []string  `json:"recipients"`
	Cause          string    `json:"cause"`
	CauseID        *int      `json:"cause_id"`
	Rule           *string   `json:"rule"`
	Why            string    `json:"why"`
	Authentication string    `json:"authentication"`
	MessageID      string    `json:"message_id"`
	Client         string    `json:"client"`
	Size           int64     `json:"size"`
	CreatedAt      time.Time `json:"created_at"`
	ExpiresAt      time.Time `json:"expires_at"`
	Node           string    `json:"node,omitempty"`    // that decided, of several
	Damaged        Damage    `json:"damaged,omitempty"` // what of it cannot be read
}

// A Requester is who a ticket is from. Claimed: the address is only what the message says.
// Profile is the address whose request it is, and who may see it; empty if nobody's: who only
// claims an address has not its profile, nor has what may be a robot or a forger.
type Requester struct {
	Person
	Claimed bool   `json:"claimed"`
	Profile string `json:"-"`
}

// A Ticket is one message that was let in.
type Ticket struct {
	ID         int64     `json:"id"`
	DecisionID string    `json:"decision_id"`
	Subject    string    `json:"subject"`
	Requester  Requester `json:"requester"`
	ReplyTo    []string  `json:"reply_to"` // other addresses, which an answer goes to
	Recipient  string    `json:"recipient"`
	Recipients []string  `json:"recipients"`
	Status     string    `json:"status"`
	MessageID  string    `json:"message_id"`
	Size       int64     `json:"size"`
	CreatedAt  time.Time `json:"created_at"`
	Via        string    `json:"via"` // email, recovered
	Proven     bool      `json:"proven"`
	Sealer     string    `json:"sealer,omitempty"`  // by whose ARC seal it is proven
	Damaged    Damage    `json:"damaged,omitempty"` // what of it cannot be read
}

// A User is a known profile.
type User struct {
	ID        int64     `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Role      string    `json:"role"` // end-user, agent, admin
	Suspended bool      `json:"suspended"`
	MadeBy    string    `json:"made_by"` // mail, recover, import, cli, console, api
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	password string // the hash that SignIn found right, else empty
}

// A Rule is one entry of a list, as it is kept.
type Rule struct {
	Entry     string    `json:"entry"`
	Note      string    `json:"note"`
	CreatedAt time.Time `json:"created_at"`

	ExpiresAt *time.Time `json:"expires_at,omitempty"` // from then on it decides nothing
	Expired   bool       `json:"expired,omitempty"`

	Hits
}

// Hits are how much mail an entry decided.
type Hits struct {
	Count int64      `json:"hits"`
	Last  *time.Time `json:"last_hit_at,omitempty"` // never of an entry with reject:
}

// An Explanation is a decision in words, as it was made.
type Explanation struct {
	DecisionID string        `json:"decision_id,omitempty"`
	ID         int64         `json:"id,omitempty"` // of the held message, the ticket or the comment
	Decision   string        `json:"decision"`
	Cause      *string       `json:"cause"`
	CauseID    *int          `json:"cause_id"`
	Sender     string        `json:"sender"`
	Rule       *string       `json:"rule"`
	Why        string        `json:"why"`
	Facts      []policy.Fact `json:"facts"`
	Trail      []policy.Step `json:"trail"`
	Recovered  int64         `json:"recovered_as,omitempty"` // the ticket made of it since, or that it joined
	Comment    int64         `json:"comment,omitempty"`      // that it is, of a ticket
	Deleted    bool          `json:"deleted,omitempty"`      // and can be restored for a while

	Authentication string `json:"authentication"` // pass, fail, none or temperror
	Results        string `json:"authentication_results,omitempty"`
	Trace          string `json:"received,omitempty"`
	Node           string `json:"node,omitempty"` // that decided, of several
}

// A StoredMessage is what is needed to ask again about a message that was kept.
type StoredMessage struct {
	Envelope       *message.Envelope
	Authentication *policy.Authentication // nil if nobody was asked
	Raw            io.ReadCloser          // the message byte for byte as it was received
}

// A Query selects from the queue or from the tickets. Its zero value is everything, newest first.
type Query struct {
	Cause         string          // the name of a cause
	From          string          // an address, or a domain with its subdomains
	Requester     message.Address // whose requests: tickets of theirs that are not only claimed
	Search        string          // words of the subject, the author or the recipient: up to 20
	Before, After time.Time       // of arrival; zero is no bound
	Sort          string          // the name of an Order; empty is by age
	Limit         int             // 0 is no limit
}

// A Recovery is what recovering a held message did.
type Recovery struct {
	Ticket      Ticket   `json:"ticket"`            // that it is now, or that it joined
	Comment     *Comment `json:"comment,omitempty"` // of that, if it joined it
	SuspendedID int64    `json:"suspended_id"`
	MadeProfile bool     `json:"made_profile"`
}

// Counts are decisions by kind: ticket, comment, suspend, reject:address, reject:domain.
type Counts map[string]int64

// A Status is the state of the whole store.
type Status struct {
	Generation int64      `json:"rules_generation"`
	Hour       Counts     `json:"hour"`
	Day        Counts     `json:"day"`
	Held       int64      `json:"held"`
	Tickets    int64      `json:"tickets"`
	Comments   int64      `json:"comments"`
	Users      int64      `json:"users"`
	Expired    int64      `json:"expired"`             // held beyond their time, by the clock
	Ahead      int64      `json:"clock_ahead_seconds"` // of the time that was seen to pass
	OldestHeld *time.Time `json:"oldest_held"`
	NextExpiry *time.Time `json:"next_expiry"` // of what is held
	Serving    bool       `json:"serving"`     // a server holds the store's lock
	StartedAt  *time.Time `json:"started_at"`  // of that server; of several the one that is there for longest
	Nodes      []Node     `json:"nodes,omitempty"`

	// UndeclaredRelay is how many messages of the last 24 hours came from this machine and
	// carried another host's Received, though no relay is declared.
	UndeclaredRelay int64 `json:"undeclared_relay"`
	// Overlooked is how many of them bore fields that a relay may have written, that were not
	// read, and that a setting would have read.
	Overlooked int64 `json:"overlooked_fields"`
	// Scanners is what became of scans in that time, by the name of each that was asked.
	Scanners map[string]ScanCount `json:"scanners,omitempty"`
}
