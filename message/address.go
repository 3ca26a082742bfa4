package message

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// maxAddress is the longest address taken, in octets: what fits in a path of RFC 5321,
// section 4.5.3.1.3. The 64 octets of a local part (4.5.3.1.1) are not kept to by senders
// who put a return address into it.
const maxAddress = 256

// An Address is one addr-spec in its one spelling: ASCII letters in lower case, the local
// part quoted only where it must be, the domain as Domain, or an address literal (RFC 5321,
// section 4.1.3). Two Addresses are the same mailbox for every rule exactly when they are ==.
// The zero Address is none.
type Address struct {
	spec string
	at   int // of the last @, which divides the two parts
}

func (a Address) String() string { return a.spec }

// IsZero reports whether there is no address.
func (a Address) IsZero() bool { return a.spec == "" }

// Local is the part before the last @, as String spells it.
func (a Address) Local() string { return a.spec[:a.at] }

// Domain is the part after the last @.
func (a Address) Domain() Domain {
	if a.spec == "" {
		return ""
	}
	return Domain(a.spec[a.at+1:])
}

// UnmarshalText reads what String gave, whatever mail it came from: it checks nothing but that
// there is an @ in it, unless there is no address.
func (a *Address) UnmarshalText(text []byte) error {
	spec := string(text)
	at := strings.LastIndexByte(spec, '@')
	if at < 0 && spec != "" {
		return fmt.Errorf("%q is no address", spec)
	}
	*a = Address{spec: spec, at: max(at, 0)}
	return nil
}

// Doubt is why a From field with this address in it is never relied on, although the
// address can be read, 0 if there is no reason.
func (a Address) Doubt() SenderProblem {
	switch {
	case strings.Contains(a.spec, "=?"):
		return EncodedAddress
	case strings.ContainsAny(a.spec, "%!"):
		return RoutedLocal
	}
	return 0
}

// MustParseAddress is ParseAddress for an address that stands in the code, as in tests. It panics
// where that is none.
func MustParseAddress(s string) Address {
	a, err := ParseAddress(s)
	if err != nil {
		panic(fmt.Sprintf("address %q: %v", s, err))
	}
	return a
}

// ParseAddress reads one bare addr-spec (RFC 5322, section 3.4.1) without angle brackets,
// comments or folding, and splits it at the last @. A local part that is not ASCII
// (RFC 6532) is taken as it is written. One with a dot too many is what it is between
// quotation marks: telephone companies gave such addresses out. The error says what is wrong
// with s and does not repeat it.
func ParseAddress(s string) (Address, error) {
	if len(s) > maxAddress {
		return Address{}, errTooLong(len(s))
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return Address{}, errors.New("there is no @: an address is name@domain")
	}
	local, err := parseLocal(s[:at])
	if err != nil {
		return Address{}, err
	}
	domain, err := parseHost(s[at+1:])
	if err != nil {
		return Address{}, err
	}
	return join(s, local, domain)
}

// parseHost reads what stands behind the @: a domain, or an address literal (RFC 5321,
// section 4.1.3).
func parseHost(s string) (Domain, error) {
	inner, isLiteral := strings.CutPrefix(s, "[")
	if !isLiteral {
		return ParseDomain(s)
	}
	inner, closed := strings.CutSuffix(lower(inner), "]")
	text, isIPv6 := strings.CutPrefix(inner, ipv6Tag)
	ip, err := netip.ParseAddr(text)
	if !closed || err != nil || ip.Is4() == isIPv6 || ip.Zone() != "" {
		return "", errors.New("between the brackets is no IP address: " +
			"one is written [192.0.2.1] or [IPv6:2001:db8::1]")
	}
	if isIPv6 {
		return Domain("[" + ipv6Tag + ip.String() + "]"), nil
	}
	return Domain("[" + ip.String() + "]"), nil
}

// ipv6Tag stands before an IPv6 address in a literal, in lower case.
const ipv6Tag = "ipv6:"

// join makes the address of its two parts, out of s itself if that is its one spelling.
func join(s, local string, domain Domain) (Address, error) {
	a := Address{spec: s, at: len(local)}
	if s[:min(a.at, len(s))] != local || s[min(a.at+1, len(s)):] != string(domain) {
		a.spec = local + "@" + string(domain)
	}
	if len(a.spec) > maxAddress {
		return Address{}, errTooLong(len(a.spec))
	}
	return a, nil
}

func errTooLong(octets int) error {
	return fmt.Errorf("the address has %d octets, at most %d are possible", octets, maxAddress)
}
