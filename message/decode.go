package message

import (
	"io"
	"mime"
	"strings"

	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding/japanese"
)

// maxEncoded is how much of a value is looked at for encoded words, in octets. The
// standard decoder tries each "=?" against all that follows it.
const maxEncoded = 8 << 10

// decode decodes the encoded words of a value (RFC 2047) for people to read. It never
// fails: a word that is broken, or in a charset nobody knows, is shown as it came.
func decode(s string) string { return Clean(decodeWords(s)) }

// decodeWords is decode with all that was encoded in it, NUL too.
func decodeWords(s string) string {
	s = s[:min(len(s), maxEncoded)]
	if strings.Contains(s, "=?") {
		d := mime.WordDecoder{CharsetReader: wordReader}
		if text, err := d.DecodeHeader(s); err == nil {
			s = text
		}
	}
	return s
}

// hidesControl reports whether an encoded word holds a control character. What ends a line
// is only white space once it is decoded.
func hidesControl(s string) bool {
	return strings.Contains(s, "=?") && strings.ContainsFunc(decodeWords(s), func(r rune) bool {
		return r < ' ' && !isSpace(r) || r == 0x7f
	})
}

// wordReader is charsetReader for encoded words: an unknown charset is read as ASCII.
func wordReader(label string, r io.Reader) (io.Reader, error) {
	if decoded, err := charsetReader(label, r); err == nil {
		return decoded, nil
	}
	return r, nil
}

// charsetReader makes UTF-8 of r. It adds what go-message does not know by the name that
// Japanese mailers use.
func charsetReader(label string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "cp932", "ms932", "windows-932", "ms_kanji":
		return japanese.ShiftJIS.NewDecoder().Reader(r), nil
	case "utf-8", "us-ascii":
		return r, nil
	}
	return charset.Reader(label, r)
}
