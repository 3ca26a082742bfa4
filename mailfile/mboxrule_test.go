package mailfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// doubts are the warnings of each message of an mbox file.
func doubts(t testing.TB, mbox string) (all [][]string) {
	t.Helper()
	err := partMbox(strings.NewReader(mbox), int64(len(mbox)), func(p *Entry) bool {
		all = append(all, p.Warnings)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Every place that could be read otherwise is named, with its line, at the message it is in or
// that it begins.
func TestMboxDoubts(t *testing.T) {
	const (
		ann  = "{a}\nFrom: a@x.test\nTo: d@x.test\n\nHello,\n"
		bob  = "{b}\nFrom: b@x.test\nSubject: hi\n\nmine\n"
		dan  = "{d}\nFrom: d@x.test\nDate: now\n\nyours\n"
		text = "From here on it is easy.\n"
	)
	long := func(body, rest string) string { // a length that hides what follows
		n := len(dated("Hello,\n" + rest))
		return strings.Replace(body, "To: d", fmt.Sprintf("Content-Length: %d\nTo: d", n), 1)
	}
	inner := dated("\n{d}\nTo: d\n")
	for _, c := range []struct {
		why, mbox string
		want      []string // how each message is doubted, "" if not
	}{
		{"nothing", ann + "\n" + bob + "\n" + dan, []string{"", "", ""}},
		{"a marked line", ann + ">" + text + "\n>" + text + "\n" + bob, []string{"", ""}},
		{"no blank line", ann + bob + dan, []string{"", "line 6: a message begins here, though",
			"line 11: a message begins here, though"}},
		{"no blank line, where blank lines are used", ann + "\n" + dan + bob,
			[]string{"", "", "line 12: a message begins here, though"}},
		{"no blank line, where a text has such lines", ann + text + bob + "\n" + dan,
			[]string{"line 7: it looks like the start of a message and is read as text: no blank line " +
				"stands before it, and other lines", ""}},
		{"no blank line is used, and a text has such lines", ann + text + bob + dan,
			[]string{"", "line 7: a message begins here, though", "line 12: a message begins"}},
		{"no header", ann + "{b}\nNote: this\nand that\n", []string{
			"line 6: it looks like the start of a message and is read as text: no blank line stands " +
				"before it, and no header"}},
		{"no header behind a blank line", ann + "\n{b}\nand that\n",
			[]string{"", "line 7: a message begins here that has no header"}},
		{"such a line behind a blank one", ann + "\n" + text + "\n" + bob,
			[]string{`line 7: it begins with "From " and is text`, ""}},
		{"no date above a header", ann + "\nFrom b@x.test\nFrom: b@x.test\nTo: d\n\n" + bob + "\n" + dan,
			[]string{`line 7: it looks like the start of a message and is read as text: it does not end ` +
				"with a date", "", ""}},
		{"a field", "{a}\nFrom : a@x.test\nTo: d\n\nx\n\n" + bob, []string{"", ""}},
		{"a length that hides a message", long(ann, "\n"+bob) + "\n" + bob + "\n" + dan, []string{
			"line 8: a message begins here, though the Content-Length of the one before", "", ""}},
		{"to the end", long(ann, "\n"+bob) + "\n" + bob, []string{
			"line 8: it looks like the start of a message and is read as text: the Content-Length"}},
		{"lines behind a length", long(ann, "\n"+bob) + "\n" + bob + "\n{d}\nContent-Length: 0\n\n" +
			"{d}\nContent-Length: 0\n\n", []string{"line 8: it looks like", "", ""}},
		{"behind a length that ends before its line does", "{a}\nContent-Length: 1\n\nx\n{b}\n" +
			fmt.Sprintf("Content-Length: %d\n\n", len(inner)) + inner, []string{"", "line 9: it looks"}},
	} {
		t.Run(c.why, func(t *testing.T) {
			got := doubts(t, dated(c.mbox))
			if !slices.EqualFunc(got, c.want, func(all []string, want string) bool {
				return len(all) == 0 && want == "" ||
					len(all) == 1 && want != "" && strings.HasPrefix(all[0], want)
			}) {
				t.Errorf("%s: %q; want %q", dated(c.mbox), got, c.want)
			}
		})
	}
}

// However many places a message has, a few are named and the others counted.
func TestMostWarnings(t *testing.T) {
	mbox := dated("{a}\nFrom: a@x.test\n\n" + strings.Repeat("c\n{b}\nNote: this\nand that\n", 100))
	got := doubts(t, mbox)
	if len(got) != 1 || len(got[0]) != mostWarnings+1 || got[0][mostWarnings] != "and 90 more" {
		t.Errorf("%q", got)
	}
}

// What stands below a From_ line is a header if it has what a message has.
func TestReadHeader(t *testing.T) {
	for _, c := range []struct {
		text   string
		whole  bool
		want   headerBelow
		enough bool
	}{
		{"", true, noHeader, true},
		{"", false, noHeader, false},
		{"and so on\n", false, noHeader, true},
		{" From: a\nTo: b\n", false, noHeader, true},
		{"\nFrom: a\nTo: b\n", false, noHeader, true},
		{"From: a\nFrom: b\n\n", false, someHeader, true},
		{"From: a\nX: b\nand so on\nTo: c\n", false, someHeader, true},
		{"FROM : a\nX: b\n c: d\nto:\n", false, wholeHeader, true},
		{"From: a\nDate: b", false, someHeader, false},
		{"From: a\nDate: b", true, wholeHeader, true},
	} {
		if got, enough := readHeader([]byte(c.text), c.whole); got != c.want || enough != c.enough {
			t.Errorf("%q, %t: %d, %t; want %d, %t", c.text, c.whole, got, enough, c.want, c.enough)
		}
	}
}
