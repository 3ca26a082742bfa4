package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible makes one line of s that shows everything in it: control characters (C0, DEL,
// C1), ESC, line ends, bidi and zero-width characters and octets that are not UTF-8 are
// written as Go would escape them. A stranger's text can then neither move the cursor nor
// pass for other text.
func Visible(s string) string {
	return show(s, "")
}

// VisibleText is Visible for text of several lines: line feeds and tabs stay, and a CR
// before a line feed is dropped.
func VisibleText(s string) string {
	return show(strings.ReplaceAll(s, "\r\n", "\n"), "\n\t")
}

// show escapes what cannot be seen in s, except the characters in keep.
func show(s, keep string) string {
	if strings.IndexFunc(s, isHidden) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !isHidden(r) || strings.ContainsRune(keep, r):
			b.WriteString(s[i : i+n])
		default:
			b.WriteString(escape(r))
		}
		i += n
	}
	return b.String()
}

// isHidden reports whether r does not show as itself: it controls the terminal, turns the
// direction of writing (Unicode TR 36, section 3.5), takes no room or, as the empty pattern
// of Braille does, shows as nothing.
func isHidden(r rune) bool {
	if r < 0x7f {
		return r < ' '
	}
	return r == '\u2800' || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func escape(r rune) string {
	switch {
	case r == '\t':
		return `\t`
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r <= 0x7f:
		return fmt.Sprintf(`\x%02x`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
