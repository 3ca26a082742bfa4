// Package message reads mail (RFC 5322). Parse is pure and total: any octets at all are
// a message, and what is odd about them is listed. It never judges, does no I/O and does
// not know the time.
package message

import (
	"slices"
	"strings"
)

// Limits on what is read of one header section. What comes after goes through it many times,
// libraries among it, so the caps stand before all.
const (
	MaxHeader = 256 << 10 // octets in the header section, its closing blank line included
	MaxFields = 1000      // fields in the header section
)

// A Message is what one reading of a header section found.
type Message struct {
	Fields  []Field  // in the order of the message, at most MaxFields
	Defects []Defect // what is odd, in the order of the message, at most about a hundred
	Size    int      // octets of the header section, its closing blank line included
	Whole   bool     // the header section ends within MaxHeader octets
}

// Parse reads the header section at the start of head, which must hold the whole message
// or more than MaxHeader octets of it. The Fields share the memory of head. A line that is
// no field is passed over, and so are its continuation lines; the section ends at the
// first empty line and nowhere else.
func Parse(head []byte) *Message {
	s := scan{head: head[:min(len(head), MaxHeader)], fields: make([]Field, 0, 24)}
	whole := s.run() || len(head) <= MaxHeader
	if !whole {
		s.add(HeaderTooLong, s.line)
	}
	if !s.crlf { // LF is the line end there, to every reader
		s.list = slices.DeleteFunc(s.list, func(d Defect) bool { return d.Kind == BareLF })
	}
	return &Message{Fields: s.fields, Defects: s.list, Size: s.pos, Whole: whole}
}

// Unreadable is "" or says why this cannot be read as mail at all.
func (m *Message) Unreadable() string {
	switch {
	case !m.Whole:
		return "the header section is over 256 KiB"
	case m.has(TooManyFields):
		return "the header section has more than 1,000 fields"
	case len(m.Fields) == 0:
		return "there is not one header field"
	}
	return ""
}

// Values are the values of all fields of that name, in the order of the message.
func (m *Message) Values(name string) []string {
	var values []string
	for _, f := range m.Fields {
		if f.Is(name) {
			values = append(values, f.Value())
		}
	}
	return values
}

// Count is how many fields have that name.
func (m *Message) Count(name string) int {
	n := 0
	for _, f := range m.Fields {
		if f.Is(name) {
			n++
		}
	}
	return n
}

// First is the value of the first field of that name, "" if there is none.
func (m *Message) First(name string) string {
	for _, f := range m.Fields {
		if f.Is(name) {
			return f.Value()
		}
	}
	return ""
}

// maxUnstructured is the longest Subject or Message-ID handed out, in runes: what a line
// may hold (RFC 5322, section 2.1.1).
const maxUnstructured = 998

// Subject is the first Subject, its encoded words decoded, on one line of valid UTF-8
// without NUL, at most 998 runes. Octets that are neither are read in the charset that the
// message declares for its text.
func (m *Message) Subject() string {
	raw := m.First("Subject")
	var text string
	if !isASCII(raw) || strings.IndexByte(raw, escape) >= 0 {
		_, params := m.ContentType()
		text = decodeRaw(raw, params["charset"])
	}
	if text == "" {
		text = decode(raw)
	}
	return first(squeeze(text), maxUnstructured)
}

// MessageID is the first Message-ID with its angle brackets, on one line of valid UTF-8
// without NUL, at most 998 runes.
func (m *Message) MessageID() string {
	return first(squeeze(Clean(m.First("Message-ID"))), maxUnstructured)
}
