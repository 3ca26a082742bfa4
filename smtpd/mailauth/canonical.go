package mailauth

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"strings"

	"gatepost/message"
)

// A canonical form is what a signature is over (RFC 6376, section 3.4): simple, or relaxed.
type canonical struct{ relaxed bool }

// appendField adds a header field to b, without a final line end.
func (c canonical) appendField(b []byte, f message.Field) []byte {
	if c.relaxed {
		return appendRelaxed(b, f)
	}
	for line := range bytes.Lines(bytes.TrimRight(f.Raw, "\r\n")) {
		text, whole := bytes.CutSuffix(line, []byte("\n"))
		if b = append(b, bytes.TrimSuffix(text, []byte("\r"))...); whole {
			b = append(b, '\r', '\n')
		}
	}
	return b
}

// appendRelaxed makes one line of a field: its name in lower case, and one space for all
// white space on end (RFC 6376, section 3.4.2).
func appendRelaxed(b []byte, f message.Field) []byte {
	b = append(append(b, fold(f.Name())...), ':')
	start, space := len(b), false
	for _, octet := range f.Raw[f.Colon+1:] {
		if isBlank(octet) || octet == '\r' || octet == '\n' {
			space = true
			continue
		}
		if space && len(b) > start {
			b = append(b, ' ')
		}
		b, space = append(b, octet), false
	}
	return b
}

// A body hashes the canonical form of a content in pieces, and keeps none of them. Line ends
// count only if something follows, so they are counted and not kept, however many (RFC 6376,
// sections 3.4.3 and 3.4.4). A line ends with CRLF, or LF in a content that came by pipe; a
// bare CR is text.
type body struct {
	canonical
	sum    hash.Hash
	length int64  // octets hashed
	ends   int    // line ends that nothing has followed
	cr     bool   // a CR that may be half of a line end
	space  bool   // white space that may stand at the end of a line (relaxed)
	buf    []byte // what is put together for the hash
}

func newBody(c canonical) *body {
	return &body{canonical: c, sum: sha256.New(), buf: make([]byte, 0, 2*piece)}
}

// crlfs are line ends to take from.
var crlfs = []byte(strings.Repeat("\r\n", 1<<10))

// Write takes the next piece of the content. It never fails.
func (b *body) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		if b.cr && len(line) > 0 {
			b.text([]byte("\r"))
			b.cr = false
		}
		if text, half := bytes.CutSuffix(line, []byte("\r")); half {
			line, b.cr = text, true
		}
		b.text(line)
		if ended {
			b.ends, b.cr, b.space = b.ends+1, false, false
		}
		rest = after
	}
	b.flush()
	return len(p), nil
}

// text takes octets of one line.
func (b *body) text(line []byte) {
	if !b.relaxed {
		if len(line) > 0 {
			b.follow()
			b.buf = append(b.buf, line...)
		}
		return
	}
	for i, start := 0, 0; i < len(line); start = i {
		for i < len(line) && isBlank(line[i]) {
			i++
		}
		b.space = b.space || i > start
		for start = i; i < len(line) && !isBlank(line[i]); {
			i++
		}
		if i > start {
			b.follow()
			b.buf = append(b.buf, line[start:i]...)
		}
	}
}

// follow puts down what stood before a text.
func (b *body) follow() {
	for b.ends > 0 {
		n := min(b.ends, len(crlfs)/2)
		b.buf, b.ends = append(b.buf, crlfs[:2*n]...), b.ends-n
		if len(b.buf) > piece {
			b.flush()
		}
	}
	if b.space {
		b.buf, b.space = append(b.buf, ' '), false
	}
}

func (b *body) flush() {
	b.sum.Write(b.buf)
	b.length += int64(len(b.buf))
	b.buf = b.buf[:0]
}

// end is the hash of all. A content that is not empty ends with a line end; an empty one is a
// line end only in the simple form.
func (b *body) end() []byte {
	if b.cr {
		b.text([]byte("\r"))
	}
	b.flush()
	if b.ends = 0; b.length > 0 || !b.relaxed {
		b.buf = append(b.buf, '\r', '\n')
		b.flush()
	}
	return b.sum.Sum(nil)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
