package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// runWith is the program with a database of its own: its exit code and what it printed.
func runWith(t *testing.T, db, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	args = append([]string{"--db", db}, args...)
	code = run(context.Background(), args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// editor is text that is written while do happens.
type editor struct {
	do   func()
	text *strings.Reader
}

func (e *editor) Read(b []byte) (int, error) {
	if e.do != nil {
		e.do()
		e.do = nil
	}
	return e.text.Read(b)
}

// A list that is read from stdin is not set if somebody changed it since the command began.
func TestRulesSetWhileSomebodyEdits(t *testing.T) {
	for name, c := range map[string]struct {
		theirs []string
		code   int
		list   string
	}{
		"nothing happens":  {nil, exitDone, "mine.test\n"},
		"a first entry":    {[]string{"add", "block", "theirs.test"}, exitNo, "theirs.test\n"},
		"the other list":   {[]string{"add", "allow", "theirs.test"}, exitNo, "\n"},
		"the same is done": {[]string{"set", "block", "mine.test"}, exitDone, "mine.test\n"},
	} {
		t.Run(name, func(t *testing.T) {
			db := filepath.Join(t.TempDir(), "gatepost.db")
			stdin := &editor{text: strings.NewReader("mine.test"), do: func() {
				if c.theirs != nil {
					runWith(t, db, "", append([]string{"rules"}, c.theirs...)...)
				}
			}}
			var out, errs strings.Builder
			code := run(context.Background(), []string{"--db", db, "rules", "set", "block", "-"}, stdin,
				&out, &errs)
			refused := strings.Contains(errs.String(), "the lists were changed meanwhile")
			if code != c.code || refused != (code == exitNo) {
				t.Errorf("exit %d, %s", code, errs.String())
			}
			if _, list, _ := runWith(t, db, "", "rules", "show", "block", "--text"); list != c.list {
				t.Errorf("the list is %q, want %q", list, c.list)
			}
		})
	}
}

// A field holds 10,000 characters and not one more, its final newline not counted; entries
// that are imported have no such limit.
func TestFieldLimit(t *testing.T) {
	db := filepath.Join(t.TempDir(), "gatepost.db")
	full := strings.Repeat("ü.test ", 1428) + "io.x"
	steps := []struct {
		why, stdin string
		args       []string
		code       int
		says       string
	}{
		{"10,000 characters", full, []string{"rules", "set", "block", "-"}, exitDone, "2 entries"},
		{"and a newline", full + "\n", []string{"rules", "set", "block", "-"}, exitDone, "2 entries"},
		{"one more", full + "y", []string{"rules", "set", "block", "-"}, exitNo, "10001 characters"},
		{"far more than is read", strings.Repeat(full, 50), []string{"rules", "set", "block", "-"},
			exitNo, "the blocklist stays as it was"},
		{"imported", full + " more.test", []string{"rules", "import", "block", "-"}, exitDone,
			"1 entry added to the blocklist, 2 there already"},
	}
	for _, s := range steps {
		code, _, says := runWith(t, db, s.stdin, s.args...)
		if code != s.code || !strings.Contains(says, s.says) {
			t.Errorf("%s: exit %d, %q; want exit %d, %q", s.why, code, says, s.code, s.says)
		}
	}
	_, list, _ := runWith(t, db, "", "rules", "show", "block", "--text")
	if want := "ü.test io.x more.test\n"; list != want {
		t.Errorf("the list is %q, want %q", list, want)
	}
}

func TestUncommented(t *testing.T) {
	cases := []struct {
		in     string
		number int
		want   string
	}{
		{"acme.test # ours\n", 1, "acme.test "},
		{"# all of it\n", 2, ""},
		{"a#b@acme.test\t#c", 3, "a#b@acme.test\t"},
		{"\ufeffacme.test\r\n", 1, "acme.test\r\n"},
		{"\ufeff# comment", 1, ""},
		{"", 9, ""},
	}
	for _, c := range cases {
		if got := uncommented(c.in, c.number); got != c.want {
			t.Errorf("uncommented(%q, %d) = %q, want %q", c.in, c.number, got, c.want)
		}
	}
}
