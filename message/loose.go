package message

import (
	"bytes"
	"strings"
)

// loneAddress is the only address of a field that is an address list: every item has the same
// one, or is a piece of the name without any, as where a name has a comma or a colon in it. A
// group (RFC 6854), and what is too long to be looked through, have none.
func loneAddress(value string) (lone spot, name string, ok bool) {
	if len(value) > maxDoubtful {
		return lone, "", false
	}
	var separators, pieces string
	l := lexer{s: value}
	for it, more := l.next(); more; it, more = l.next() {
		if it.list != 0 {
			separators += value[l.i-1 : l.i]
		}
		s, alone := it.only()
		text, sound := masked(it.text)
		switch {
		case alone && lone.IsZero():
			lone, name = s, s.name(value[:l.start+s.from], it)
		case alone && s.Address != lone.Address,
			!alone && (!sound || strings.ContainsAny(text, "<>@")):
			return lone, "", false
		case !alone:
			pieces += text + ", "
		}
	}
	isGroup := strings.Contains(separators, ":") && strings.Contains(separators, ";")
	halfQuoted := l.unended && strings.Count(value, `"`) != 1
	if lone.IsZero() || isGroup || halfQuoted {
		return lone, "", false
	}
	return lone, name, !namesAnother(pieces, lone.Address)
}

// A spot is an address that is the only one in its item, and where it stands there: the
// angle brackets are outside.
type spot struct {
	Address
	from, to int
	problem  SenderProblem // 0 or RawUTF8
}

// only is the one address that any reader can find in the item, whatever stands around it:
// between the last angle brackets, or bare between comments. Another address elsewhere in
// the item is one that a reader may find; what stands between quotation marks in front is a
// name.
func (it item) only() (s spot, ok bool) {
	text, sound := masked(it.text)
	if !sound {
		return s, false
	}
	s.from, s.to = place(text)
	spec := trim(it.text[s.from:s.to])
	a, err := ParseAddress(spec)
	if s.problem = specProblem(spec, a, err); s.problem != 0 && s.problem != RawUTF8 {
		return s, false
	}
	s.Address = a
	before, sound := masked(without(it.text[:s.from], a))
	if _, inner, _ := strings.Cut(before, "<"); !sound || strings.Contains(inner, "@") {
		return s, false // an address in brackets is no name, whatever it is
	}
	return s, !namesAnother(before+" "+it.text[s.to:], a)
}

// name is the display name beside the spot: before is all that stands in front of it.
func (s spot) name(before string, it item) string {
	text := strings.TrimRight(before, "< \t")
	if trim(text) == "" {
		text = strings.Trim(it.text[s.to:], "> \t")
	}
	inner, found := strings.CutPrefix(trim(text), "(")
	if inner, closed := strings.CutSuffix(inner, ")"); found && closed {
		text = inner
	}
	return item{phrase: text}.name()
}

// place finds where the address stands in the text of an item that was masked: nowhere if
// there is no place for one.
func place(text string) (from, to int) {
	from = strings.LastIndexByte(text, '<') + 1
	if from == 0 {
		return bareAddress(text)
	}
	end := strings.IndexByte(text[from:], '>')
	if end < 0 {
		return 0, 0
	}
	to = from + end
	before, behind := text[:from-1], text[to+1:]
	if strings.HasSuffix(trim(before), "<") || strings.Contains(behind, ">") {
		return 0, 0
	}
	return from, to
}

// bareAddress is place for an item without angle brackets: the address is all that is no
// comment.
func bareAddress(text string) (from, to int) {
	bare, depth := []byte(text), 0
	for i, c := range bare {
		if c == '(' {
			depth++
		}
		if depth > 0 {
			bare[i] = ' '
		}
		if c == ')' {
			depth--
		}
	}
	word := trim(string(bare))
	if strings.ContainsAny(word, " \t>") {
		return 0, 0
	}
	from = strings.Index(string(bare), word)
	return from, from + len(word)
}

// masked is the text with an octet that no address has in the place of each one of a quoted
// string, so that a name in quotation marks has nothing in it, and one beside an @ makes an
// address that nobody can read. It is not sound where readers differ in what is quoted or a
// comment: there is a backslash, or a parenthesis that has no other half or stands within
// others. A quotation mark without its other half quotes nothing.
func masked(s string) (text string, sound bool) {
	if strings.IndexByte(s, '\\') >= 0 {
		return "", false
	}
	b, quote, depth := []byte(s), -1, 0
	for i, c := range b {
		switch {
		case c == '"' && depth == 0 && quote < 0:
			quote = i
		case c == '"' && depth == 0:
			copy(b[quote:], bytes.Repeat([]byte{0xff}, i+1-quote))
			quote = -1
		case quote >= 0:
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		if depth < 0 || depth > 1 {
			return "", false
		}
	}
	if quote >= 0 && strings.Count(s, `"`) == 1 {
		return masked(s[:quote] + " " + s[quote+1:])
	}
	return string(b), depth == 0 && quote < 0
}

// namesAnother reports whether some reader could find an address other than a in a text that
// was masked. One at a name of a single label is on no mail server of the Internet: it is
// how brands are written, and no other address.
func namesAnother(text string, a Address) bool {
	text = without(text, a)
	if !mayHideAddress(text) {
		return false
	}
	var g addressCandidates
	g.text(text)
	if g.unread != "" || g.sealed {
		return true
	}
	for _, b := range g.found {
		encoded := strings.Contains(b.spec, "=?") // what is in it was decoded, too
		if b != a && !encoded && strings.Contains(string(b.Domain()), ".") {
			return true
		}
	}
	return false
}

// without is the text with an x for each word that is the address a, also between
// apostrophes, as Outlook writes a name that is an address.
func without(text string, a Address) string {
	b := []byte(text)
	for start := 0; start < len(b); {
		end := start + wordSize(text[start:])
		word := text[start:end]
		if len(word) > 2 && word[0] == '\'' && word[len(word)-1] == '\'' {
			word = word[1 : len(word)-1]
		}
		if other, err := ParseAddress(word); err == nil && other == a {
			copy(b[start:end], "x"+strings.Repeat(" ", len(word)+1))
		}
		start = max(end, start+1)
	}
	return string(b)
}

// wordSize is how much of s is one word, with the quoted local part that it may begin with, and
// the address literal with which it may end.
func wordSize(s string) int {
	local := 0
	if strings.HasPrefix(s, `"`) {
		local = strings.Index(s[1:], `"`) + len(`""`)
	}
	end := local + len(until(s[local:], divides))
	if strings.HasSuffix(s[:end], "@") {
		end += literalSize(s[end:])
	}
	return end
}

// unquotedName is the text of the item in which to look for other addresses: what is quoted
// in the name of an address that can be read is only a name. What stands between quotation
// marks beside an @ or a dot is part of an address, also where a comment lies between.
func (it item) unquotedName() string {
	if _, sound := masked(it.text); !sound || it.phrase == "" {
		return it.text
	}
	var b strings.Builder
	rest := it.phrase
	for {
		before, quoted, found := strings.Cut(rest, `"`)
		inner, behind, _ := strings.Cut(quoted, `"`)
		b.WriteString(before)
		if !found {
			break
		}
		if touches(before, len(trim(before))-1) || touches(trim(behind), 0) {
			b.WriteString(`"` + inner + `"`)
		}
		rest = behind
	}
	return b.String() + it.text[len(it.phrase):]
}

// touches reports whether what is quoted beside octet i of s is part of an address.
func touches(s string, i int) bool {
	return 0 <= i && i < len(s) && strings.IndexByte("@.()", s[i]) >= 0
}
