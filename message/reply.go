package message

import (
	"fmt"
	"slices"
)

const (
	// maxReplies is how many addresses are taken from the fields of one name in a message.
	maxReplies = 100

	// maxDoubtful is how much of those fields may be other than plain mailboxes, in octets:
	// each of them is read in many ways. It is as much as decode looks at.
	maxDoubtful = maxEncoded
)

// ReplyTo are the addresses to which an answer may go: those of every Reply-To field, in
// order, each once, at most 100. An item that is one plain mailbox gives its address, and
// its display name is only a name. Any other item gives the address that we read there and
// behind it, without a name, every address that another reader could make of it.
//
// The problem is "" or says why there may be addresses that are not in the list.
func (m *Message) ReplyTo() (list []Mailbox, problem string) { return m.replies("Reply-To") }

// OriginalFrom is ReplyTo of the X-Original-From fields, in which a mailing list keeps the
// From that it replaced.
func (m *Message) OriginalFrom() (list []Mailbox, problem string) {
	return m.replies("X-Original-From")
}

func (m *Message) replies(name string) (list []Mailbox, problem string) {
	r := replies{name: name}
	for _, f := range m.Fields {
		if f.Is(name) {
			r.field(f.Value())
		}
	}
	return r.list, r.problem
}

// replies gathers what the fields of one name hold.
type replies struct {
	name     string
	list     []Mailbox
	problem  string
	doubtful int  // octets looked into
	over     bool // a limit is reached: nothing more is read
}

// field reads one of the fields.
func (r *replies) field(value string) {
	l := lexer{s: value}
	for it, ok := l.next(); ok && !r.over; it, ok = l.next() {
		r.item(it)
	}
}

// item takes what one element of the address list holds.
func (r *replies) item(it item) {
	spec := unquoted(it.spec)
	a, err := ParseAddress(spec)
	p := specProblem(spec, a, err)
	if it.problem == 0 && (p == 0 || p == RawUTF8) {
		r.add(a, it.name)
		return
	}
	if r.doubtful += len(it.text); mayHideAddress(it.text) && r.doubtful <= maxDoubtful {
		if s, ok := it.only(); ok {
			r.add(s.Address, func() string { return s.name(it.text[:s.from], it) })
			return
		}
	}
	text := it.text
	if err == nil {
		r.add(a, it.name)
		text = it.unquotedName()
	}
	r.doubt(text, a)
}

// add takes an address, once. Its name is made only if it is wanted.
func (r *replies) add(a Address, name func() string) {
	if slices.ContainsFunc(r.list, func(b Mailbox) bool { return b.Address == a }) {
		return
	}
	if len(r.list) == maxReplies {
		r.stop(fmt.Sprintf("%s names more than %d addresses", r.name, maxReplies))
		return
	}
	r.list = append(r.list, Mailbox{name(), a})
}

// doubt looks for addresses in an item that is not one plain mailbox; a is the one that we
// read there, if any.
func (r *replies) doubt(text string, a Address) {
	if !mayHideAddress(text) {
		return
	}
	if r.doubtful > maxDoubtful {
		r.stop(r.name + " holds over 8 KiB that are not plain mailboxes")
		return
	}
	var g addressCandidates
	g.text(text)
	for _, a := range g.found {
		r.add(a, func() string { return "" })
	}
	switch {
	case g.unread != "":
		r.odd(r.unreadable(g.unread))
	case g.opaque && len(g.found) == 0 && a.IsZero():
		r.odd(r.unreadable(text))
	}
}

// unreadable says it of a piece of a field. What a stranger wrote is quoted.
func (r *replies) unreadable(text string) string {
	const most = 80 // runes, one line of a terminal
	return fmt.Sprintf("a %s that cannot be read: %q", r.name, first(Clean(trim(text)), most))
}

// odd keeps the first problem.
func (r *replies) odd(problem string) {
	if r.problem == "" {
		r.problem = problem
	}
}

func (r *replies) stop(problem string) {
	r.odd(problem)
	r.over = true
}
