package terminal

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestVisible(t *testing.T) {
	cases := []struct{ why, in, want string }{
		{"plain text stays", "Re: your order, 50 €", "Re: your order, 50 €"},
		{"CJK, accents and emoji stay", "返品について é 🎉", "返品について é 🎉"},
		{"an ideographic space is a space", "返品　希望", "返品　希望"},
		{"a line end cannot make a row", "a\r\nb\tc", `a\r\nb\tc`},
		{"ESC cannot colour or clear", "\x1b[2J\x1b]0;x\a", `\x1b[2J\x1b]0;x\x07`},
		{"NUL and DEL", "\x00\x7f", `\x00\x7f`},
		{"C1 as UTF-8", "\u0085\u009b31m", `\u0085\u009b31m`},
		{"C1 as an octet", "\x9b31m", `\x9b31m`},
		{"not UTF-8", "caf\xe9", `caf\xe9`},
		{"a surrogate in CESU-8", "\xed\xa0\x80", `\xed\xa0\x80`},
		{"right-to-left override", "exe.\u202egpj", `exe.\u202egpj`},
		{"isolates and marks", "\u2066\u2069\u200e\u061c", `\u2066\u2069\u200e\u061c`},
		{"no width", "ann\u200b@\u2060acme\ufeff.test\u00ad", `ann\u200b@\u2060acme\ufeff.test\u00ad`},
		{"blank letters", "\u3164\u115f\u034f\u2800", `\u3164\u115f\u034f\u2800`},
		{"variation selector", "a\ufe0f", `a\ufe0f`},
		{"line separators", "\u2028\u2029", `\u2028\u2029`},
		{"tags above the first plane", "\U000e0041", `\U000e0041`},
	}
	for _, c := range cases {
		if got := Visible(c.in); got != c.want {
			t.Errorf("%s: visible(%q) = %q, want %q", c.why, c.in, got, c.want)
		}
	}
}

func TestVisibleText(t *testing.T) {
	got := VisibleText("one\r\n\ttwo\rthree\n\x1b[0m")
	if want := "one\n\ttwo\\rthree\n\\x1b[0m"; got != want {
		t.Errorf("visibleText = %q, want %q", got, want)
	}
}

// FuzzVisible holds visible to its promise: what it gives is UTF-8 in which nothing hides,
// and text that hides nothing comes out as it went in.
func FuzzVisible(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b[31m\u202e\xff\u0000")
	f.Fuzz(func(t *testing.T, s string) {
		got := Visible(s)
		if !utf8.ValidString(got) || strings.IndexFunc(got, isHidden) >= 0 {
			t.Errorf("visible(%q) = %q hides something", s, got)
		}
		if Visible(got) != got {
			t.Errorf("visible(%q) = %q is not visible to itself", s, got)
		}
	})
}
