package message

import (
	"fmt"
	"strings"
)

// A Sender is who a message says it is from: its From field (RFC 5322, section 3.6.2) and
// nothing else. The Sender and Resent-From fields and the envelope never speak for it.
type Sender struct {
	Name    string        // the display name, decoded, on one line, at most 998 runes
	Address Address       // zero unless there is exactly one readable mailbox
	Text    string        // the address as far as it could be read, for people
	Problem SenderProblem // 0 if Address can be relied on to be what every reader sees
	Line    int           // of the From field or of the defect, 0 if there is no From
}

// maxText is the longest Sender.Text, in runes.
const maxText = 320

// Sender reads the From field. The address stands only if the header section is sound and
// has one From with one address in it, however odd the name around that: a message is matched
// against lists by that address, so two readers must not be able to see two of them. Text is
// "" if no address was found or several different ones; it is in ASCII lower case, valid UTF-8
// and without control characters. With the Problem RawUTF8 the Address is set.
func (m *Message) Sender() Sender {
	var r reading
	for _, f := range m.Fields {
		if f.Is("From") {
			r.field(f)
		}
	}
	if r.froms == 0 {
		r.Problem = NoFrom
	}
	if d, suspect := m.suspect(); suspect {
		r.Problem, r.Line = SenderProblem(d.Kind), d.Line
	}
	if r.Problem != 0 && r.Problem != RawUTF8 {
		r.Address = Address{}
	}
	return r.Sender
}

// Why says in words why no single From address can be read, "" if one can.
func (s Sender) Why() string {
	switch {
	case s.Problem == 0:
		return ""
	case s.Problem < firstOfFrom:
		return fmt.Sprintf("line %d of the header section %s", s.Line, DefectKind(s.Problem))
	case s.Problem == BadAddress:
		if _, err := ParseAddress(s.Text); err != nil {
			return "the address in From cannot be read: " + err.Error()
		}
	}
	return s.Problem.String()
}

// reading gathers what the From fields hold.
type reading struct {
	Sender
	froms   int
	several bool // two different addresses were found
}

// field reads one From field.
func (r *reading) field(f Field) {
	r.froms++
	r.Line = f.Line
	if r.froms > 1 {
		r.Problem = TwoFroms
	} else if f.Colon > len("From") {
		r.Problem = SpacedFrom
	}
	asField := r.Problem
	l := lexer{s: f.Value()}
	for it, ok := l.next(); ok; it, ok = l.next() {
		r.item(it)
	}
	if len(l.s) == 0 {
		r.odd(NoAddress)
	}
	if asField == 0 && SeveralMailboxes <= r.Problem && r.Problem <= UnclosedQuote {
		r.loosely(l.s)
	}
}

// loosely reads a From field that is no plain mailbox, and takes the address that is the only
// one in it.
func (r *reading) loosely(value string) {
	found, name, ok := loneAddress(value)
	if !ok {
		return
	}
	r.Address, r.Text, r.Name, r.Problem = found.Address, found.String(), name, 0
	if hidesControl(value) {
		r.odd(HiddenControl)
	}
	r.odd(found.problem)
}

// item takes what one element of the address list holds.
func (r *reading) item(it item) {
	a, err := ParseAddress(it.spec)
	r.text(it.spec, a)
	if it.problem == AddressAsName {
		r.text(onlyAddress(withoutQuotes(it.phrase)), Address{})
	}
	if r.Name == "" {
		r.Name = it.name()
	}
	r.odd(it.whole())
	if hidesControl(it.phrase) || hidesControl(it.comment) {
		r.odd(HiddenControl)
	}
	r.odd(specProblem(it.spec, a, err))
	r.Address = a
}

// odd keeps the first problem.
func (r *reading) odd(p SenderProblem) {
	if r.Problem == 0 {
		r.Problem = p
	}
}

// text notes an address that was found, a if it could be read.
func (r *reading) text(spec string, a Address) {
	t := a.String()
	if a.IsZero() {
		t = first(visible(Clean(lower(spec))), maxText)
	}
	if t == "" || r.several {
		return
	}
	if r.Text != "" && r.Text != t {
		t, r.several = "", true
	}
	r.Text = t
}

// specProblem is what is wrong with an address itself.
func specProblem(spec string, a Address, err error) SenderProblem {
	switch {
	case !strings.Contains(spec, "@"):
		return NoAddress
	case spec[0] == '@':
		return SourceRoute
	case strings.Contains(spec, "=?"):
		return EncodedAddress
	case err != nil:
		return BadAddress
	case a.Doubt() != 0:
		return a.Doubt()
	case !isASCII(spec):
		return RawUTF8
	}
	return 0
}
