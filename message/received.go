package message

import (
	"net/netip"
	"strings"
)

// maxReceived is the longest Received field that is read, in octets. The name in HELO, a
// reverse-path and two names out of a certificate fit in several times over.
const maxReceived = 8 << 10

// A Received is what one Received field says (RFC 5321, section 4.4). By and ID stand as
// they were written but for the letter case of By: anybody can have written them.
type Received struct {
	Client netip.Addr // who handed the message over, as the machine that wrote the field saw it
	By     string     // host behind "by", ASCII lower case, "" if none
	ID     string     // behind "id", "" if none
}

// ParseReceived reads a Received field as Field.Value gives it. The Client is the address
// that the server which wrote the field saw, and never one that the client chose in HELO,
// in its reverse DNS or for ident; IPv4-mapped addresses are IPv4. It is the zero Addr in
// any doubt: if there is another address where one could stand, if a word or comment
// stands where no server puts one, if "by" is missing or there twice. A field in which
// parentheses are not paired, with control characters or over 8 KiB says nothing at all.
func ParseReceived(value string) Received {
	tokens, sound := cutTrace(value)
	if !sound || len(tokens) == 0 {
		return Received{}
	}
	var r Received
	name := ""
	if tokens[0].is("from") {
		name = wordAt(tokens, 1) // even if it is "by"
		tokens = tokens[min(2, len(tokens)):]
	}
	by := only(tokens, "by")
	if by < 0 {
		return r
	}
	r.By = lower(wordAt(tokens, by+1))
	if id := only(tokens, "id"); id >= 0 {
		r.ID = wordAt(tokens, id+1)
	}
	if name != "" && !hidesAddress(tokens[by:]) {
		r.Client = tracedClient(name, tokens[:by])
	}
	return r
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

// hidesAddress reports whether a comment within a comment names an address. Behind "by" no
// server writes that, but a name that opens a comment makes it so of what follows it.
func hidesAddress(tokens []traceToken) bool {
	for _, t := range tokens {
		if i := strings.IndexByte(t.text, '('); i >= 0 && names(t.text[i:], netip.Addr{}) {
			return true
		}
	}
	return false
}
