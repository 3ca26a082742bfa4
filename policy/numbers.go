package policy

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

// The grammar of a range:
//
//	number "." number "." number "." number    a number from 0 to 255, or * for any
//	IPv4 address "/" 1 to 32
//	IPv6 address
//	IPv6 address "/" 1 to 128
//
// No number has leading zeros, since some programs read those as octal, and no bit may be
// set behind the prefix.

// allNumbers is the mask of an address without wildcards.
const allNumbers = 0xffffffff

// parseNumbers reads four numbers. In value and mask those that are * are zero.
func parseNumbers(s string) (value, mask uint32, f *fault) {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return 0, 0, &fault{
			reason: fmt.Sprintf("an IPv4 address has four numbers, not %d", len(parts)),
			remedy: fourNumbers(parts),
		}
	}
	for _, part := range parts {
		value, mask = value<<8, mask<<8
		if part == "*" {
			continue
		}
		n, f := parseNumber(part, 255)
		if f != nil {
			return 0, 0, f
		}
		value, mask = value|uint32(n), mask|0xff
	}
	return value, mask, nil
}

// fourNumbers offers the missing ones as wildcards, which is most often what is meant.
func fourNumbers(parts []string) string {
	for _, p := range parts {
		if _, f := parseNumber(p, 255); f != nil && p != "*" {
			return "write it like 192.168.1.7, 192.168.1.* or 192.168.1.0/24"
		}
	}
	if len(parts) > 4 || parts[0] == "*" {
		return "write it like 192.168.1.7, 192.168.1.* or 192.168.1.0/24"
	}
	return "write " + strings.Join(parts, ".") + strings.Repeat(".*", 4-len(parts))
}

// parseNumber reads a decimal number as netip would, and says what is wrong with it.
func parseNumber(s string, most int) (int, *fault) {
	switch {
	case s == "":
		return 0, &fault{reason: "a number is missing", remedy: "write a number there, or *"}
	case strings.Contains(s, "*"):
		return 0, &fault{reason: "* stands for a whole number, never for a part of one",
			remedy: "write * in place of " + s}
	case strings.Trim(s, "0123456789") != "":
		return 0, &fault{reason: fmt.Sprintf("%q is not a number", shorten(s)),
			remedy: "write it like 192.168.1.7, 192.168.1.* or 192.168.1.0/24"}
	}
	plain := plainNumber(s)
	n, err := strconv.Atoi(plain)
	switch {
	case err != nil || n > most:
		return 0, &fault{reason: fmt.Sprintf("%s is above %d", shorten(s), most),
			remedy: fmt.Sprintf("write a number from 0 to %d", most)}
	case plain != s:
		return 0, &fault{reason: shorten(s) + " has leading zeros: to some programs it is octal",
			remedy: "write " + plain}
	}
	return n, nil
}

func (r *Ranges) addIPv6(s string) *fault {
	address, bits, isPrefix := strings.Cut(s, "/")
	a, err := netip.ParseAddr(address)
	switch {
	case strings.Contains(s, "*"):
		return &fault{reason: "* has no meaning in an IPv6 address",
			remedy: "write a prefix, such as 2001:db8::/32"}
	case err != nil:
		return &fault{reason: "it is not an IPv6 address",
			remedy: "write it like 2001:db8::7 or 2001:db8::/32"}
	case a.Zone() != "":
		return &fault{reason: "a zone has no meaning in a range",
			remedy: "write " + strings.Replace(s, "%"+a.Zone(), "", 1)}
	case isPrefix:
		return r.addPrefix(a, bits)
	}
	a = a.Unmap()
	r.prefixes.Insert(netip.PrefixFrom(a, a.BitLen()))
	return nil
}

// addPrefix adds a network. One of IPv4-mapped addresses is that of the IPv4 addresses.
func (r *Ranges) addPrefix(a netip.Addr, text string) *fault {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return &fault{reason: fmt.Sprintf("%q is not a prefix length", shorten(text)),
			remedy: fmt.Sprintf("write a number from 1 to %d after the /", a.BitLen())}
	}
	n, f := parseNumber(text, a.BitLen())
	if f != nil {
		return f
	}
	if mapped := a.BitLen() - 32; a.Is4In6() && n >= mapped {
		a, n = a.Unmap(), n-mapped
	}
	p := netip.PrefixFrom(a, n)
	switch {
	case n == 0:
		return refuseAll("every address there is")
	case p.Masked() != p:
		return &fault{
			reason: fmt.Sprintf("it has bits set behind the first %d", n),
			remedy: fmt.Sprintf("write %s", p.Masked()),
		}
	}
	r.prefixes.Insert(p)
	return nil
}

func refuseAll(what string) *fault {
	return &fault{reason: "it would stand for " + what,
		remedy: "write the networks that are meant, such as 192.168.1.0/24"}
}

func (f *fault) rangeProblem(w word, position int) Problem {
	p := Problem{Position: position, Column: w.column, Entry: w.text,
		Reason: f.reason, Remedy: f.remedy}
	instead := f.instead
	if instead == "" {
		instead = withoutZeros(w.text)
	}
	if readableRanges(instead) {
		p.Remedy = "write " + instead
	}
	return p
}

// readableRanges reports whether every range of the text can be taken.
func readableRanges(text string) bool {
	var r Ranges
	words := split(text)
	for _, w := range words {
		if r.add(w.text) != nil {
			return false
		}
	}
	return len(words) > 0
}

// withoutZeros is the range with the leading zeros of its numbers dropped.
func withoutZeros(s string) string {
	address, length, isPrefix := strings.Cut(s, "/")
	parts := strings.Split(address, ".")
	for i, p := range parts {
		parts[i] = plainNumber(p)
	}
	address = strings.Join(parts, ".")
	if isPrefix {
		return address + "/" + plainNumber(length)
	}
	return address
}

func plainNumber(s string) string {
	if s == "" {
		return s
	}
	return strings.TrimLeft(s[:len(s)-1], "0") + s[len(s)-1:]
}

func addr4(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

// prefixLength is how many leading ones the mask has; ok is false if more follow them.
func prefixLength(mask uint32) (n int, ok bool) {
	n = bits.LeadingZeros32(^mask)
	return n, mask == ^uint32(0)<<(32-n)
}
