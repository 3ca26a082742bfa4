package limiter

import (
	"cmp"
	"net/netip"
)

// An Origin is where a client is, as far as shares go; the zero origin is not counted.
type Origin struct {
	address netip.Prefix // what counts as one: an IPv6 host has a /64 to itself
	network netip.Prefix // what one hand often holds all of: 256 IPv4 addresses, or a site's
	// share of IPv6 (RFC 6177)
}

// OriginOf is where a client is; the zero Addr is nowhere, and has the zero Origin.
func OriginOf(client netip.Addr) (o Origin) {
	address, network := 32, 24
	if client.Is6() {
		address, network = 64, 48
	}
	o.address, _ = client.Prefix(address)
	o.network, _ = client.Prefix(network)
	return o
}

// IsZero reports whether nothing is counted there.
func (o Origin) IsZero() bool { return o == (Origin{}) }

// Loads say how much each address and each network has of what is shared.
type Loads map[netip.Prefix]int

// Add counts n more at o.
func (l Loads) Add(o Origin, n int) {
	for _, p := range [...]netip.Prefix{o.address, o.network} {
		if l[p] += n; l[p] == 0 {
			delete(l, p)
		}
	}
}

// Of is how much there is at the address of o.
func (l Loads) Of(o Origin) int { return l[o.address] }

// Compare is above 0 where a has more than b: its network or, if that is the same, its address.
func (l Loads) Compare(a, b Origin) int {
	return cmp.Or(cmp.Compare(l[a.network], l[b.network]), cmp.Compare(l[a.address], l[b.address]))
}
