package message

import "io"

// maxBlank is how much text is looked at for something to be seen, in octets. A text that
// goes on behind it is not blank.
const maxBlank = 16 << 10

// Blank reports whether there is nothing in the message for anybody to see: no Subject, no
// text, no picture and no attachment. White space and what takes no room (see Invisible)
// are nothing; what cannot be decoded is something. The body is what follows the header
// section; it is read only if there is no Subject.
func (m *Message) Blank(body io.Reader) bool {
	for _, subject := range m.Values("Subject") {
		if len(subject) > maxEncoded || !unseen(decode(subject)) {
			return false
		}
	}
	text, w := m.walk(body, maxBlank)
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
