package message

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Limits of the domain name system (RFC 1035, section 2.3.4), in octets.
const (
	maxDomain = 253 // as written, without the final dot
	maxLabel  = 63
)

// A Domain is a domain name in its one spelling: ASCII lower case, A-labels, no final dot. In
// an Address it may be an address literal.
type Domain string

// IsLiteral reports whether it is an IP address in brackets, and no name.
func (d Domain) IsLiteral() bool { return strings.HasPrefix(string(d), "[") }

// Parent is the domain one label up, or "" above the last one.
func (d Domain) Parent() Domain {
	if i := strings.IndexByte(string(d), '.'); i >= 0 {
		return d[i+1:]
	}
	return ""
}

// In reports whether d is the other domain or below it, on label boundaries.
func (d Domain) In(other Domain) bool {
	above, found := strings.CutSuffix(string(d), string(other))
	return found && other != "" && (above == "" || above[len(above)-1] == '.')
}

// Unicode spells the domain for people, each A-label as its U-label. A label that would
// not come back as the same A-label stays as it is, so that two domains never look alike
// by our doing.
func (d Domain) Unicode() string {
	if !strings.Contains(string(d), "xn--") {
		return string(d)
	}
	labels := strings.Split(string(d), ".")
	for i, label := range labels {
		u, err := idna.Lookup.ToUnicode(label)
		if err != nil {
			continue
		}
		if a, err := idna.Lookup.ToASCII(u); err == nil && a == label {
			labels[i] = u
		}
	}
	return strings.Join(labels, ".")
}

// ParseDomain reads a domain name. Only ASCII letters are folded: a label in another
// script becomes an A-label if that A-label stands for it exactly as written, so that no
// look-alike turns into another domain. Underscores are taken, real mail has them; IP
// addresses are not domains. The error says what is wrong with s and does not repeat it.
func ParseDomain(s string) (Domain, error) {
	s = lower(strings.TrimSuffix(s, "."))
	if s == "" {
		return "", errors.New("there is no domain")
	}
	if plainDomain(s) {
		return Domain(s), nil
	}
	labels := strings.Split(s, ".")
	for i, label := range labels {
		a, err := parseLabel(label)
		if err != nil {
			return "", err
		}
		labels[i] = a
	}
	if isNumber(labels[len(labels)-1]) {
		return "", errors.New("an IP address or a number is not a domain")
	}
	d := strings.Join(labels, ".")
	if len(d) > maxDomain {
		return "", fmt.Errorf("the domain has %d octets, at most %d are possible", len(d), maxDomain)
	}
	return Domain(d), nil
}

// plainDomain reports at a glance that s is in its one spelling already. It knows only
// the usual: lower-case letters, digits, single hyphens and dots, a last label of letters.
func plainDomain(s string) bool {
	start := 0 // of the label
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == '-' && i > start && i+1 < len(s) && s[i+1] != '.' && s[i+1] != '-':
		case c == '.' && i > start && i-start <= maxLabel:
			start = i + 1
		default:
			return false
		}
	}
	last := s[start:]
	return len(s) <= maxDomain && last != "" && len(last) <= maxLabel && !isDigit(last[0])
}

// parseLabel gives the one spelling of a label that is in ASCII lower case.
func parseLabel(label string) (string, error) {
	if label == "" {
		return "", errors.New("the domain has an empty label: a dot too many")
	}
	if !isASCII(label) {
		return toALabel(label)
	}
	for i := 0; i < len(label); i++ {
		if !isLDH(label[i]) {
			return "", fmt.Errorf("%q cannot stand in a domain", label[i:i+1])
		}
	}
	if label[0] == '-' || label[len(label)-1] == '-' {
		return "", fmt.Errorf("the label %q begins or ends with a hyphen", label)
	}
	if len(label) > maxLabel {
		return "", fmt.Errorf("the label %.10q... has %d octets, at most %d are possible",
			label, len(label), maxLabel)
	}
	return label, checkALabel(label)
}

// checkALabel refuses an A-label that stands for nothing: one reader shows it as it is,
// another what it would be if it stood for something (RFC 5890, section 2.3.2.1).
func checkALabel(label string) error {
	if !strings.HasPrefix(label, "xn--") {
		return nil
	}
	u, err := idna.Punycode.ToUnicode(label)
	if err != nil || isASCII(u) || strings.ContainsFunc(u, unicode.IsControl) {
		return fmt.Errorf("the label %q is no international label", label)
	}
	if a, err := idna.Punycode.ToASCII(u); err != nil || a != label {
		return fmt.Errorf("the label %q is no international label", label)
	}
	return nil
}

// PublicSuffix reports whether strangers register names below d (https://publicsuffix.org):
// it is in the list, of which the private section has the names that companies sell, or has
// one label only.
func (d Domain) PublicSuffix() bool {
	suffix, _ := publicsuffix.PublicSuffix(string(d))
	return suffix == string(d)
}

// Registered is the domain right below a public suffix that d is in, or d itself if that is
// a public suffix or a literal.
func (d Domain) Registered() Domain {
	domain, err := publicsuffix.EffectiveTLDPlusOne(string(d))
	if err != nil || d.IsLiteral() {
		return d
	}
	return Domain(domain)
}

// toALabel converts a label that is not ASCII (RFC 5891), if there is a way back. An
// A-label has an octet at least for each character, and the conversion takes the square of
// the length: what is too long goes first.
func toALabel(label string) (string, error) {
	if !utf8.ValidString(label) {
		return "", errors.New("the domain is not UTF-8")
	}
	if utf8.RuneCountInString(label) > maxLabel {
		return "", fmt.Errorf("the label %+.10q... is too long for any A-label", label)
	}
	a, err := idna.Lookup.ToASCII(label)
	if err != nil {
		return "", fmt.Errorf("the label %+q is no international label", label)
	}
	if len(a) > maxLabel {
		return "", fmt.Errorf("the label %+.10q... is an A-label of %d octets, at most %d are possible",
			label, len(a), maxLabel)
	}
	u, err := idna.Lookup.ToUnicode(a)
	if err != nil || u != label {
		return "", fmt.Errorf("the label %+q would change into %+q: write it that way if it is meant",
			label, u)
	}
	return a, nil
}

func isLDH(c byte) bool {
	return 'a' <= c && c <= 'z' || isDigit(c) || c == '-' || c == '_'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNumber(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}
