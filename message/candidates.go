package message

import (
	"mime"
	"slices"
	"strings"
	"unicode/utf8"
)

// addressCandidates gathers every address that some reader could make of a text. It reads the
// text in several ways, each in one pass, and errs on the side of finding more.
type addressCandidates struct {
	found  []Address
	unread string   // the first word that is like an address, and no address can be made of it
	opaque bool     // there is an @, or what may hide one
	sealed bool     // an encoded word in it cannot be decoded
	done   []string // what was read
}

// mayHideAddress reports whether a text can name an address to any reader.
func mayHideAddress(s string) bool {
	return strings.ContainsAny(s, "@＠﹫") || strings.Contains(s, "=?") || strings.Contains(s, "%40")
}

// text reads s as it stands, and with its encoded words decoded: each joined to the one
// before, as RFC 2047 has it (section 6.2), and each alone.
func (g *addressCandidates) text(s string) {
	s = g.quoted(s)
	g.readings(s)
	if !strings.Contains(s, "=?") {
		g.opaque = true
		return
	}
	decoder := mime.WordDecoder{CharsetReader: charsetReader}
	for _, s := range []string{s, strings.ReplaceAll(s, "=?", ",=?")} {
		decoded, err := decoder.DecodeHeader(s)
		g.sealed = g.sealed || err != nil
		g.opaque = g.opaque || err != nil || mayHideAddress(decoded)
		g.readings(decoded)
	}
}

// quoted reads each local part between quotation marks as it stands there, and gives the text
// without those that can be read in no other way: a blank in them divides no words.
func (g *addressCandidates) quoted(s string) string {
	var b strings.Builder
	for {
		before, behind, found := strings.Cut(s, `"`)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		size := wordSize(`"`+behind) - 1
		local, domain, isLocal := strings.Cut(behind[:size], `"@`)
		if isLocal && g.take(`"`+local+`"@`+until(domain, endsDomain)) && !strings.Contains(local, "@") {
			s = "x " + behind[size:]
			continue
		}
		b.WriteString(`"`)
		s = behind
	}
}

// take takes an address that is whole, and reports whether it is one.
func (g *addressCandidates) take(text string) bool {
	a, err := ParseAddress(text)
	switch {
	case err != nil && g.unread == "":
		g.unread = text
	case err == nil && len(g.found) <= maxReplies && !slices.Contains(g.found, a):
		g.found = append(g.found, a)
	}
	return err == nil
}

