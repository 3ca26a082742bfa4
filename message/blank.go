package message

import (
	"io"
	"slices"
)

// maxBlank is how much text is looked at for something to be seen, in octets. A text that
// goes on behind it is not blank.
const maxBlank = 16 << 10

// glance is how much of a plain text is looked at first, in octets: most begin with a word.
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
	if m.showsAtOnce(body()) {
		return false
	}
	text, w := m.walk(body(), maxBlank)
	return unseen(text) && len(w.files) == 0 && !w.pictures
}

// showsAtOnce reports whether a text that is neither encoded nor made of parts shows a letter
// or another mark of ASCII near its start, without decoding anything.
func (m *Message) showsAtOnce(body io.Reader) bool {
	for _, name := range mimeFields {
		if m.raw(name) != nil {
			return false
		}
	}
	start := make([]byte, glance)
	n, _ := io.ReadFull(body, start)
	return slices.ContainsFunc(start[:n], func(b byte) bool { return ' ' < b && b < 0x7f })
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
