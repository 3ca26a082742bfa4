package message

import (
	"net/netip"
	"strings"
)

// tracedClient is the client's address out of what stands between "from" and "by": a name
// and comments. Each form is one that servers write, and what is left over must not name
// another address: a client that gets parentheses into the line adds a comment of its
// own, and cannot take away the one that the server writes behind it.
func tracedClient(name string, tokens []traceToken) netip.Addr {
	var comments []string
	for _, t := range tokens {
		if !t.comment {
			return netip.Addr{}
		}
		comments = append(comments, t.text)
	}
	if len(comments) == 0 {
		return netip.Addr{} // the name alone may be that of HELO, whatever it is
	}
	client, rest := readClient(name, comments)
	for _, comment := range rest {
		if names(comment, client) {
			return netip.Addr{}
		}
	}
	return client
}

// readClient reads the first comment, and the second where the first is about HELO. The
// rest is what it has not looked at.
func readClient(name string, comments []string) (client netip.Addr, rest []string) {
	comment, rest := comments[0], comments[1:]
	words, sound := commentWords(comment)
	switch {
	case isHelo(words):
		return behindHelo(name, comment, rest)
	case !sound || len(words) == 0:
		return netip.Addr{}, nil
	case areNotes(words): // Exim: from [192.0.2.1] (port=4711 helo=mail.test)
		return literal(name), rest
	case len(words) == 1: // Exchange, qmail: from mail.test (192.0.2.1)
		return besides(name, alone(words[0])), rest
	case areNotes(words[1:]), isRemark(strings.Join(words[1:], " ")):
		// Exim: from rdns.test ([192.0.2.1]:4711 helo=mail.test)
		return besides(name, literal(words[0])), rest
	case len(words) == 2:
		return extended(words[0], words[1]), rest
	}
	return netip.Addr{}, nil
}

// behindHelo reads a line whose first comment is the argument of HELO:
//
//	qmail: from rdns.test (HELO mail.test) (192.0.2.1)
//	CommuniGate: from [192.0.2.1] (HELO mail.test)
func behindHelo(name, helo string, rest []string) (client netip.Addr, others []string) {
	if len(rest) > 0 {
		words, sound := commentWords(rest[0])
		if sound && len(words) == 1 && alone(words[0]).IsValid() {
			return besides(name, alone(words[0])), rest[1:]
		}
	}
	// Sendmail writes the same of [192.0.2.1] if its reverse DNS is "helo.", and then the
	// name in front is the one of HELO.
	if client = literal(name); names(helo, client) {
		return netip.Addr{}, nil
	}
	return client, rest
}

// extended reads the TCP-info of RFC 5321, section 4.4, as Postfix and Sendmail write it:
// from mail.test (ident@rdns.test [192.0.2.1]). Here alone the name in front may be any
// other address, since it is the one of HELO and the address has a place of its own.
func extended(host, word string) netip.Addr {
	client := literal(word)
	if strings.ContainsAny(host, "[]=") || names(host, client) {
		return netip.Addr{}
	}
	for _, c := range []byte(host[strings.LastIndexByte(host, '@')+1:]) {
		if c != '.' && !isLDH(lowerByte(c)) {
			return netip.Addr{}
		}
	}
	return client
}

// alone reads the one word of a comment: an address, or that behind the answer of ident.
func alone(word string) netip.Addr {
	at := strings.LastIndexByte(word, '@')
	client := literal(word[at+1:])
	if !client.IsValid() {
		client = bare(word[at+1:])
	}
	return besides(word[:at+1], client)
}

// besides is the client, unless the text beside it is another address: some servers write
// the address in front of the name of HELO, others behind it.
func besides(text string, client netip.Addr) netip.Addr {
	if names(text, client) {
		return netip.Addr{}
	}
	return client
}

// literal reads an address in brackets (RFC 5321, section 4.1.3), with a port or without.
func literal(word string) netip.Addr {
	inner, port, closed := strings.Cut(word, "]")
	if !closed || inner == "" || inner[0] != '[' {
		return netip.Addr{}
	}
	if port != "" && (port[0] != ':' || len(port) == 1 || !isNumber(port[1:])) {
		return netip.Addr{}
	}
	return bare(withoutTag(inner[1:]))
}

// bare reads an address as it stands. The unspecified address and one with a zone are
// none: no other machine can have them.
func bare(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" || a.Unmap().IsUnspecified() {
		return netip.Addr{}
	}
	return a.Unmap()
}

func withoutTag(s string) string {
	const tag = "ipv6:"
	if len(s) >= len(tag) && lower(s[:len(tag)]) == tag {
		return s[len(tag):]
	}
	return s
}

// commentWords are the words of a comment in front of another one in it, such as (may be
// forged) of Sendmail. It reports false if that holds an address.
func commentWords(comment string) (words []string, sound bool) {
	text, nested, _ := strings.Cut(comment, "(")
	return strings.FieldsFunc(text, isSpace), !names(nested, netip.Addr{})
}

// isHelo reports whether a comment tells the argument of HELO.
func isHelo(words []string) bool {
	if len(words) == 0 {
		return false
	}
	verb := lower(words[0])
	return verb == "helo" || verb == "ehlo" || verb == "lhlo"
}

// areNotes reports whether all words are those that Exim writes beside an address, each
// of which says what it is.
func areNotes(words []string) bool {
	for _, word := range words {
		key, _, found := strings.Cut(word, "=")
		if !found || key != "port" && key != "helo" && key != "ident" {
			return false
		}
	}
	return true
}

// isRemark knows what CommuniGate and Microsoft SMTPSVC say of the name in front.
func isRemark(s string) bool { return s == "verified" || s == "RDNS failed" }

// names reports whether there is an address in s other than that one.
func names(s string, than netip.Addr) bool {
	for run := range strings.FieldsFuncSeq(s, endsAddress) {
		a, err := netip.ParseAddr(withoutTag(run))
		if err == nil && a.Unmap() != than {
			return true
		}
	}
	return false
}

// endsAddress knows what cannot stand within an address, whatever it is written for.
func endsAddress(r rune) bool {
	return r != ':' && r != '.' && (r >= 0x80 || !isAlnum(byte(r)))
}

func isAlnum(c byte) bool { return isDigit(c) || 'a' <= lowerByte(c) && lowerByte(c) <= 'z' }
