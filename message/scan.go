package message

import (
	"bytes"
)

// scan walks over a header section line by line, once.
type scan struct {
	head   []byte
	pos    int // octets read
	line   int // lines read
	fields []Field
	start  int  // where in head the last field begins
	open   bool // the next continuation line belongs to the last field
	crlf   bool // a line has ended in CRLF
	defects
}

// run reads up to and including the first empty line, and reports whether there was one.
func (s *scan) run() bool {
	s.mark()
	for s.pos < len(s.head) {
		raw := s.head[s.pos:]
		if i := bytes.IndexByte(raw, '\n'); i >= 0 {
			raw = raw[:i+1]
		}
		s.line++
		s.octets(raw)
		if string(raw) == "\r\n" || string(raw) == "\n" {
			s.pos += len(raw)
			return true
		}
		s.take(raw)
		s.pos += len(raw)
	}
	return false
}

// mark passes over a byte order mark. Some readers take it for part of the first name.
func (s *scan) mark() {
	if bytes.HasPrefix(s.head, []byte("\xef\xbb\xbf")) {
		s.add(ByteOrderMark, 1)
		s.pos = 3
	}
}

// take sorts one line in: a field, the continuation of one, or a defect.
func (s *scan) take(raw []byte) {
	if raw[0] == ' ' || raw[0] == '\t' {
		s.continued(raw)
		return
	}
	colon := bytes.IndexByte(raw, ':')
	name := bytes.TrimRight(raw[:max(colon, 0)], " \t")
	s.open = isName(name)
	switch {
	case s.open && len(s.fields) < MaxFields:
		s.begin(raw, colon, len(name))
	case s.open:
		s.add(TooManyFields, s.line)
		s.open = false
	case s.line == 1 && isMboxLine(raw):
		s.add(MboxLine, s.line)
	case colon < 0:
		s.add(NoColon, s.line)
	default:
		s.add(BadName, s.line)
	}
}

func (s *scan) begin(raw []byte, colon, name int) {
	if name < colon {
		s.add(SpaceBeforeColon, s.line)
	}
	s.start = s.pos
	s.fields = append(s.fields, Field{Raw: raw[:len(raw):len(raw)], Colon: colon, Line: s.line})
}

// continued takes a line that begins with white space. It goes with the line before,
// field or not.
func (s *scan) continued(raw []byte) {
	if len(bytes.Trim(raw, " \t\r\n")) == 0 {
		s.add(BlankSpace, s.line)
	}
	if s.line == 1 {
		s.add(LeadingSpace, s.line)
	}
	if s.open {
		end := s.pos + len(raw)
		s.fields[len(s.fields)-1].Raw = s.head[s.start:end:end]
	}
}

// octets looks for what some programs take for the end of a line or of a string.
func (s *scan) octets(raw []byte) {
	end := len(raw)
	if end > 0 && raw[end-1] == '\n' {
		end--
		if end > 0 && raw[end-1] == '\r' {
			end--
			s.crlf = true
		} else {
			s.add(BareLF, s.line)
		}
	}
	for i := 0; i < end; i++ {
		if c := raw[i]; c < ' ' && c != '\t' || c == 0x7f {
			s.odd(c)
		}
	}
}

func (s *scan) odd(c byte) {
	switch c {
	case 0:
		s.add(NUL, s.line)
	case '\r':
		s.add(BareCR, s.line)
	default:
		s.add(Control, s.line)
	}
}

// isName is the field name of RFC 5322, section 3.6.8.
func isName(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f || c == ':' {
			return false
		}
	}
	return len(b) > 0
}
