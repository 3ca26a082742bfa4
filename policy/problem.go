package policy

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"gatepost/message"
)

// A Problem says which entry of a field cannot be taken, why, and how to write it instead.
type Problem struct {
	List ListName `json:"list,omitempty"` // "" for a network range

	// Position is the number of the entry in its field, and Column the code point of the
	// field at which it begins, both counted from 1. Position is 0 if the field as a whole
	// is wrong, and both are 0 if the entry came alone.
	Position int `json:"position"`
	Column   int `json:"column"`

	Entry  string `json:"entry"` // as written; "" if the field as a whole is wrong
	Reason string `json:"reason"`
	Remedy string `json:"remedy"`
}

// Error is one line: what, where, why and how to mend it.
func (p Problem) Error() string {
	return fmt.Sprintf("%s: %s; %s", p.where(), p.Reason, p.Remedy)
}

func (p Problem) where() string {
	var b strings.Builder
	b.WriteString(p.noun())
	if p.Position > 0 {
		fmt.Fprintf(&b, " %d", p.Position)
	}
	if p.Entry != "" {
		b.WriteString(" " + quote(shorten(p.Entry)))
	}
	if p.Column > 0 {
		fmt.Fprintf(&b, " (character %d)", p.Column)
	}
	return b.String()
}

// quote is %q that shows every character that cannot be seen, also those that count as
// printable.
func quote(s string) string {
	var b strings.Builder
	for _, r := range strconv.Quote(s) {
		if message.Invisible(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (p Problem) noun() string {
	switch {
	case p.List == "":
		return "range"
	case p.List == Org:
		return "entry of an organisation"
	case p.Entry == "":
		return string(p.List) + "list"
	}
	return string(p.List) + " entry"
}

// shorten keeps a message readable when a whole file was pasted without white space.
func shorten(s string) string {
	const most = 80 // code points: one line of a terminal
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// Problems are all that is wrong with one field, in its order. Nothing of the field is taken.
type Problems []Problem

// Error is a line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}
