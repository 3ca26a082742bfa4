package policy

import (
	"encoding/json"
	"fmt"
	"strings"

	"gatepost/message"
)

// keptFacts are what of Facts a decision depends on, as it is stored beside the message: no
// words, and of what shows a cause only that it does.
type keptFacts struct {
	From      keptPerson   `json:"from,omitzero"`
	Ambiguous bool         `json:"ambiguous,omitzero"` // From is not relied on
	Unread    bool         `json:"unreadable,omitzero"`
	ReplyTo   []keptPerson `json:"reply_to,omitempty"`
	Unreply   bool         `json:"reply_to_problem,omitzero"`
	Author    *keptAuthor  `json:"author,omitempty"`
	Relayed   bool         `json:"relayed,omitzero"`
	Direct    bool         `json:"direct,omitzero"` // from a client that is no relay
	Shown     []string     `json:"shown,omitempty"` // causes
	NullPath  bool         `json:"null_path,omitzero"`
	List      bool         `json:"list,omitzero"`
	Thread    *keptThread  `json:"thread,omitempty"`
	Asked     bool         `json:"asked,omitzero"` // who it is from
	Proof     Result       `json:"proof,omitzero"`
	Demand    Demand       `json:"demand,omitzero"`
	Scans     []string     `json:"scans,omitempty"` // "clamav: found"
	Stored    int          `json:"stored,omitzero"`
}

// A keptPerson is an address and its profile: "" is none, "suspended:agent" a suspended one.
type keptPerson struct {
	Address string `json:"a,omitzero"`
	Profile string `json:"p,omitzero"`
}

type keptAuthor struct {
	keptPerson
	Original bool   `json:"original,omitzero"` // the field is X-Original-From
	Cause    string `json:"cause,omitzero"`
}

type keptThread struct {
	Ticket    int64 `json:"ticket"`
	Requester bool  `json:"requester,omitzero"`
	Addressed bool  `json:"addressed,omitzero"`
	Token     bool  `json:"token,omitzero"`    // it bears one
	TokenOf   int64 `json:"token_of,omitzero"` // the ticket that it is of
}

// MarshalText is all that a decision on the facts depends on, for UnmarshalText: what that reads
// is decided alike under any lists, and under any of the Settings but those by which Read gathers
// the facts themselves.
func (f *Facts) MarshalText() ([]byte, error) {
	k := keptFacts{
		From: keepPerson(f.Sender.Address, f.Profile), Ambiguous: oneFrom(f).decides,
		Unread: f.Unreadable != "", Unreply: f.ReplyToProblem != "", Relayed: f.Hop.Relayed,
		Direct:   f.Unreadable == "" && !f.Hop.Relayed && f.Hop.Client.IsValid(),
		NullPath: f.Evidence[AutoMailer] == nullPath(), List: !f.List.IsZero(),
		Asked: f.Authentication != nil, Proof: f.Proof(), Stored: f.Stored,
	}
	for i, to := range f.ReplyTo {
		var p Profile
		if i < len(f.Replies) {
			p = f.Replies[i]
		}
		k.ReplyTo = append(k.ReplyTo, keepPerson(to, p))
	}
	if a := f.Author; !a.Address.IsZero() {
		k.Author = &keptAuthor{keepPerson(a.Address, a.Profile), a.Field == OriginalFrom,
			a.cause.String()}
	}
	for c, e := range f.Evidence {
		if !e.IsZero() && Cause(c) != ServerLock {
			k.Shown = append(k.Shown, Cause(c).String())
		}
	}
	for s, scan := range f.Scans {
		if scan.Result != NotAsked {
			k.Scans = append(k.Scans, Scanner(s).String()+": "+scan.Result.String())
		}
	}
	if t := f.Thread; t.Ticket != 0 {
		k.Thread = &keptThread{t.Ticket, t.Requester, t.Addressed, t.Token.Recipient != "",
			t.Token.Ticket}
	}
	if k.Asked {
		k.Demand = f.Authentication.DMARC.Demand
	}
	return json.Marshal(k)
}

