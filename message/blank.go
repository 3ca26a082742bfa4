package message

import (
	"io"
	"strings"
)

// maxBlank is how much text is looked at for something to be seen, in octets. A text that
// goes on behind it is not blank.
const maxBlank = 16 << 10

// glance is how much of it is looked at first, in octets: most texts begin with a word.
const glance = 256

// Blank reports whether there is nothing in the message for anybody to see: no Subject, no
// text, no picture and no attachment. White space and what takes no room (see Invisible)
// are nothing; what cannot be decoded is something. The body is what follows the header
// section, from its start at each call; it is asked for only if there is no Subject.
func (m *Message) Blank(body func() io.Reader) bool {
	for _, subject := range m.Values("Subject") {
		if len(subject) > maxEncoded || !unseen(decode(subject)) {
			return false
		}
	}
	// What stands before the first note was written by the sender.
	text, _ := m.walk(body(), glance)
	if written, _, _ := strings.Cut(text, "["); !unseen(written) {
		return false
	}
	text, w := m.walk(body(), maxBlank)
	return unseen(text) && len(w.files) == 0 && !w.pictures
}

// unseen reports whether nothing of s can be seen.
func unseen(s string) bool {
	for _, r := range s {
		if r != ' ' && !Invisible(r) {
			return false
		}
	}
	return true
}
