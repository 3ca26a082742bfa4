package smtpd

import (
	"cmp"
	"net/netip"
)

// An origin is where a client is, as far as shares go; the zero origin is not counted.
type origin struct {
	address netip.Prefix // what counts as one: an IPv6 host has a /64 to itself
	network netip.Prefix // what one hand often holds all of: 256 IPv4 addresses, or what a site
	// is given of IPv6 (RFC 6177)
}

func originOf(client netip.Addr) (o origin) {
	address, network := 32, 24
	if client.Is6() {
		address, network = 64, 48
	}
	o.address, _ = client.Prefix(address)
	o.network, _ = client.Prefix(network)
	return o
}

// loads say how much each address and each network has of what is shared.
type loads map[netip.Prefix]int

func (l loads) add(o origin, n int) {
	for _, p := range [...]netip.Prefix{o.address, o.network} {
		if l[p] += n; l[p] == 0 {
			delete(l, p)
		}
	}
}

// compare is above 0 where a has more than b: its network or, if that is the same, its address.
func (l loads) compare(a, b origin) int {
	return cmp.Or(cmp.Compare(l[a.network], l[b.network]), cmp.Compare(l[a.address], l[b.address]))
}
