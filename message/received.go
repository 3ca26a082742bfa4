package message

import (
	"net/netip"
	"strings"
)

// maxReceived is the longest Received field that is read, in octets. The name in HELO, a
// reverse-path and two names out of a certificate fit in several times over.
const maxReceived = 8 << 10

// A Received is what one Received field says (RFC 5321, section 4.4). By, ID and Helo stand
// as they were written but for the letter case of By: anybody can have written them.
type Received struct {
	Client netip.Addr // who handed the message over, as the machine that wrote the field saw it
	Helo   string     // what the Client called itself, "" if that is not known
	By     string     // host behind "by", ASCII lower case, "" if none
	ID     string     // behind "id", "" if none
	Step   Step       // where there was no Client
}

// ParseReceived reads a Received field as Field.Value gives it. The Client is the address
// that the server which wrote the field saw, and never one that the client chose in HELO,
// in its reverse DNS or for ident; IPv4-mapped addresses are IPv4. It is the zero Addr in
// any doubt: if there is another address where one could stand, if a word or comment
// stands where no server puts one, if "by" is missing or there twice, be it in a comment;
// and if a program on that machine gave the message in. A field in which parentheses are
// not paired, with control characters or over 8 KiB says nothing at all.
func ParseReceived(value string) Received {
	tokens, sound := cutTrace(value)
	if !sound || len(tokens) == 0 {
		return Received{}
	}
	if step := qmailStep(tokens); step != NoStep {
		return Received{Step: step}
	}
	var l traceLine
	if tokens[0].is("from") {
		l.named, tokens = true, tokens[1:]
		if l.name = wordAt(tokens, 0); l.name != "" {
			tokens = tokens[1:] // even if it is "by"
		}
	}
	by := only(tokens, "by")
	if by < 0 {
		return Received{}
	}
	l.front, l.back = tokens[:by], tokens[by:]
	r := Received{By: lower(wordAt(l.back, 1))}
	if id := only(tokens, "id"); id >= 0 {
		r.ID = wordAt(tokens, id+1)
	}
	if hides(tokens, "by") {
		return r
	}
	if r.Step = l.step(); r.Step == NoStep && l.name != "" {
		r.Client, r.Helo = l.client()
	}
	return r
}

// A traceLine is a Received field cut where its "by" stands.
type traceLine struct {
	named bool         // it begins with "from"
	name  string       // the word behind "from"
	front []traceToken // from there to "by"
	back  []traceToken // "by" and all behind it
}

// A traceToken is a word, a semicolon or a comment of a Received field.
type traceToken struct {
	text    string // of a comment without its parentheses
	comment bool
}

func (t traceToken) word() bool { return !t.comment && t.text != "" && t.text != ";" }

// is reports whether t is that keyword.
func (t traceToken) is(keyword string) bool { return t.word() && lower(t.text) == keyword }

// cutTrace cuts a field into tokens, in one pass. Quotation marks and backslashes hide
// nothing here, so that no name from outside can open one in front of what the server
// wrote; it reports false where that could make a difference.
func cutTrace(s string) (tokens []traceToken, sound bool) {
	if len(s) > maxReceived || strings.ContainsFunc(s, isControl) ||
		strings.Contains(s, `\(`) || strings.Contains(s, `\)`) {
		return nil, false
	}
	depth, start := 0, 0 // of the token that is being read
	for i := 0; i < len(s); i++ {
		c := s[i]
		if depth == 0 && strings.IndexByte(" \t;()", c) >= 0 {
			tokens = addWord(tokens, s[start:i])
			start = i + 1
		}
		switch {
		case c == '(':
			depth++
		case c == ')' && depth == 0:
			return nil, false
		case c == ')':
			if depth--; depth == 0 {
				tokens = append(tokens, traceToken{s[start:i], true})
				start = i + 1
			}
		case c == ';' && depth == 0:
			tokens = append(tokens, traceToken{text: ";"})
		}
	}
	return addWord(tokens, s[start:]), depth == 0
}

func addWord(tokens []traceToken, word string) []traceToken {
	if word == "" {
		return tokens
	}
	return append(tokens, traceToken{text: word})
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// only is where the keyword stands, -1 if it stands nowhere or twice.
func only(tokens []traceToken, keyword string) int {
	at := -1
	for i, t := range tokens {
		if !t.is(keyword) {
			continue
		}
		if at >= 0 {
			return -1
		}
		at = i
	}
	return at
}

// wordAt is the word at i, "" if there is none.
func wordAt(tokens []traceToken, i int) string {
	if i >= len(tokens) || !tokens[i].word() {
		return ""
	}
	return tokens[i].text
}

// commentAt is the comment at i, "" if there is none.
func commentAt(tokens []traceToken, i int) string {
	if i >= len(tokens) || !tokens[i].comment {
		return ""
	}
	return tokens[i].text
}

// hides reports whether the word stands in a comment. Every server writes a "by", behind what
// it knows of its client: whoever gets another one into the line has to hide that one.
func hides(tokens []traceToken, word string) bool {
	for _, t := range tokens {
		for w := range strings.FieldsFuncSeq(t.text, endsWord) {
			if t.comment && lower(w) == word {
				return true
			}
		}
	}
	return false
}

func endsWord(r rune) bool { return isSpace(r) || r == '(' || r == ')' || r == ';' }