// readings reads s with its comments and its quotation marks, and without them.
func (g *addressCandidates) readings(s string) {
	quotes := strings.NewReplacer(`"`, "", `\`, "")
	for _, s := range []string{s, withoutComments(s)} {
		g.reading(s)
		g.reading(quotes.Replace(s))
	}
}

// reading reads s with white space around each @ taken away, and around each dot too
// (RFC 5322, section 4.4). A link has %40 for @, and NFKC makes an @ of its wide forms.
func (g *addressCandidates) reading(s string) {
	s = strings.NewReplacer("＠", "@", "﹫", "@", "%40", "@").Replace(s)
	if !strings.Contains(s, "@") {
		return
	}
	g.words(tighten(s, "@"))
	g.words(tighten(s, "@."))
	g.literals(tighten(s, "@"))
}

// literals reads what is in front of each address literal, of which no word has all.
func (g *addressCandidates) literals(s string) {
	for {
		before, host, found := strings.Cut(s, "@[")
		if !found {
			return
		}
		host = "[" + host
		end := literalSize(host)
		ends := host[end:] == "" || divides(rune(host[end]))
		local := before[strings.LastIndexFunc(before, divides)+1:]
		if (!ends || !g.read(local, host[:end])) && g.unread == "" {
			g.unread = local + "@" + until(host, func(r rune) bool { return r == '>' || isSpace(r) })
		}
		s = host[max(end, 1):]
	}
}

// words reads each run of characters that could be in an address. Two ways of reading
// that give the same text are one.
func (g *addressCandidates) words(s string) {
	if slices.Contains(g.done, s) {
		return
	}
	g.done = append(g.done, s)
	for word := range strings.FieldsFuncSeq(s, divides) {
		parts := strings.Split(word, "@")
		for i := 1; i < len(parts); i++ {
			if parts[i-1] != "" && parts[i] != "" {
				g.pair(parts[i-1], parts[i])
			}
		}
		if last := strings.LastIndex(word, "@"); len(parts) > 2 {
			g.read(word[:last], word[last+1:])
		}
	}
}

// divides reports whether r stands between words.
func divides(r rune) bool {
	return r < utf8.RuneSelf && !isAtext(byte(r)) && r != '.' && r != '@'
}

// pair reads what stands before and after one @: as it is, as only the plain letters
// beside the @ are, and as the route to another host that the local part may be.
func (g *addressCandidates) pair(local, domain string) {
	if !g.read(local, until(domain, endsDomain)) && g.unread == "" {
		g.unread = local + "@" + domain
	}
	begin := len(local)
	for begin > 0 && !notPlain(rune(local[begin-1])) {
		begin--
	}
	g.read(local[begin:], strings.Trim(until(domain, notPlain), ".-"))
	g.route(local)
}

// route reads name%host and host!name (RFC 5321, appendix C).
func (g *addressCandidates) route(local string) {
	hops := strings.Split(local, "%")
	for i := 1; i < len(hops); i++ {
		g.read(hops[i-1], hops[i])
	}
	hops = strings.Split(local, "!")
	for i := 1; i < len(hops); i++ {
		g.read(hops[i], hops[i-1])
	}
}

// read takes an address, and reports whether it is one. A local part with an @ in it is one
// that only lacks its quotation marks.
func (g *addressCandidates) read(local, domain string) bool {
	if local == "" || domain == "" || len(g.found) > maxReplies {
		return local != "" && domain != ""
	}
	spec := unquoted(local + "@" + domain)
	a, err := ParseAddress(spec)
	if err != nil {
		at := strings.LastIndexByte(spec, '@')
		a, err = ParseAddress(`"` + escapeQuoted(spec[:at]) + `"` + spec[at:])
	}
	if err == nil && !slices.Contains(g.found, a) {
		g.found = append(g.found, a)
	}
	return err == nil
}

// unquoted is an address without typographic quotation marks around it. No domain ends with one
// (RFC 5892, section 2.6), so that nobody can make another address of it.
func unquoted(spec string) string {
	const marks = "“”„‟‘’‚‛«»‹›"
	if bare := strings.TrimRight(spec, marks); bare != spec {
		return strings.TrimLeft(bare, marks)
	}
	return spec
}

// until is s in front of the first character that ends it.
func until(s string, ends func(rune) bool) string {
	if i := strings.IndexFunc(s, ends); i >= 0 {
		return s[:i]
	}
	return s
}

// endsDomain knows what no domain has in it, in any script.
func endsDomain(r rune) bool { return r < utf8.RuneSelf && notPlain(r) }

// notPlain knows what not every reader takes for part of an address.
func notPlain(r rune) bool {
	return r >= utf8.RuneSelf || r != '.' && r != '+' && !isLDH(lowerByte(byte(r)))
}

// tighten takes away the white space on both sides of each of the characters.
func tighten(s, around string) string {
	var b strings.Builder
	b.Grow(len(s))
	space, glued := false, true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if isSpace(rune(c)) {
			space = true
			continue
		}
		tight := strings.IndexByte(around, c) >= 0
		if space && !glued && !tight {
			b.WriteByte(' ')
		}
		b.WriteByte(c)
		space, glued = false, tight
	}
	return b.String()
}

// withoutComments takes the comments out, nested ones too, and what follows one that is
// never closed.
func withoutComments(s string) string {
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		from := i
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
		case c == '"' && depth == 0:
			quoted = !quoted
		case c == '(' && !quoted:
			depth++
		case c == ')' && depth > 0:
			depth--
			continue
		}
		if depth == 0 {
			b.WriteString(s[from : i+1])
		}
	}
	return b.String()
}
