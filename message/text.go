package message

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes s fit for a text column of any database: valid UTF-8 without NUL. Each
// octet that is neither is shown as U+FFFD; nothing is cut.
func Clean(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for _, r := range s {
		if r == 0 {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}

// lower folds ASCII letters only. Unicode folding would make the Kelvin sign a k.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return string(lowerBytes([]byte(s), i))
		}
	}
	return s
}

func lowerBytes(b []byte, from int) []byte {
	for i := from; i < len(b); i++ {
		if 'A' <= b[i] && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return b
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// trim takes off the white space of RFC 5322 (space, tab, line ends) and no other.
func trim(s string) string { return strings.Trim(s, " \t\r\n") }

// squeeze makes each run of white space one space, line ends included, and takes it off
// both ends.
func squeeze(s string) string {
	if !strings.ContainsAny(s, "\t\r\n") && !strings.Contains(s, "  ") {
		return strings.Trim(s, " ")
	}
	return strings.Join(strings.FieldsFunc(s, isSpace), " ")
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }

// visible replaces control characters by U+FFFD.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// Invisible reports whether r does not show as itself: it is white space other than a
// space, controls the terminal, turns the direction of writing (Unicode TR 36, section
// 3.5) or takes no room (Default_Ignorable_Code_Point, UAX 44). U+2800 is Braille without
// a dot.
func Invisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return r == '\u2800' || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zs, unicode.Zl,
		unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// first cuts s to its first n runes.
func first(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
