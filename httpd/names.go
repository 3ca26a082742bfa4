package httpd

import (
	"strings"
	"unicode/utf8"
)

// maxUserName is how long a name may be, in code points.
const maxUserName = 255

// CheckName refuses a name of a profile or a token that is too long, or more than one line.
func CheckName(name string) error {
	if utf8.RuneCountInString(name) > maxUserName {
		return Invalid("name", "a name has at most %d characters", maxUserName)
	}
	if strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return Invalid("name", "a name is one line, without control characters")
	}
	return nil
}

// LowerASCII folds ASCII letters only: other folds would make two names one.
func LowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
