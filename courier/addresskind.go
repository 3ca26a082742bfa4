package courier

import "net/netip"

// A special prefix is one that leads to nobody's public server (RFC 6890 and the registries of
// IANA that it began).
type special struct {
	prefix   string
	kind     string
	nameable bool // the name of a host may stand for it in the settings
}

// specials are asked in this order: the narrow before the wide.
func specials() []special {
	return []special{
		// From here programs on rented machines learn their keys and settings.
		{"169.254.169.254/32", "metadata", false},
		{"168.63.129.16/32", "metadata", false},
		{"100.100.100.200/32", "metadata", false},
		{"192.0.0.192/32", "metadata", false},
		{"fd00:ec2::/32", "metadata", false},
		{"fd20:ce::254/128", "metadata", false},

		{"0.0.0.0/8", "unspecified", true}, // the system takes it for this machine
		{"10.0.0.0/8", "private", true},
		{"100.64.0.0/10", "private", true}, // shared by a provider's customers, RFC 6598
		{"127.0.0.0/8", "loopback", true},
		{"169.254.0.0/16", "link-local", false},
		{"172.16.0.0/12", "private", true},
		{"192.0.0.0/24", "reserved", false},
		{"192.0.2.0/24", "documentation", false},
		{"192.168.0.0/16", "private", true},
		{"198.18.0.0/15", "benchmark", false},
		{"198.51.100.0/24", "documentation", false},
		{"203.0.113.0/24", "documentation", false},
		{"224.0.0.0/4", "multicast", false},
		{"240.0.0.0/4", "reserved", false}, // with 255.255.255.255, broadcast

		{"::1/128", "loopback", true},
		{"::/128", "unspecified", true},
		{"fc00::/7", "private", true},
		{"fe80::/10", "link-local", false},
		{"fec0::/10", "private", true}, // site-local, RFC 3879
		{"ff00::/8", "multicast", false},
		{"100::/64", "reserved", false},
		{"2001:db8::/32", "documentation", false},
		{"3fff::/20", "documentation", false},
		{"5f00::/16", "reserved", false},
		{"64:ff9b:1::/48", "private", true}, // translated at this site, RFC 8215
	}
}

// An embedded address is one of IPv4 inside one of IPv6: the packet goes, or may go, to it.
type embedded struct {
	prefix string
	at     int // octets before the IPv4 address
}

func embeddings() []embedded {
	return []embedded{
		{"::/96", 12},        // RFC 4291, section 2.5.5.1
		{"64:ff9b::/96", 12}, // RFC 6052
		{"2002::/16", 2},     // RFC 3056
	}
}

// addressKind is what an address is if it is not a public one, and whether a name may stand for
// it in the settings.
func addressKind(ip netip.Addr) (kind string, nameable bool) {
	for _, s := range specials() {
		if netip.MustParsePrefix(s.prefix).Contains(ip) {
			return s.kind, s.nameable
		}
	}
	if !ip.Is6() {
		return "", false
	}
	octets := ip.As16()
	for _, e := range embeddings() {
		if netip.MustParsePrefix(e.prefix).Contains(ip) {
			return addressKind(netip.AddrFrom4([4]byte(octets[e.at : e.at+4])))
		}
	}
	if netip.MustParsePrefix("2001::/32").Contains(ip) { // Teredo, RFC 4380
		return "reserved", false
	}
	return "", false
}
