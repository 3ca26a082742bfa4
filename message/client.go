package message

import (
	"net/netip"
	"strings"
)

// client is the client's address, and what it called itself, out of what stands between
// "from" and "by": a name and comments. Each form is one that servers write, and what is
// left over must not name another address: a client that gets parentheses into the line
// adds a comment of its own, and cannot take away the one that the server writes behind it.
func (l traceLine) client() (client netip.Addr, helo string) {
	var comments []string
	for _, t := range l.front {
		if !t.comment || isUID(t.text) {
			return netip.Addr{}, ""
		}
		comments = append(comments, t.text)
	}
	var rest []string
	switch {
	case len(comments) > 0:
		client, helo, rest = l.readClient(comments)
	case isWeb(l.protocol()):
		client = bare(l.name)
	} // else the name may be that of HELO, whatever it is
	for _, comment := range rest {
		if names(comment, client) {
			return netip.Addr{}, ""
		}
	}
	if !client.IsValid() || client.IsLoopback() && signedIn(l.protocol()) {
		return netip.Addr{}, ""
	}
	return client, helo
}

// readClient reads the first comment, and the second where the first is about HELO. The
// rest is what it has not looked at.
func (l traceLine) readClient(comments []string) (client netip.Addr, helo string, rest []string) {
	comment, rest := comments[0], comments[1:]
	words, sound := commentWords(comment)
	switch {
	case l.isChasquid():
		return l.chasquid(comment, rest)
	case isHelo(words):
		client, rest = behindHelo(l.name, comment, len(words) == 2, rest)
		return client, words[1], rest
	case !sound || len(words) == 0:
		return netip.Addr{}, "", nil
	case areNotes(words): // Exim: from [192.0.2.1] (port=4711 helo=mail.test)
		return literal(l.name), noted(words, ""), rest
	case len(words) == 1:
		return l.lone(words[0]), l.name, rest
	case areNotes(words[1:]): // Exim: from rdns.test ([192.0.2.1]:4711 helo=mail.test)
		// It leaves out a name of HELO that is the one in front.
		return besides(l.name, literal(words[0])), noted(words[1:], l.name), rest
	case isRemark(strings.Join(words[1:], " ")):
		return besides(l.name, literal(words[0])), l.name, rest
	case isQuoted(words[1:]):
		return besides(l.name, literal(words[0])), strings.Trim(words[2], `"`), rest
	case len(words) == 2:
		return extended(words[0], words[1]), l.name, rest
	}
	return netip.Addr{}, "", nil
}

// isChasquid knows a server by the comment behind its name.
func (l traceLine) isChasquid() bool { return commentAt(l.back, 2) == "chasquid" }

// chasquid reads the line of the one server that writes the address in front, in brackets,
// and the name of HELO by itself behind it:
//
//	from [192.0.2.1] (mail.test) by mx.test (chasquid) with ESMTP
//
// Elsewhere that name in front would be the one of HELO, and so it is here where a user has
// signed in, whose address it does not tell.
func (l traceLine) chasquid(helo string, rest []string) (netip.Addr, string, []string) {
	if signedIn(l.protocol()) {
		return netip.Addr{}, "", nil
	}
	return literal(l.name), helo, rest
}

// lone is the address in a comment that has nothing else. In brackets it is what the server
// saw, even if the name in front is an address, too (RFC 5321, section 4.4: TCP-info):
//
//	Sendmail, Courier, Haraka: from [192.168.1.5] ([192.0.2.1])
//	Exchange, qmail: from mail.test (192.0.2.1)
func (l traceLine) lone(word string) netip.Addr {
	client := alone(word)
	tcpInfo := word[0] == '[' && word[len(word)-1] == ']' || l.isExchange()
	if tcpInfo && literal(l.name).IsValid() {
		return client
	}
	return besides(l.name, client)
}

// isExchange knows the server that writes an address without brackets there.
func (l traceLine) isExchange() bool {
	with := only(l.back, "with")
	return with > 0 && wordAt(l.back, with+1) == "Microsoft" &&
		wordAt(l.back, with+2) == "SMTP" && wordAt(l.back, with+3) == "Server"
}

// behindHelo reads a line whose first comment is the argument of HELO:
//
//	qmail: from rdns.test (HELO mail.test) (192.0.2.1)
//	CommuniGate: from [192.0.2.1] (HELO mail.test)
//	Yahoo: from 192.0.2.1 (EHLO mail.test)
func behindHelo(name, helo string, whole bool, rest []string) (netip.Addr, []string) {
	if len(rest) > 0 {
		words, sound := commentWords(rest[0])
		if sound && len(words) == 1 && alone(words[0]).IsValid() {
			return besides(name, alone(words[0])), rest[1:]
		}
	}
	client := literal(name)
	if !client.IsValid() && whole {
		client = bare(name)
	}
	// Sendmail writes the same of [192.0.2.1] if its reverse DNS is "helo.", and then the
	// name in front is the one of HELO.
	if names(helo, client) {
		return netip.Addr{}, nil
	}
	return client, rest
}

// extended reads the TCP-info of RFC 5321, section 4.4, as Postfix and Sendmail write it:
// from mail.test (ident@rdns.test [192.0.2.1]). Here alone the name in front may be any
// other address, since it is the one of HELO and the address has a place of its own.
func extended(host, word string) netip.Addr {
	client := literal(word)
	if host == "<unknown>" { // OpenSMTPD, of one without reverse DNS
		return client
	}
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

// alone reads the one word of a comment: an address, with a port (XMail) or without, or that
// behind the answer of ident.
func alone(word string) netip.Addr {
	at := strings.LastIndexByte(word, '@')
	client := literal(word[at+1:])
	if !client.IsValid() {
		client = bare(withoutPort(word[at+1:]))
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

// literal reads an address in brackets (RFC 5321, section 4.1.3), with a port behind them,
// within them (Momentum), or without.
func literal(word string) netip.Addr {
	inner, port, closed := strings.Cut(word, "]")
	if !closed || inner == "" || inner[0] != '[' {
		return netip.Addr{}
	}
	if port != "" && (port[0] != ':' || len(port) == 1 || !isNumber(port[1:])) {
		return netip.Addr{}
	}
	if port == "" {
		inner = withoutPort(inner)
	}
	return bare(withoutTag(inner[1:]))
}

// withoutPort takes the port from an IPv4 address, with a bracket in front or none: within an
// IPv6 address nothing tells it from the last group.
func withoutPort(s string) string {
	host, port, found := strings.Cut(s, ":")
	if !found || port == "" || !isNumber(port) || !strings.Contains(host, ".") {
		return s
	}
	return host
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
