package message

// Addresses are those of all fields of these names that can be read, in order, as many as
// CountMailboxes counts at most. Nobody may be trusted for being in the list.
func (m *Message) Addresses(names ...string) []Address {
	var list []Address
	for _, f := range m.Fields {
		if !f.isOneOf(names) {
			continue
		}
		l := lexer{s: f.Value()}
		for it, ok := l.next(); ok && len(list) < maxCount; it, ok = l.next() {
			if a, err := ParseAddress(it.spec); err == nil {
				list = append(list, a)
			}
		}
	}
	return list
}
