package mailauth

import (
	"fmt"
)

// A results field is one Authentication-Results field (RFC 8601, section 2.2).
type results struct {
	id      string // the authserv-id, as written; "" if the field begins with a finding
	all     []finding
	skipped []string // what stands between semicolons and could not be read, in its order
	torn    bool     // a comment ends within quotation marks, see weigh
}

// A finding is what one method found. Method, result and the names of properties are in
// ASCII lower case.
type finding struct {
	method, result string
	properties     []property
	at             int // how many were skipped in front of it
}

type property struct{ name, value string } // name is "smtp.mailfrom" and the like

// get is the value of a property, "" if it is not there.
func (f finding) get(name string) string {
	for _, p := range f.properties {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// singular are the properties that we act on. Where one of them stands twice in a finding,
// two readers would take different ones.
var singular = [...]string{
	"smtp.mailfrom", "smtp.helo", "header.d", "header.i", "header.s", "header.from",
}

// readResults reads the value of a field, unfolded. Comments are white space: whoever
// writes the field repeats in them what strangers say. A field that does not say whose it
// is, where others do, or that is of another version, counts for nothing. What stands
// between two semicolons and is no finding is skipped, see weigh.
func readResults(value string) (results, error) {
	l := &lexer{s: value}
	var r results
	bare := l.owner(&r)
	for l.err == nil && l.pos < len(l.s) {
		if !bare {
			l.expect(';')
		}
		bare = false
		if l.err == nil {
			l.segment(&r)
		}
	}
	if l.err != nil {
		return results{}, fmt.Errorf("at octet %d: %w", l.pos+1, l.err)
	}
	r.torn = r.torn || l.torn
	r.weigh()
	return r, nil
}
