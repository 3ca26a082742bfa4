package policy

import "strings"

// A Setting is one line of the configuration: its key, and its value as the file has it.
type Setting struct{ Key, Value string }

// String is the setting as a sentence names it: "causes.blank = false".
func (s Setting) String() string { return s.Key + " = " + s.Value }

// Words say what to do: "put una@example.com on the allowlist". They repeat what strangers
// wrote: whoever shows them makes control characters visible.
func (r Remedy) Words() string { return r.say(r.Subject()) }

// Brief says it without what strangers wrote, for behind the command that names the
// subject: "put the address on the allowlist".
func (r Remedy) Brief() string {
	for _, noun := range []string{"the domain", "the entry"} {
		if words := r.row().words; strings.Contains(words, noun+" %s") {
			return strings.Replace(words, noun+" %s", noun, 1)
		}
	}
	if r.Entry.IsZero() {
		return r.say("the address")
	}
	return r.say("the entry")
}

// row is all that is known of the kind; nothing if there is no such kind.
func (r Remedy) row() (row remedyRow) {
	if r.Kind < remedyEnd {
		row = remedyRows[r.Kind]
	}
	return row
}

func (r Remedy) say(subject string) string {
	return strings.Replace(r.row().words, "%s", subject, 1)
}

// Reach says, as the words go on, whose mail it lets in or keeps out beside that of the one
// sender: "" if nobody's. No stranger's words are in it but a domain.
func (r Remedy) Reach() string {
	switch _, isSetting := r.Setting(); {
	case r.Relays != "":
		return "for all that it hands on"
	case isSetting:
		return "for everybody"
	case r.Entry.Target == Everyone:
		return "letting in every stranger's mail"
	case r.Kind == BlockDomain:
		return "keeping out all mail of " + r.Entry.Target
	case !r.Entry.IsZero() && !strings.Contains(r.Entry.Target, "@"):
		return "letting in all mail of " + r.Entry.Target
	}
	return ""
}

// Subject is the address or the entry that the remedy is about, as our commands take it;
// "" if it is a setting.
func (r Remedy) Subject() string {
	if r.Entry.IsZero() {
		return r.Address.String()
	}
	return r.Entry.String()
}

// Command is our own command that makes the change, its subject left out: "loop reset". It
// is "" if a setting makes it.
func (r Remedy) Command() string { return r.row().command }

// Setting is the setting that makes the change; ok is false if a command makes it.
func (r Remedy) Setting() (s Setting, ok bool) {
	s = r.row().setting
	s.Key += r.Cause.String()
	if r.Relays != "" {
		s.Value = `"` + r.Relays + `"`
	}
	return s, s.Key != ""
}
