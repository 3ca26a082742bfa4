package mailauth

import (
	"errors"
	"fmt"
	"strings"
)

// A lexer reads a field from left to right, once. After the first error it reads nothing.
type lexer struct {
	s    string
	pos  int
	err  error
	torn bool // a comment ends within quotation marks, see weigh
}

// peek is the next octet, 0 at the end.
func (l *lexer) peek() byte {
	if l.err != nil || l.pos >= len(l.s) {
		return 0
	}
	return l.s[l.pos]
}

func (l *lexer) fail(what string) {
	if l.err == nil {
		l.err = errors.New(what)
	}
}

// expect passes over one octet that must come next.
func (l *lexer) expect(c byte) {
	if l.peek() != c {
		l.fail(fmt.Sprintf("%q is missing", c))
		return
	}
	l.pos++
}

// space passes over white space and comments, which nest (RFC 5322, section 3.2.2).
func (l *lexer) space() {
	depth, quoted := 0, false
	for ; l.err == nil && l.pos < len(l.s); l.pos++ {
		switch c := l.s[l.pos]; {
		case c == '(':
			depth++
		case depth > 0 && c == ')':
			depth--
			l.torn = l.torn || quoted
		case depth > 0 && c == '"':
			quoted = !quoted
		case depth > 0 && c == '\\':
			l.torn = true
			l.pos++
		case depth == 0 && c != ' ' && c != '\t':
			return
		}
	}
	if depth > 0 {
		l.pos = len(l.s)
		l.fail("a comment has no end")
	}
}

// owner reads the authserv-id and the version of the format, of which there is one. It
// reports whether there is no id in front of the first finding: Exchange Online writes none.
func (l *lexer) owner(r *results) (bare bool) {
	l.space()
	start := l.pos
	if l.peek() == '"' {
		r.id = l.quoted()
	} else {
		r.id = l.word(isToken)
	}
	l.space()
	switch c := l.peek(); {
	case c == 0 || c == ';':
		return false
	case (c == '=' || c == '/') && l.s[start] != '"':
		l.pos, r.id = start, ""
		return true
	}
	if l.word(isToken) != "1" {
		l.fail("this version of the format is not known")
	}
	l.space()
	return false
}

// segment reads what stands up to the next semicolon. If that is no finding it is skipped,
// up to the next octet that is one: nobody can tell what would be within quotation marks.
// From there on each octet that is one ends a segment, so that no comment which a stranger
// opens hides what the relay says behind it, or has the field read over and over.
func (l *lexer) segment(r *results) {
	start, end := l.pos, len(l.s)
	if at := strings.IndexByte(l.s[start:], ';'); at >= 0 {
		end = start + at
	}
	piece := &lexer{s: l.s, pos: start}
	if len(r.skipped) > 0 {
		piece.s = l.s[:end]
	}
	f, found := piece.finding()
	r.torn = r.torn || piece.torn
	if piece.err != nil || isRemark(f.method) {
		r.skipped = append(r.skipped, strings.Trim(l.s[start:end], " \t"))
		l.pos = end
		return
	}
	l.pos = piece.pos
	if f.at = len(r.skipped); found {
		r.all = append(r.all, f)
	}
}

// finding reads what one method found; nothing is found where that is "none", or nothing.
func (l *lexer) finding() (f finding, found bool) {
	ends := func() bool { return l.err == nil && (l.pos == len(l.s) || l.peek() == ';') }
	if l.space(); ends() {
		return f, false
	}
	f.method = l.keyword()
	if l.space(); f.method == "none" && ends() {
		return f, false
	}
	if l.peek() == '/' {
		l.pos++
		l.space()
		if l.word(isKeyword) != "1" {
			f.method += "/?" // another method altogether
		}
		l.space()
	}
	l.expect('=')
	l.space()
	f.result = l.keyword()
	l.space()
	for l.err == nil && l.pos < len(l.s) && l.peek() != ';' {
		l.property(&f)
	}
	l.unambiguous(f)
	return f, true
}

// property reads "ptype.property=value". What has no ptype, a reason or an invention of
// the writer's, is passed over.
func (l *lexer) property(f *finding) {
	name := l.keyword()
	typed := false
	if l.space(); l.peek() == '.' {
		l.pos++
		l.space()
		typed = true
		name += "." + l.keyword()
		l.space()
	}
	l.expect('=')
	l.space()
	value := l.value()
	l.space()
	if name == "smtp.mail" { // as Yandex calls it
		name = "smtp.mailfrom"
	}
	if typed {
		f.properties = append(f.properties, property{name, value})
	}
}

// value reads words and quoted strings that stand together: an address may have a quoted
// local part.
func (l *lexer) value() string {
	var b strings.Builder
	for {
		switch c := l.peek(); {
		case c == '"':
			b.WriteString(l.quoted())
		case isValue(c):
			b.WriteString(l.word(isValue))
		default:
			return b.String()
		}
	}
}

// quoted reads a quoted string (RFC 5322, section 3.2.4).
func (l *lexer) quoted() string {
	var b strings.Builder
	for l.pos++; l.pos < len(l.s); l.pos++ {
		c := l.s[l.pos]
		if c == '"' {
			l.pos++
			return b.String()
		}
		if c == '\\' && l.pos+1 < len(l.s) {
			l.pos++
			c = l.s[l.pos]
		}
		b.WriteByte(c)
	}
	l.fail("a quoted string has no end")
	return ""
}

// word reads at least one octet of a class.
func (l *lexer) word(class func(byte) bool) string {
	start := l.pos
	for class(l.peek()) {
		l.pos++
	}
	if l.pos == start {
		l.fail("a word is missing")
	}
	return l.s[start:l.pos]
}

func (l *lexer) keyword() string { return fold(l.word(isKeyword)) }

// unambiguous refuses a finding that says twice what it is about.
func (l *lexer) unambiguous(f finding) {
	for _, name := range singular {
		n := 0
		for _, p := range f.properties {
			if p.name == name {
				n++
			}
		}
		if n > 1 {
			l.fail(name + " stands twice")
		}
	}
}

// isKeyword tells what names of methods, results and properties are made of.
func isKeyword(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_'
}

// isToken is the token of RFC 2045, section 5.1.
func isToken(c byte) bool {
	return c > ' ' && c < 0x7f && strings.IndexByte(`()<>@,;:\"/[]?=`, c) < 0
}

// isValue tells what stands in values, more than the standard allows: relays write what
// they see.
func isValue(c byte) bool {
	return c > ' ' && c != 0x7f && strings.IndexByte(`();"\`, c) < 0
}
