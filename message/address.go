package message

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
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

// parseLocal gives the one spelling of a local part.
func parseLocal(s string) (string, error) {
	if s == "" {
		return "", errors.New("there is nothing before the @")
	}
	if s[0] != '"' {
		if err := checkAtoms(s); err != nil {
			return "", err
		}
		return quoteDots(lower(s)), nil
	}
	inner, err := unquote(s)
	if err != nil {
		return "", err
	}
	if inner = lower(inner); checkAtoms(inner) == nil {
		return quoteDots(inner), nil
	}
	return `"` + escapeQuoted(inner) + `"`, nil
}

// quoteDots gives a local part of atoms the quotation marks without which no dot may stand
// at either end of it, or beside another (RFC 5322, section 3.2.3).
func quoteDots(atoms string) string {
	if atoms[0] != '.' && atoms[len(atoms)-1] != '.' && !strings.Contains(atoms, "..") {
		return atoms
	}
	return `"` + atoms + `"`
}

// checkAtoms refuses what cannot stand unquoted before the @ (RFC 5322, section 3.2.3; RFC
// 6532, section 3.2).
func checkAtoms(s string) error {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isAtext(c) || c == '.' || c >= utf8.RuneSelf:
		case c == '@':
			return errors.New("there are two @: an address has one")
		default:
			return fmt.Errorf("%q cannot stand before the @", s[i:i+1])
		}
	}
	return checkRunes(s)
}

// unquote takes the quoted string s (RFC 5322, section 3.2.4) out of its quotation marks. A
// space stands only between other characters: some readers trim what they take out.
func unquote(s string) (string, error) {
	var b strings.Builder
	i := 1
	for ; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		if s[i] < ' ' || s[i] == 0x7f {
			return "", fmt.Errorf("%q cannot stand before the @", s[i:i+1])
		}
		b.WriteByte(s[i])
	}
	if i != len(s)-1 {
		return "", errors.New("the quotation marks before the @ do not enclose all of it")
	}
	switch inner := b.String(); {
	case inner == "":
		return "", errors.New("the local part is empty")
	case inner[0] == ' ' || inner[len(inner)-1] == ' ':
		return "", errors.New("the local part begins or ends with a space")
	default:
		return inner, checkRunes(inner)
	}
}

// checkRunes refuses what is not UTF-8 or cannot be seen: such addresses would look like
// others.
func checkRunes(s string) error {
	if isASCII(s) {
		return nil
	}
	for _, r := range s {
		if r == utf8.RuneError {
			return errors.New("the local part is not UTF-8")
		}
		if !unicode.IsPrint(r) || Invisible(r) {
			return fmt.Errorf("%+q cannot be seen and cannot stand before the @", r)
		}
	}
	return nil
}

// isAtext is RFC 5322, section 3.2.3.
func isAtext(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// escapeQuoted writes what stands between quotation marks.
func escapeQuoted(s string) string {
	s = strings.ReplaceAll(s, `\`, `\\`)
	return strings.ReplaceAll(s, `"`, `\"`)
}
