package mailauth

import (
	"errors"
	"slices"

	"gatepost/message"
)

// Fields that may stand once (RFC 5322, section 3.6; RFC 2045), and that are judged or shown.
// Of several a signature covers the lowest and readers show the first: whoever has a signed
// message puts fields of his own in front of it (RFC 6376, section 8.15).
var (
	// Such a field in front of another is a forgery also where neither was signed: a reader
	// takes it for the author's.
	authors = []string{"from", "subject", "to", "date", "content-type"}
	// These matter if they are signed. Where they are not, anybody can put one in, and a
	// second one gains nothing.
	others = []string{"reply-to", "cc", "sender", "message-id", "in-reply-to", "references",
		"content-transfer-encoding", "content-disposition"}
)

// spoilt says which field stands more often than the signature covers it. One that is covered
// as often as it stands cannot have been added.
func (s *signature) spoilt(fields []message.Field) error {
	covered := map[string]int{}
	for _, name := range s.names {
		covered[name]++
	}
	return doubled(fields, func(name string) int {
		if covered[name] == 0 && slices.Contains(others, name) {
			return len(fields)
		}
		return max(covered[name], 1)
	})
}

// standsTwice says which field stands twice that may stand once, "" if none does, where
// nobody knows what was signed.
func standsTwice(fields []message.Field) string {
	return why("", doubled(fields, func(string) int { return 1 }))
}

// doubled finds a field that stands more often than it may.
func doubled(fields []message.Field, may func(name string) int) error {
	seen := map[string]int{}
	for _, f := range fields {
		name := fold(f.Name())
		if !slices.Contains(authors, name) && !slices.Contains(others, name) {
			continue
		}
		if seen[name]++; seen[name] > may(name) {
			return errors.New(clean(f.Name()) + " stands twice")
		}
	}
	return nil
}
