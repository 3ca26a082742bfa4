package message

import (
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// encodings are those of which go-message does not know the name that mailers give them, or
// reads them as other readers do not: ISO 8859-1 is Windows 1252 to all of them (WHATWG
// Encoding, section 4.2).
var encodings = map[string]encoding.Encoding{
	"cp932": japanese.ShiftJIS, "ms932": japanese.ShiftJIS, "windows-932": japanese.ShiftJIS,
	"ms_kanji": japanese.ShiftJIS, "eucjp": japanese.EUCJP,
	"iso-2022-jp-ms": japanese.ISO2022JP, "cp50220": japanese.ISO2022JP,
	"cp50221": japanese.ISO2022JP, "cp50222": japanese.ISO2022JP,
	"x-windows-iso2022jp": japanese.ISO2022JP,
	"iso-8859-1":          charmap.Windows1252, "iso8859-1": charmap.Windows1252,
	"iso_8859-1": charmap.Windows1252, "latin1": charmap.Windows1252,
	"latin-1": charmap.Windows1252, "8859_1": charmap.Windows1252,
	"ansi": charmap.Windows1252, "x-ansi": charmap.Windows1252,
	"cp858": charmap.CodePage858, "ibm00858": charmap.CodePage858,
	"cp874":    charmap.Windows874,
	"ucs-2":    unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
	"utf-32":   utf32.UTF32(utf32.BigEndian, utf32.UseBOM),
	"utf-32be": utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM),
	"utf-32le": utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM),
}

// saysNothing are labels that mailers write where they know no better (RFC 1428 has
// unknown-8bit), or where there should be ASCII alone.
var saysNothing = setOf("us-ascii", "ascii", "ansi_x3.4-1968", "unknown-8bit", "x-unknown", "unknown",
	"x-user-defined", "default", "none", "8bit", "binary")

// replaced are those that the library knows, but does not decode: it makes one sign of all.
var replaced = setOf("iso-2022-kr", "csiso2022kr", "iso-2022-cn", "iso-2022-cn-ext",
	"replacement")

func setOf(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}

var errReplaced = errors.New("it is not decoded")

// charsetReader makes UTF-8 of r.
func charsetReader(label string, r io.Reader) (io.Reader, error) {
	label = charsetName(label)
	switch known := encodings[label]; {
	case label == "utf-8" || label == "utf8":
		return r, nil
	case saysNothing[label]:
		return transform.NewReader(r, mixedText{}), nil
	case replaced[label]:
		return nil, errReplaced
	case known != nil:
		return known.NewDecoder().Reader(r), nil
	}
	return charset.Reader(label, r)
}

// charsetName is a label in lower case, without what mailers write around it: charset="utf-8;",
// en_US.ISO8859-1, cp-850, win-1251.
func charsetName(label string) string {
	label = strings.Trim(lower(label), "\"'=;, \t")
	label = strings.TrimPrefix(label, "charset=")
	if len(label) > 6 && label[2] == '_' && label[5] == '.' {
		label = label[6:]
	}
	for _, prefix := range [...][2]string{{"cp-", "cp"}, {"ibm-", "cp"}, {"win-", "windows-"},
		{"8859_", "iso-8859-"}} {
		if page, found := strings.CutPrefix(label, prefix[0]); found {
			return prefix[1] + page
		}
	}
	return label
}

// mixedText reads UTF-8 where it is valid, and each other octet as Windows 1252, as readers
// do that are not told what it is.
type mixedText struct{ transform.NopResetter }

func (mixedText) Transform(dst, src []byte, atEOF bool) (written, read int, err error) {
	for read < len(src) {
		r, size := utf8.DecodeRune(src[read:])
		if r == utf8.RuneError && size == 1 {
			if !atEOF && !utf8.FullRune(src[read:]) {
				return written, read, transform.ErrShortSrc
			}
			r = charmap.Windows1252.DecodeByte(src[read])
		}
		if written+utf8.UTFMax > len(dst) {
			return written, read, transform.ErrShortDst
		}
		written += utf8.EncodeRune(dst[written:], r)
		read += size
	}
	return written, read, nil
}
