package message

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

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
