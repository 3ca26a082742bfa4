package policy

import "slices"

// An Unread is a field, or a part of one, that says something about the message and was not
// read.
type Unread struct {
	Field   string `json:"field"`             // its name, and whose it is
	Why     string `json:"why"`               // where it stands, or what is odd about it
	Setting string `json:"setting,omitempty"` // which setting would read it, "" if none does
}

// StandsBelow is why a field is not read that could be anybody's.
const StandsBelow = "it stands below the relay's own line, where anybody can write it"

// maxUnread is how many are kept of a message: a stranger can write any number.
const maxUnread = 8

// AddUnread adds one to all, unless it is there or there are enough.
func AddUnread(all []Unread, u Unread) []Unread {
	if len(all) >= maxUnread || slices.Contains(all, u) {
		return all
	}
	return append(all, u)
}

func (u Unread) words() string {
	words := u.Field + ": " + u.Why
	if u.Setting != "" {
		words += "; " + u.Setting
	}
	return words
}

// NotRead is all that was not read.
func (f *Facts) NotRead() []Unread {
	if f.Authentication == nil {
		return f.Unread
	}
	return slices.Concat(f.Unread, f.Authentication.Unread)
}

// Overlooked reports whether a setting would have something read that was not.
func (f *Facts) Overlooked() bool {
	return slices.ContainsFunc(f.NotRead(), func(u Unread) bool { return u.Setting != "" })
}
