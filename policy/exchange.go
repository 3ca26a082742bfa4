package policy

import (
	"net/netip"
	"slices"
	"strings"
)

// inner reports whether a machine of a service that the operator has named wrote the line
// about another one of it: such machines have no published addresses.
func (s *Settings) inner(line string) bool {
	return slices.ContainsFunc(s.Filters, func(p *Product) bool {
		return p.Inner != nil && p.Inner(line)
	})
}

// oneNetwork is how many bits the addresses of two machines of one service share: a /32 is
// the least that a registry gives to a network, and nobody else's machines are in it.
const oneNetwork = 32

// exchangeInner knows the line of one machine of Exchange Online about another:
//
//	from A (2001:db8::1) by B (2001:db8::2) with Microsoft SMTP Server (…) id 15.20.1.2; …
//
// The front ends that take mail from outside write "via Frontend Transport" behind the id,
// and a client that signs in comes from elsewhere than the network of the machine that
// writes. Servers on somebody's premises have another version.
func exchangeInner(line string) bool {
	line, _, _ = strings.Cut(line, ";")
	words := strings.Fields(line)
	if len(words) < 12 || words[0] != "from" || words[3] != "by" ||
		!slices.Equal(words[6:10], []string{"with", "Microsoft", "SMTP", "Server"}) {
		return false
	}
	id := words[len(words)-2:]
	if id[0] != "id" || !strings.HasPrefix(id[1], "15.20.") {
		return false
	}
	from, by := parenthesised(words[2]), parenthesised(words[5])
	network, err := by.Prefix(oneNetwork)
	return err == nil && by.Is6() && network.Contains(from)
}

// parenthesised is the address in "(2001:db8::1)", the zero Addr if there is none.
func parenthesised(word string) netip.Addr {
	inner, ok := strings.CutPrefix(word, "(")
	if !ok || !strings.HasSuffix(inner, ")") {
		return netip.Addr{}
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(inner, ")"))
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap()
}
