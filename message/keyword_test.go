package message

import (
	"strings"
	"testing"
)

func TestKeyword(t *testing.T) {
	for _, c := range []struct{ in, keyword, remarks string }{
		{"no", "no", ""},
		{"no (comment)", "no", "(comment)"},
		{"No(comment)", "no", "(comment)"},
		{"(x) Auto-Replied; vacation", "auto-replied", "(x) ; vacation"},
		{"auto-replied (Vacation)", "auto-replied", "(vacation)"},
		{"auto-replied;type=vacation", "auto-replied", ";type=vacation"},
		{"bulk", "bulk", ""},
		{"DR, AutoReply", "dr", ", autoreply"},
		{" \t\r\n(a (b) \\) c)\r\n  Junk\tmail", "junk", "(a (b) \\) c) mail"},
		{"", "", ""},
		{"(x)", "", "(x)"},
		{"(x", "", "(x"},
		{"(x\\", "", "(x\\"},
		{"((x) no", "", "((x) no"},
		{"; vacation", "", "; vacation"},
		{")no", ")no", ""},
		{"\u212aeep", "\u212aeep", ""},
		{"a \xff\x00b", "a", "\ufffd\ufffdb"},
		{strings.Repeat("(", 1<<18) + "x", "", strings.Repeat("(", maxEncoded)},
	} {
		if got := Keyword(c.in); got != c.keyword {
			t.Errorf("the keyword of %.80q is %.80q, want %q", c.in, got, c.keyword)
		}
		if got := Remarks(c.in); got != c.remarks {
			t.Errorf("the remarks of %.80q are %.80q, want %.80q", c.in, got, c.remarks)
		}
	}
}

// FuzzKeyword: a keyword is one word, and the same one among comments and parameters.
func FuzzKeyword(f *testing.F) {
	for _, s := range []string{
		"No (x)", "(a(b\\)) Auto-Replied; x=y", "bulk", "(", ";", "a,b\x00\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		word := Keyword(s)
		if word != lower(word) || strings.ContainsAny(word, " \t\r\n(;,") {
			t.Errorf("the keyword of %q is %q", s, word)
		}
		if again := Keyword("(x (y))\t" + word + "(z); " + word); again != word {
			t.Errorf("%q is read again as %q", word, again)
		}
		if r := Remarks(s); r != Clean(r) || strings.ContainsAny(r, "\t\r\n") || len(r) > 3*len(s) {
			t.Errorf("the remarks of %q are %q", s, r)
		}
	})
}

func TestCountMailboxes(t *testing.T) {
	for _, c := range []struct {
		to   string
		want int
	}{
		{"", 0},
		{"To: ann@acme.test", 1},
		{"To: Ann <ann@acme.test>, \"Lee, Bob\" <bob@acme.test>,, ,\r\ncc: c@acme.test,", 3},
		{"Cc: a@acme.test\r\nTo: b@acme.test\r\nTO : a@acme.test\r\nBcc: d@acme.test", 3},
		{"To: undisclosed-recipients:;", 0},
		{"To: Team: a@acme.test, b@acme.test;, Both: c@acme.test;", 3},
		{"To: a@acme.test; b@acme.test", 2},
		{"To: Lee, Ann <ann@acme.test>", 1},
		{"To: ann@acme.test <ann@acme.test>", 1},
		{"To: \"a@acme.test, b@acme.test\" <ann@acme.test>", 1},
		{"To: ann@acme.test (b@acme.test, c@acme.test)", 1},
		{"To: (a@acme.test), nobody, <>, @", 1},
		{"To: a@acme.test b@acme.test\tc@acme.test", 3},
		{"To: " + strings.Repeat("a@b.test,", 1000), 1000},
		{"To: " + strings.Repeat("a@b.test,", 2000), 1000},
		{"To: " + strings.Repeat("a@b.test ", 2000), 1000},
		{strings.Repeat("To: a@b.test,c@d.test\r\n", 600), 1000},
	} {
		m := Parse([]byte(strings.TrimSpace(c.to) + "\r\n\r\n"))
		if got := m.CountMailboxes("To", "Cc"); got != c.want {
			t.Errorf("%.100q holds %d addresses, want %d", c.to, got, c.want)
		}
	}
}
