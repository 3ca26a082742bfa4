package main

import (
	"strings"
	"testing"
)

func TestHarmless(t *testing.T) {
	cases := map[string]string{
		"":                 "",
		"plain":            "plain",
		"=1+1":             "'=1+1",
		"+49 30 1234":      "'+49 30 1234",
		"-2":               "'-2",
		"@SUM(A1)":         "'@SUM(A1)",
		"\t=1+1":           `'\t=1+1`,
		"\r=1+1":           `'\r=1+1`,
		"a=b":              "a=b",
		"a;=1+1":           "a;'=1+1",
		"a; -2;b;＠SUM(A1)": "a;' -2;b;'＠SUM(A1)",
		`a;"=1+1"`:         `a;'"=1+1"`,
		` "=1+1`:           `' "=1+1`,
		"\u00a0=1+1":       "'\u00a0=1+1",
		"a;\t=1+1":         `a;'\t=1+1`,
		"a\t=1+1":          `a\t=1+1`,
		"a;b; c=d":         "a;b; c=d",
		"\x1b[31mred":      `\x1b[31mred`,
		"ann@acme.test":    "ann@acme.test",
		"two\nlines, \"q":  `two\nlines, "q`,
	}
	for in, want := range cases {
		if got := harmless([]string{in})[0]; got != want {
			t.Errorf("harmless(%q) = %q, want %q", in, got, want)
		}
	}
}

// A spreadsheet that takes semicolons or tabs for the ends of cells, whatever it makes of
// quotes, finds no formula in a line.
func TestNoFormulaByOtherSeparators(t *testing.T) {
	cells := []string{"1", "a;=1+1", `b";"=1+1`, "c\t=1+1", "d;\r\n;@x", ";;+1", `e,";-1`, "f\n=1+1"}
	var out strings.Builder
	err := writeCSV(&out, func(yield func([]string, error) bool) { yield(cells, nil) },
		[]string{"id"}, func(c []string) []string { return c })
	if err != nil {
		t.Fatal(err)
	}
	for _, separator := range []string{";", "\t", "\n", ","} {
		for _, cell := range strings.Split(out.String(), separator) {
			if strings.IndexAny(strings.TrimLeft(cell, ` "`), "=+-@") == 0 {
				t.Errorf("separated by %q: the cell %q of %q", separator, cell, out.String())
			}
		}
	}
}

func TestMboxSender(t *testing.T) {
	for in, want := range map[string]string{
		"":                   "MAILER-DAEMON",
		"ann@acme.test":      "ann@acme.test",
		`"a b"@acme.test`:    "MAILER-DAEMON",
		"a\nb@acme.test":     "MAILER-DAEMON",
		"jürgen@acme.test":   "jürgen@acme.test",
		"a\u202eb@acme.test": "MAILER-DAEMON",
	} {
		if got := mboxSender(in); got != want {
			t.Errorf("mboxSender(%q) = %q, want %q", in, got, want)
		}
	}
}
