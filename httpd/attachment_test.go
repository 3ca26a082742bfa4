package httpd

import (
	"strings"
	"testing"
)

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{
		"report.pdf": "report.pdf", "": "attachment-1", "..": "attachment-1",
		"../../etc/passwd": "_.._etc_passwd",
		".bashrc":          "bashrc", "con.txt": "_con.txt", "LPT1": "_LPT1",
		"com5.tar.gz":    "_com5.tar.gz",
		"a\u202egnp.exe": "a_gnp.exe", "a\r\nSet-Cookie: x": "a__Set-Cookie_ x",
		"Müller 報告.pdf": "Müller 報告.pdf",
		"a\x00b.":       "a\ufffdb", `C:\x|y"?.doc`: "C__x_y__.doc",
		" x ": "x", "\u202e\u202e": "attachment-1",
		strings.Repeat("é", 300) + ".pdf": strings.Repeat("é", 88) + ".pdf",
	} {
		if got := SafeName(name, 0); got != want {
			t.Errorf("%q is saved as %q, want %q", name, got, want)
		}
	}
}
