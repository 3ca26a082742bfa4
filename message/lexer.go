package message

import "strings"

// A lexer cuts an address list (RFC 5322, section 3.4) into items at its commas, in one
// pass and without recursion, whatever is nested in it.
type lexer struct {
	s       string
	i       int  // octets read
	unended bool // a quotation mark or parenthesis is never closed: do not look again
	piece
}

// A piece is what was found while reading one item. Positions are in s.
type piece struct {
	start          int
	opened, closed int // the angle brackets, -1 where there is none
	comment, after int // the first comment: where it begins and where it is over
	comments       int
	at             bool // an @ stands bare in front of the angle brackets
	problem        SenderProblem
	list           SenderProblem // the separator behind it
}

// next reads the next item. It reports false when there is none left.
func (l *lexer) next() (item, bool) {
	if l.i >= len(l.s) {
		return item{}, false
	}
	l.piece = piece{start: l.i, opened: -1, closed: -1}
	for l.i < len(l.s) && l.step() {
		l.i++
	}
	end := min(l.i, len(l.s))
	l.i++
	return l.divide(end), true
}

// step looks at one character, and reports whether the item goes on behind it.
func (l *lexer) step() bool {
	switch l.s[l.i] {
	case '"':
		l.quoted()
	case '(':
		l.commented()
	case ')':
		l.odd(BadComment)
	case '<':
		l.angle(&l.opened, SeveralAngles)
	case '>':
		l.angle(&l.closed, UnpairedAngle)
	case '@':
		l.at = l.at || l.opened < 0
		l.i += literalSize(l.s[l.i+1:])
	case '\\':
		l.escaped()
	case ',', ';', ':':
		return l.separated(l.s[l.i])
	}
	return true
}

// maxLiteral is the longest address literal, in octets: [IPv6:] around the 45 octets that an
// IPv6 address may take, which ends in one of IPv4.
const maxLiteral = 52

// literalSize is how much of s, which stands behind an @, is an address literal (RFC 5321,
// section 4.1.3). The colons of IPv6 separate nothing.
func literalSize(s string) int {
	if s == "" || s[0] != '[' {
		return 0
	}
	end := strings.IndexByte(s[:min(len(s), maxLiteral)], ']')
	if _, err := parseHost(s[:end+1]); err != nil {
		return 0
	}
	return end + 1
}

// odd keeps the first problem.
func (l *lexer) odd(p SenderProblem) {
	if l.problem == 0 {
		l.problem = p
	}
}

// angle notes where an angle bracket stands.
func (l *lexer) angle(where *int, again SenderProblem) {
	if *where >= 0 {
		l.odd(again)
		return
	}
	*where = l.i
}

// separated reports whether the item goes on behind a separator: between angle brackets a
// comma or colon belongs to a route.
func (l *lexer) separated(c byte) bool {
	if l.opened >= 0 && l.closed < 0 {
		return true
	}
	if c == ',' {
		l.list = SeveralMailboxes
	} else {
		l.list = GroupSyntax
	}
	return false
}

// escaped is a backslash outside quotation marks. It escapes nothing there (RFC 5322,
// section 3.2.1), yet some readers let it hide a comma. Before other characters it is
// the second octet of one in some Chinese and Japanese charsets.
func (l *lexer) escaped() {
	if l.i+1 < len(l.s) && strings.IndexByte(`",;:<>()@\`, l.s[l.i+1]) >= 0 {
		l.odd(StrayBackslash)
	}
}

// quoted passes over a quoted string.
func (l *lexer) quoted() {
	for i := l.i + 1; i < len(l.s) && !l.unended; i++ {
		switch l.s[i] {
		case '\\':
			i++
		case '"':
			l.i = i
			return
		}
	}
	l.unended = true
	l.odd(UnclosedQuote)
}

// commented passes over a comment. Its depth is a number and costs nothing.
func (l *lexer) commented() {
	depth := 0
	for i := l.i; i < len(l.s) && !l.unended; i++ {
		switch l.s[i] {
		case '\\':
			i++
		case '(':
			if depth++; depth == 2 {
				l.odd(BadComment)
			}
		case ')':
			if depth--; depth == 0 {
				l.pass(i + 1)
				return
			}
		}
	}
	l.unended = true
	l.odd(BadComment)
}

// pass goes behind a comment that ends at end.
func (l *lexer) pass(end int) {
	if l.comments++; l.comments == 1 {
		l.comment, l.after = l.i, end
	}
	l.i = end - 1
}