// UnmarshalText reads what MarshalText wrote. There are no words in it: those of a decision on it
// say less than they did.
func (f *Facts) UnmarshalText(text []byte) (err error) {
	var k keptFacts
	if err := json.Unmarshal(text, &k); err != nil {
		return fmt.Errorf("stored facts: %w", err)
	}
	*f = Facts{Stored: k.Stored, Hop: Hop{Relayed: k.Relayed}}
	f.Sender.Address, f.Profile, err = k.From.read()
	if k.Ambiguous {
		f.Sender.Problem = message.NoAddress
	}
	if k.Unread {
		f.Unreadable = "it could not be read"
	}
	if k.Unreply {
		f.ReplyToProblem = "it could not be read"
	}
	if k.List {
		f.List = Evidence{Field: "List-Id"}
	}
	if t := k.Thread; t != nil {
		f.Thread = Thread{Ticket: t.Ticket, Requester: t.Requester, Addressed: t.Addressed,
			Token: Token{Ticket: t.TokenOf}}
		if t.Token {
			f.Thread.Token.Recipient = "one"
		}
	}
	if k.Asked {
		f.Authentication = k.authentication()
	}
	k.show(f)
	k.scanned(f)
	for i := 0; i < len(k.ReplyTo) && err == nil; i++ {
		err = k.ReplyTo[i].readReply(f)
	}
	if k.Author != nil && err == nil {
		f.Author, err = k.Author.read()
	}
	return err
}

// show marks the causes that something shows. One that is not known any more holds nothing.
func (k *keptFacts) show(f *Facts) {
	for _, name := range k.Shown {
		if c, ok := ParseCause(name); ok {
			f.Evidence[c] = Evidence{Field: name}
		}
	}
	if k.NullPath {
		f.Evidence[AutoMailer] = nullPath()
	}
	if k.Direct {
		f.Evidence[ServerLock] = Evidence{Field: "client"}
	}
}

// scanned notes what scanners said. One that is not known any more said nothing.
func (k *keptFacts) scanned(f *Facts) {
	for _, text := range k.Scans {
		name, result, _ := strings.Cut(text, ": ")
		for s := range ScannerCount {
			if s.String() == name {
				f.Scans[s].Result = parseScanResult(result)
			}
		}
	}
}

// authentication is one of which the same is the outcome.
func (k *keptFacts) authentication() *Authentication {
	a := &Authentication{DMARC: Record{Demand: k.Demand}}
	switch k.Proof {
	case Pass, Fail:
		a.Said = k.Proof
	case TempError:
		a.DMARC.Result = TempError
	}
	return a
}

const keptSuspended = "suspended:"

func keepPerson(a message.Address, p Profile) keptPerson {
	k := keptPerson{Address: a.String()}
	if p.Known {
		k.Profile = p.Role.String()
	}
	if p.Suspended {
		k.Profile = keptSuspended + k.Profile
	}
	return k
}

func (k keptPerson) read() (a message.Address, p Profile, err error) {
	var role string
	role, p.Suspended = strings.CutPrefix(k.Profile, keptSuspended)
	if p.Known = role != ""; p.Known {
		p.Role, err = ParseRole(role)
	}
	if err == nil {
		err = a.UnmarshalText([]byte(k.Address))
	}
	return a, p, err
}

func (k keptPerson) readReply(f *Facts) error {
	a, p, err := k.read()
	f.ReplyTo, f.Replies = append(f.ReplyTo, a), append(f.Replies, p)
	return err
}

func (k *keptAuthor) read() (a Author, err error) {
	a.Field = ReplyTo
	if k.Original {
		a.Field = OriginalFrom
	}
	a.cause, _ = ParseCause(k.Cause)
	a.Address, a.Profile, err = k.keptPerson.read()
	return a, err
}
