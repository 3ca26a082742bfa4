package message

import (
	"bytes"
	"strings"
)

// A Field is one header field, its bytes as they stand in the message.
type Field struct {
	Raw   []byte // name, colon and value, folds and final line end included
	Colon int    // where in Raw the first colon stands
	Line  int    // its first line, counted from 1
}

// Name is the field name as written, without white space before the colon.
func (f Field) Name() string { return string(f.name()) }

func (f Field) name() []byte { return bytes.TrimRight(f.Raw[:f.Colon], " \t") }

// Is reports whether the field has that name, in any ASCII letter case.
func (f Field) Is(name string) bool {
	own := f.Raw[:f.Colon]
	if len(own) < len(name) {
		return false
	}
	for i := 0; i < len(name); i++ {
		if lowerByte(own[i]) != lowerByte(name[i]) {
			return false
		}
	}
	return len(bytes.Trim(own[len(name):], " \t")) == 0
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// Value is what follows the colon, unfolded (RFC 5322, section 2.2.3) and trimmed; no
// octet of it is changed.
func (f Field) Value() string {
	v := bytes.Trim(f.Raw[f.Colon+1:], " \t\r\n")
	if bytes.IndexByte(v, '\n') < 0 {
		return string(v)
	}
	var b strings.Builder
	b.Grow(len(v))
	for line := range bytes.Lines(v) {
		b.Write(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")))
	}
	return b.String()
}
