package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"charm.land/lipgloss/v2"
)

func TestLayOut(t *testing.T) {
	headers := []string{"ID", "AUTHOR", "SUBJECT"}
	rows := [][]string{
		{"1", "ann@acme.test", "short"},
		{"1234567", "田中@例え.test", strings.Repeat("返品について ", 30)},
		{"3", strings.Repeat("a", 200) + "@acme.test", "🎉 party"},
	}
	for _, width := range []int{20, 40, 80, 200, 500} {
		lines := strings.Split(layOut(headers, rows, width, false), "\n")
		if len(lines) != 1+len(rows) {
			t.Fatalf("width %d: %d lines for %d rows:\n%s", width, len(lines), len(rows),
				strings.Join(lines, "\n"))
		}
		for _, line := range lines {
			if n := lipgloss.Width(line); n > width || n != lipgloss.Width(lines[0]) {
				t.Errorf("width %d: a line has %d cells, the first %d: %q", width, n,
					lipgloss.Width(lines[0]), line)
			}
		}
		if width >= 40 && !strings.HasPrefix(lines[2], "1234567  ") {
			t.Errorf("width %d: the id was cut: %q", width, lines[2])
		}
		if strings.Contains(strings.Join(lines, ""), "\x1b") {
			t.Errorf("width %d: colour where none was asked for", width)
		}
	}
}

// Columns line up whatever their letters are: an East Asian letter is two cells wide.
func TestLayOutWide(t *testing.T) {
	got := layOut([]string{"A", "B"}, [][]string{{"返品", "x"}, {"abcd", "y"}}, 80, false)
	if want := "A     B\n返品  x\nabcd  y"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableOffTerminal(t *testing.T) {
	var out strings.Builder
	a := &app{stdout: &out}
	rows := [][]string{{"1", "a\tb", "x\ny\x1b[0m"}, {"2", "", "z"}}
	if err := a.table([]string{"ID", "A", "B"}, rowsOf(rows)); err != nil {
		t.Fatal(err)
	}
	if want := "1\ta\\tb\tx\\ny\\x1b[0m\n2\t\tz\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestListStopsAtError(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, json := range []bool{false, true} {
		var out strings.Builder
		a := &app{stdout: &out, json: json}
		seq := func(yield func(int, error) bool) {
			_ = yield(7, nil) && yield(0, broken) && yield(8, nil)
		}
		err := printList(a, seq, []string{"N"}, func(int) []string { return []string{"seven"} })
		if !errors.Is(err, broken) {
			t.Errorf("json %t: error %v, want %v", json, err, broken)
		}
		if lines := strings.Count(out.String(), "\n"); lines != 1 {
			t.Errorf("json %t: wrote %q, want one line", json, out.String())
		}
	}
}

func TestAge(t *testing.T) {
	cases := map[time.Duration]string{
		0:                             "0s",
		59 * time.Second:              "59s",
		90 * time.Second:              "1m",
		26 * time.Hour:                "1d",
		-49 * time.Hour:               "in 2d",
		time.Second - 14*24*time.Hour: "in 14d",
		-time.Second:                  "in 1m",
		5 * time.Hour:                 "5h",
	}
	for d, want := range cases {
		if got := age(d); got != want {
			t.Errorf("age(%s) = %q, want %q", d, got, want)
		}
	}
}
