package terminal

import (
	"slices"
	"strings"
	"testing"

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

// Of a path that is cut the name stays, and the text beside it has as much room.
func TestLayOutFile(t *testing.T) {
	headers := []string{"DECISION", "SENDER", "FILE", "WHY"}
	rows := [][]string{
		{"ticket", "una@example.com", "/var/mail/archive/2026/10/row0-two-from.eml",
			"nothing on the lists holds una@example.com"},
		{"suspend", "", "a.eml", "no single From address can be read"},
	}
	for width, want := range map[int]string{
		80:  "ticket    una@example.com  …/row0-two-from.eml  nothing on the lists holds una@…",
		200: "/var/mail/archive/2026/10/row0-two-from.eml  nothing on the lists holds una@",
	} {
		lines := strings.Split(layOut(headers, rows, width, false), "\n")
		if !strings.Contains(lines[1], want) {
			t.Errorf("width %d: %q has no %q", width, lines[1], want)
		}
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		wants []int
		room  int
		want  []int
	}{
		{[]int{3, 4, 5}, 20, []int{3, 4, 5}},
		{[]int{3, 40, 50}, 24, []int{3, 10, 11}},
		{[]int{40, 8, 12}, 40, []int{20, 8, 12}},
		{[]int{9, 9}, 1, []int{1, 1}},
		{[]int{0, 5}, 10, []int{1, 5}},
	} {
		if got := share(c.wants, c.room); !slices.Equal(got, c.want) {
			t.Errorf("share(%v, %d) = %v, want %v", c.wants, c.room, got, c.want)
		}
	}
}
