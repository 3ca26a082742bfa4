package policy

// A Cause says why a message is held, in the vendor's terms. The zero Cause is none.
type Cause uint8

const (
	NoCause         Cause = iota
	Spam                  // the sender's profile is suspended
	NotOnAllowlist        // the blocklist has * and the sender is new
	Blocklisted           // an entry of the blocklist holds it
	Unprocessable         // it cannot be read as mail
	AmbiguousSender       // no single From address can be read, or Reply-To cannot
)

// noID marks a cause of our own, which the vendor does not number.
const noID = -1

// causes are the names and numbers that scripts and the API depend on.
var causes = [...]struct {
	id   int
	name string
}{
	NoCause:         {noID, ""},
	Spam:            {0, "spam"},
	NotOnAllowlist:  {1, "not_on_whitelist"},
	Blocklisted:     {13, "blocklisted"},
	Unprocessable:   {19, "unprocessable_email"},
	AmbiguousSender: {noID, "ambiguous_sender"},
}

// String is the vendor's name of the cause, "" for none.
func (c Cause) String() string {
	if int(c) >= len(causes) {
		return ""
	}
	return causes[c].name
}

// ID is the vendor's number of the cause; ok is false where there is none.
func (c Cause) ID() (id int, ok bool) {
	if int(c) >= len(causes) || causes[c].id == noID {
		return 0, false
	}
	return causes[c].id, true
}

// ParseCause is the cause of that name; ok is false if there is none.
func ParseCause(name string) (c Cause, ok bool) {
	for i, known := range causes {
		if name != "" && known.name == name {
			return Cause(i), true
		}
	}
	return NoCause, false
}
