package smtpd

import (
	"bytes"
	"testing"
)

// FuzzNextPiece: however a content is windowed, no piece goes on behind a dot that stands
// alone on a line, each that ends with one is known to, and nothing is held back but what
// may become one.
func FuzzNextPiece(f *testing.F) {
	for _, seed := range []string{
		".\r\n", "text\r\n.\r\nQUIT\r\n", "a\n.\r\n.\r\n.\r\n", "\r\r\n.\r\n", "\n\n.\n.\r\r\n.\r\n.\r",
	} {
		for window := range uint8(9) {
			f.Add([]byte(seed), window)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, window uint8) {
		size := int(window) + len("\n.\r\n") + 1 // go-smtp's is 4096
		from, start := 0, true
		for {
			n, end := nextPiece(text[from:min(len(text), from+size)], start)
			if n == 0 {
				break
			}
			for to := from + 1; to <= from+n; to++ {
				if isEnd(text[:to]) != (end && to == from+n) {
					t.Fatalf("%q and then %q, told %v", text[:from], text[from:from+n], end)
				}
			}
			from, start = from+n, end
		}
		if rest := text[from:]; !bytes.HasPrefix([]byte("\n.\r"), rest) &&
			!bytes.HasPrefix([]byte(".\r"), rest) {
			t.Fatalf("%q is held back", rest)
		}
	})
}

// isEnd reports whether b ends in a line that is a dot.
func isEnd(b []byte) bool {
	return bytes.HasSuffix(append([]byte("\n"), b...), []byte("\n.\r\n"))
}
