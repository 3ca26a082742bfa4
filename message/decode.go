package message

import (
	"io"
	"mime"
	"strings"
	"unicode/utf8"
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

// decodeRaw decodes a value that stands in the message as it is, in the charset that the text
// is in: octets that are not UTF-8 (RFC 6532), or the escapes of ISO 2022. It gives "" where
// there are none, or no such charset is known.
func decodeRaw(s, label string) string {
	if label == "" || strings.Contains(s, "=?") ||
		utf8.ValidString(s) && strings.IndexByte(s, escape) < 0 {
		return ""
	}
	r, err := charsetReader(label, strings.NewReader(s[:min(len(s), maxEncoded)]))
	if err != nil {
		return ""
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return ""
	}
	return Clean(string(text))
}

// escape begins the escape sequences of ISO 2022.
const escape = 0x1b
