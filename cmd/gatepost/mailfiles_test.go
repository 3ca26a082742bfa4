package main

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPartMbox(t *testing.T) {
	for _, c := range []struct {
		why, mbox string
		want      []string
	}{
		{"nothing", "", nil},
		{"a separator and nothing else", "From a\n", []string{""}},
		{"one message, no blank line at its end", "From a\nA: b\n\nc\n", []string{"A: b\n\nc\n"}},
		{"the blank line between two is the file's", "From a\nA: b\n\nc\n\nFrom d\nE: f\n\ng\n\n",
			[]string{"A: b\n\nc\n", "E: f\n\ng\n"}},
		{"a blank line of the message stays", "From a\nA: b\n\nc\n\n\nFrom d\n\n",
			[]string{"A: b\n\nc\n\n", "\n"}},
		{"From within a paragraph parts nothing", "From a\nA: b\n\nc\nFrom here on\n",
			[]string{"A: b\n\nc\nFrom here on\n"}},
		{"one > is taken off, however many there are",
			"From a\n\n>From x\n>>>From y\n> From z\n>Fromage\n",
			[]string{"\nFrom x\n>>From y\n> From z\n>Fromage\n"}},
		{"line ends of the wire", "From a\r\nA: b\r\n\r\nc\r\n\r\nFrom d\r\nE: f\r\n\r\ng",
			[]string{"A: b\r\n\r\nc\r\n", "E: f\r\n\r\ng"}},
		{"a From field is no separator", "From a\nA: b\n\nFrom: c\n", []string{"A: b\n\nFrom: c\n"}},
	} {
		t.Run(c.why, func(t *testing.T) {
			var got []string
			err := partMbox(bufio.NewReader(strings.NewReader(c.mbox)), func(raw []byte) bool {
				got = append(got, string(raw))
				return true
			})
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%q parts into %q, %v; want %q", c.mbox, got, err, c.want)
			}
		})
	}
}

func TestPartMboxStops(t *testing.T) {
	n := 0
	err := partMbox(bufio.NewReader(strings.NewReader("From a\n\nFrom b\n\nFrom c\n")),
		func([]byte) bool { n++; return false })
	if n != 1 || err != nil {
		t.Errorf("asked for one message, got %d, %v", n, err)
	}
}

// What is no mail is an error that names it, wherever it lies and whatever it is called.
func TestForeignFormatIsNoMail(t *testing.T) {
	for start, want := range map[string]string{"\x1f\x8b\x08": "gzip", "PK\x03\x04": "zip",
		"!BDN": "pst", "\x01\x01\x01\x01\nFrom: a@b.test\n": "MMDF", "BABYL OPTIONS:\n": "Babyl",
		"SQLite format 3\x00": "SQLite", "\xcf\xad\x12\xfe": "dbx", "BZh9": "bzip2"} {
		for _, name := range []string{"a.eml", "a.mbox", "a", "cur/a"} {
			dir := t.TempDir()
			for _, sub := range []string{"cur", "new"} {
				if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(start), 0o600); err != nil {
				t.Fatal(err)
			}
			if filepath.Dir(name) == "cur" {
				path = dir
			}
			if w, err := findMail([]string{path}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s with %q: %v, %v; want an error about %s", name, start, w, err, want)
			}
		}
	}
}
