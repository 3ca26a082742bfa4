package message

import (
	"net/netip"
	"strings"
)

// commentWords are the words of a comment in front of another one in it, such as (may be
// forged) of Sendmail. It reports false if that holds an address.
func commentWords(comment string) (words []string, sound bool) {
	text, nested, _ := strings.Cut(comment, "(")
	return strings.FieldsFunc(text, isSpace), !names(nested, netip.Addr{})
}

// isHelo reports whether a comment tells the argument of HELO.
func isHelo(words []string) bool {
	if len(words) < 2 {
		return false
	}
	verb := lower(words[0])
	return verb == "helo" || verb == "ehlo" || verb == "lhlo"
}

// areNotes reports whether all words are those that Exim writes beside an address, each
// of which says what it is. One that ends in an address behind an @ may be Sendmail's, and
// the rest of it the answer of ident.
func areNotes(words []string) bool {
	for _, word := range words {
		key, _, found := strings.Cut(word, "=")
		if !found || key != "port" && key != "helo" && key != "ident" {
			return false
		}
		at := strings.LastIndexByte(word, '@')
		if tail := word[at+1:]; at >= 0 && (literal(tail).IsValid() || bare(tail).IsValid()) {
			return false
		}
	}
	return true
}

// noted is the name of HELO in such notes: what is silent says where there is none, "" if
// there are two.
func noted(words []string, silent string) string {
	helo, heard := silent, false
	for _, word := range words {
		name, found := strings.CutPrefix(word, "helo=")
		switch {
		case found && heard:
			return ""
		case found:
			helo, heard = name, true
		}
	}
	return helo
}

// isQuoted knows what ZMailer writes behind an address:
//
//	from rdns.test ([192.0.2.1]:4711 "HELO mail.test" rhost-flags-OK-OK-OK-OK)
func isQuoted(words []string) bool {
	return len(words) > 1 && strings.HasPrefix(words[0], `"`) &&
		isHelo([]string{words[0][1:], words[1]}) && strings.HasSuffix(words[1], `"`) &&
		!names(strings.Join(words[2:], " "), netip.Addr{})
}

// isUID knows the comment about the user whose program gave a message in, as Courier and
// dma write it. Courier names this machine as its client.
func isUID(comment string) bool {
	id, found := strings.CutPrefix(comment, "uid ")
	return found && id != "" && isNumber(id)
}

// isWeb knows the protocol that has no HELO: what stands behind "from" is the server's.
// Yahoo writes it above the line about its client:
//
//	from 127.0.0.1 by atlas.test pod-id NONE with HTTP; Mon
func isWeb(protocol string) bool { return protocol == "http" || protocol == "https" }

// signedIn reports whether the client of that protocol is a user of the server (RFC 3848):
// on the machine itself that is no relay, and what stands below is the user's.
func signedIn(protocol string) bool {
	return strings.HasSuffix(protocol, "smtpa") || strings.HasSuffix(protocol, "smtpsa")
}

// isRemark knows what CommuniGate and Microsoft SMTPSVC say of the name in front.
func isRemark(s string) bool { return s == "verified" || s == "RDNS failed" }

// names reports whether there is an address in s other than that one.
func names(s string, than netip.Addr) bool {
	for run := range strings.FieldsFuncSeq(s, endsAddress) {
		host, _, _ := strings.Cut(run, ":") // IPv4 with a port, or what looks like one
		for _, text := range [...]string{withoutTag(run), host} {
			if a, err := netip.ParseAddr(text); err == nil && a.Unmap() != than {
				return true
			}
		}
	}
	return false
}

// endsAddress knows what cannot stand within an address, whatever it is written for.
func endsAddress(r rune) bool {
	return r != ':' && r != '.' && (r >= 0x80 || !isAlnum(byte(r)))
}

func isAlnum(c byte) bool { return isDigit(c) || 'a' <= lowerByte(c) && lowerByte(c) <= 'z' }
