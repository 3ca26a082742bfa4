package message

import "strings"

// A Mailbox is one readable address and the name shown beside it.
type Mailbox struct {
	Name    string // for people only, see Sender
	Address Address
}

// An item is one element of an address list: the parts of it that could be told apart,
// and the first thing that is wrong with them.
type item struct {
	text    string // all of it
	phrase  string // before the angle brackets
	spec    string // the address, between angle brackets or bare
	comment string // the one comment behind it, without its parentheses
	problem SenderProblem
	list    SenderProblem // what says that it is not the only item
}

// whole is the first thing that is wrong with the list in which the item stands.
func (it item) whole() SenderProblem {
	if it.problem != 0 {
		return it.problem
	}
	return it.list
}

// divide makes an item of the piece that ends at end.
func (l *lexer) divide(end int) item {
	it := item{text: l.s[l.start:end], list: l.list}
	behind := "" // the address
	switch {
	case l.opened < 0:
		it.spec, behind = l.bare(end)
	case l.closed < l.opened:
		it.phrase, it.spec = l.s[l.start:l.opened], l.s[l.opened+1:end]
		l.odd(UnpairedAngle)
	default:
		it.phrase, it.spec = l.s[l.start:l.opened], l.s[l.opened+1:l.closed]
		behind = l.s[l.closed+1 : end]
	}
	it.spec = trim(it.spec)
	it.comment = l.remark(trim(behind))
	if l.at && l.opened >= 0 {
		l.odd(AddressAsName)
	}
	it.problem = l.problem
	return it
}

// bare divides an item that has no opening angle bracket.
func (l *lexer) bare(end int) (spec, behind string) {
	if l.closed >= 0 {
		l.odd(UnpairedAngle)
	}
	spec = l.s[l.start:end]
	if l.comments > 0 {
		spec, behind = l.s[l.start:l.comment], l.s[l.comment:end]
	}
	if text := trim(spec); strings.ContainsAny(text, " \t") && text[0] != '"' {
		l.odd(TextBeside)
		spec = onlyAddress(text)
	}
	return spec, behind
}

// remark is the text of the comment that is all there is behind the address. One flat
// comment there is how names were written before RFC 822; anywhere else, or beside other
// text, readers differ.
func (l *lexer) remark(behind string) string {
	switch {
	case l.comments == 0 && behind == "":
		return ""
	case l.comments == 1 && behind == l.s[l.comment:l.after]:
		if strings.Contains(behind, "<") && mayHideAddress(behind) { // some look for nothing else
			l.odd(BadComment)
		}
		return behind[1 : len(behind)-1]
	case l.comments == 0:
		l.odd(TextBeside)
	default:
		l.odd(BadComment)
	}
	return ""
}

// onlyAddress is the only word of text with an @ in it, or "".
func onlyAddress(text string) string {
	found := ""
	for word := range strings.FieldsSeq(text) {
		if strings.Contains(word, "@") {
			if found != "" {
				return ""
			}
			found = word
		}
	}
	return found
}

// name is the display name for people, decoded after the address was told from it: what
// an encoded word turns into is never read for its structure (RFC 2047, section 6.2).
func (it item) name() string {
	text := it.phrase
	if trim(text) == "" {
		text = it.comment
	}
	if strings.IndexByte(text, '"') >= 0 {
		text = withoutQuotes(text)
	}
	return first(squeeze(decode(text)), maxUnstructured)
}

// withoutQuotes takes quotation marks and the backslashes between them away.
func withoutQuotes(s string) string {
	var b strings.Builder
	inside := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			inside = !inside
			continue
		case s[i] == '\\' && inside && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
