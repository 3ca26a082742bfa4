package policy

// A ListName says which of the two lists an entry stands on, or that an organisation has it.
type ListName string

const (
	Allow ListName = "allow"
	Block ListName = "block"
	Org   ListName = "organization" // takes what the allowlist takes
)

// place says where an entry stands.
func (l ListName) place() string {
	if l == Org {
		return "in an organisation"
	}
	return "on the " + string(l) + "list"
}

// A Keyword stands before an entry of the blocklist and says what becomes of the mail.
type Keyword uint8

const (
	Plain          Keyword = iota // no keyword: the blocklist holds, the allowlist lets in
	SuspendKeyword                // hold, and beat the allowlist
	RejectKeyword                 // drop silently, and beat the allowlist
)

// String is the keyword with its colon, or "" for Plain.
func (k Keyword) String() string {
	switch k {
	case SuspendKeyword:
		return "suspend:"
	case RejectKeyword:
		return "reject:"
	}
	return ""
}

// Everyone is the target that stands for every sender without a profile.
const Everyone = "*"

// An Entry is one line of a list. Two entries are the same rule exactly when Keyword and
// Target are the same; Text only says how to show it.
type Entry struct {
	Keyword Keyword
	Target  string // an address, a domain (A-labels) or "*", in its one spelling
	Text    string // as shown: keyword in lower case, target as written; "" if as the two above
}

// String is the entry as it is shown and as ParseEntry reads it.
func (e Entry) String() string {
	if e.Text != "" {
		return e.Text
	}
	return e.Keyword.String() + e.Target
}

// IsZero reports whether there is no entry.
func (e Entry) IsZero() bool { return e.Target == "" }

// rule is what makes two entries the same.
func (e Entry) rule() Entry { return Entry{Keyword: e.Keyword, Target: e.Target} }

// name is the target as it is shown, without the keyword.
func (e Entry) name() string { return e.String()[len(e.Keyword.String()):] }
