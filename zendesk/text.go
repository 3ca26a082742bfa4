package zendesk

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// decode gives the text of a file without its byte order mark. Spreadsheets save UTF-16, which
// has one, and where they save neither that nor UTF-8 it is most often Windows-1252.
func (e *Export) decode(name string, data []byte) ([]byte, error) {
	is16 := bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff})
	if is16 {
		text, err := unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		if err != nil || len(data)%2 != 0 {
			return nil, fmt.Errorf("%s begins as UTF-16 and is none: save it as UTF-8", name)
		}
		return text, nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, fmt.Errorf("%s is no text: it holds NUL octets; save it as UTF-8, "+
			"and unpack it if it is packed", name)
	}
	if utf8.Valid(data) {
		return data, nil
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return nil, fmt.Errorf("%s is not UTF-8: save it so", name)
	}
	e.Mended = append(e.Mended, Finding{File: name, Line: 1, Was: "not UTF-8",
		Is: "read as Windows-1252"})
	return text, nil
}
