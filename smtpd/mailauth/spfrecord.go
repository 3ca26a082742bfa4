package mailauth

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// checkSPF holds an SPF record to the grammar of RFC 7208, section 12. Other texts are none
// of its business. The error names the first term that is none.
func checkSPF(text string) error {
	version, terms, _ := strings.Cut(text, " ")
	if fold(version) != "v=spf1" {
		return nil
	}
	var redirects, explanations int
	for term := range strings.SplitSeq(terms, " ") {
		if term != "" && !isTerm(term) {
			return fmt.Errorf("%.60q is no term of such a record (RFC 7208, section 12)", term)
		}
		switch name, _, _ := cutModifier(term); fold(name) {
		case "redirect":
			redirects++
		case "exp":
			explanations++
		}
	}
	if redirects > 1 || explanations > 1 {
		return errors.New("redirect= or exp= stands there twice (RFC 7208, section 6)")
	}
	return nil
}

// isTerm reports whether a term is a modifier, or a mechanism with or without a qualifier.
func isTerm(term string) bool {
	if name, value, ok := cutModifier(term); ok {
		if name = fold(name); name == "redirect" || name == "exp" {
			return isDomainSpec(value)
		}
		_, ok := cutMacros(value)
		return ok
	}
	if strings.IndexByte("+-?~", term[0]) >= 0 {
		term = term[1:]
	}
	end := strings.IndexAny(term, ":/")
	if end < 0 {
		end = len(term)
	}
	return isMechanism(fold(term[:end]), term[end:])
}

// cutModifier splits a term at its =, if that makes a modifier of it. Nothing else has a =
// in front of any : or /.
func cutModifier(term string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(term, "=")
	if !ok || name == "" || !isLetter(name[0]) {
		return "", "", false
	}
	for i := range len(name) {
		if c := name[i]; !isLetter(c) && !isDigit(c) && strings.IndexByte("-_.", c) < 0 {
			return "", "", false
		}
	}
	return name, value, true
}

// isMechanism reports whether arg, with the : or / that it begins with, may follow name.
func isMechanism(name, arg string) bool {
	switch name {
	case "all":
		return arg == ""
	case "include", "exists":
		return isTarget(arg)
	case "ptr":
		return arg == "" || isTarget(arg)
	case "a", "mx":
		arg, six := cutLength(arg, "//", 128)
		arg, four := cutLength(arg, "/", 32)
		return four && six && (arg == "" || isTarget(arg))
	case "ip4":
		ip, ok := network(arg, 32)
		return ok && ip.Is4()
	case "ip6":
		ip, ok := network(arg, 128)
		return ok && ip.Is6() && ip.Zone() == ""
	}
	return false
}

// network reads the address of an ip4 or ip6, if its prefix length is sound.
func network(arg string, limit int) (ip netip.Addr, ok bool) {
	arg, ok = cutLength(arg, "/", limit)
	if !ok || arg == "" || arg[0] != ':' {
		return netip.Addr{}, false
	}
	ip, err := netip.ParseAddr(arg[1:])
	return ip, err == nil
}

// cutLength takes a prefix length off the end, if there is one. It has no leading zeros.
func cutLength(arg, slash string, limit int) (rest string, ok bool) {
	rest = strings.TrimRight(arg, decimal)
	length := arg[len(rest):]
	rest, found := strings.CutSuffix(rest, slash)
	if !found || length == "" {
		return arg, true
	}
	n, err := strconv.Atoi(length)
	return rest, err == nil && n <= limit && strconv.Itoa(n) == length
}

func isTarget(arg string) bool {
	spec, ok := strings.CutPrefix(arg, ":")
	return ok && isDomainSpec(spec)
}

// isDomainSpec reports whether s is macros and other text that end in a macro or in a
// top-level label. What the macros will stand for does not matter here.
func isDomainSpec(s string) bool {
	tail, ok := cutMacros(s)
	if !ok || tail == "" {
		return ok && s != ""
	}
	tail = strings.TrimSuffix(tail, ".")
	dot := strings.LastIndexByte(tail, '.')
	return dot >= 0 && isTopLabel(tail[dot+1:])
}

// isTopLabel reports whether s is letters, digits and inner hyphens, and not digits alone.
func isTopLabel(s string) bool {
	for i := range len(s) {
		inner := i > 0 && i < len(s)-1
		if c := s[i]; !isLetter(c) && !isDigit(c) && (c != '-' || !inner) {
			return false
		}
	}
	return strings.Trim(s, decimal) != ""
}

// cutMacros reads a macro-string, and gives the text that follows its last macro.
func cutMacros(s string) (tail string, ok bool) {
	tail = s
	for s != "" {
		switch {
		case s[0] == '%':
			if s, ok = cutMacro(s[1:]); !ok {
				return "", false
			}
			tail = s
		case s[0] <= ' ' || s[0] > '~':
			return "", false
		default:
			s = s[1:]
		}
	}
	return tail, true
}

// cutMacro gives what follows a macro, whose % was read. The letters c, r and t are for the
// text that exp= leads to; a number of labels is not zero (section 7).
func cutMacro(s string) (rest string, ok bool) {
	if s == "" {
		return "", false
	}
	if strings.IndexByte("%_-", s[0]) >= 0 {
		return s[1:], true
	}
	if len(s) < 2 || s[0] != '{' || strings.IndexByte("slodiphvSLODIPHV", s[1]) < 0 {
		return "", false
	}
	rest = strings.TrimLeft(s[2:], decimal)
	labels := s[2 : len(s)-len(rest)]
	if labels != "" && strings.Trim(labels, "0") == "" {
		return "", false
	}
	if rest != "" && (rest[0] == 'r' || rest[0] == 'R') {
		rest = rest[1:]
	}
	return strings.CutPrefix(strings.TrimLeft(rest, ".-+,/_="), "}")
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
