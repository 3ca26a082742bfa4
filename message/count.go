package message

import "strings"

// maxCount is where CountMailboxes stops.
const maxCount = 1000

// CountMailboxes is how many addresses all fields of these names hold together, at most
// 1,000. A group counts its members, an item without an @ nothing, and an address that
// stands there twice counts twice. Nobody has looked whether the addresses can be read.
func (m *Message) CountMailboxes(names ...string) int {
	n := 0
	for _, f := range m.Fields {
		if !f.isOneOf(names) {
			continue
		}
		l := lexer{s: f.Value()}
		for it, ok := l.next(); ok && n < maxCount; it, ok = l.next() {
			n += it.addresses()
		}
	}
	return min(n, maxCount)
}

func (f Field) isOneOf(names []string) bool {
	for _, name := range names {
		if f.Is(name) {
			return true
		}
	}
	return false
}

// addresses is how many there are in one item. Some senders put only spaces between them,
// and then none could be told to be the address.
func (it item) addresses() int {
	if strings.Contains(it.spec, "@") {
		return 1
	}
	n := 0
	for word := range strings.FieldsSeq(withoutComments(it.text)) {
		if strings.Contains(word, "@") {
			n++
		}
	}
	return n
}
