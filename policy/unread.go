package policy

import (
	"slices"
	"strings"
)

// An Unread is a field, or a part of one, that says something about the message and was not
// read.
type Unread struct {
	Field   string `json:"field"`             // its name, and whose it is
	Why     string `json:"why"`               // where it stands, or what is odd about it
	Setting string `json:"setting,omitempty"` // what would read it, as adds reads it; or ""
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

// filterFor is the Setting of a field that one of those products may have written.
func filterFor(which func(Product) bool) string {
	switch names := oneOf(products[:], which); {
	case names == "":
		return ""
	case strings.Contains(names, `" or "`):
		return "if the relay runs one of these, its name in smtp.filter reads it: " + names
	default:
		return names + " in smtp.filter reads it, if the relay runs that"
	}
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

// MayProve are the settings, each with what to add to it, that would have something read which
// may say who the message is from, where it is held for want of that. What would come of it
// nobody knows before it is read.
func (p *Policy) MayProve(f *Facts) (all []Setting) {
	d, claimed := p.Decide(f), *p
	claimed.Trust = TrustClaimed
	if d.Action.LetsIn() ||
		d.Cause != FailedAuthentication && !claimed.Decide(f).Action.LetsIn() {
		return nil
	}
	for _, u := range f.NotRead() {
		_, isMark := marked[strings.ToLower(u.Field)]
		if s, ok := u.adds(); ok && !isMark && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// adds is which word is to be added to which setting: ok is false if the Setting leaves a
// choice, or names none.
func (u Unread) adds() (s Setting, ok bool) {
	text, quoted := strings.CutPrefix(u.Setting, `"`)
	word, text, found := strings.Cut(text, `" in `)
	key, _, _ := strings.Cut(text, " ")
	return Setting{key, word}, quoted && found && strings.HasPrefix(key, "smtp.")
}
