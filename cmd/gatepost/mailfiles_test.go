package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
