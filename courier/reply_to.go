package courier

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
)

// DropsReplyTo reports whether the Reply-To fields of a message may be taken off for a desk that
// would take them for the requester. They stay where the requester was read from them.
func DropsReplyTo(p *Parcel) bool {
	return !slices.ContainsFunc(p.ReplyTo, func(address string) bool {
		return strings.EqualFold(address, p.Email)
	})
}

// WithoutReplyTo reads a message without the Reply-To fields of its header. Every other octet is
// as it was; a signature (DKIM) over Reply-To does not hold any longer. The header ends at the
// first empty line. What follows a CR without LF counts as a line of its own, since there are
// programs that read it so.
func WithoutReplyTo(r io.Reader) io.Reader {
	return &replyTo{in: bufio.NewReader(r), header: true}
}

// A replyTo reader takes the header piece by piece and then is done with looking.
type replyTo struct {
	in     *bufio.Reader
	header bool
	within bool   // a field that is left out
	given  []byte // of the line that was read, what is still to be given
	begun  bool   // a byte order mark can no longer come
	inside bool   // of a line: its end was not read yet
}

func (f *replyTo) Read(b []byte) (n int, err error) {
	for len(f.given) == 0 {
		if !f.header {
			return f.in.Read(b)
		}
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	n = copy(b, f.given)
	f.given = f.given[n:]
	return n, nil
}

// next reads a piece of the header: a line, or as much of one as the buffer holds.
func (f *replyTo) next() error {
	if !f.begun {
		f.begun = true
		if mark, _ := f.in.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
			_, err := f.in.Discard(len(byteOrderMark))
			f.given = []byte(byteOrderMark)
			return err
		}
	}
	piece, err := f.piece()
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		return err
	}
	if !f.inside {
		f.line(piece)
	}
	last := piece[len(piece)-1]
	f.inside = last != '\n' && last != '\r'
	if !f.within {
		f.given = bytes.Clone(piece)
	}
	return nil
}

const byteOrderMark = "\xef\xbb\xbf"

// line sorts the start of a line in: the end of the header, a field, or the continuation of one.
func (f *replyTo) line(piece []byte) {
	switch {
	case piece[0] == '\n', string(piece) == "\r\n":
		f.header, f.within = false, false
	case piece[0] == ' ', piece[0] == '\t':
	default:
		// A colon may stand behind more blanks than the buffer holds.
		name, _, field := bytes.Cut(piece, []byte(":"))
		f.within = (field || len(piece) == f.in.Size()) &&
			bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte("Reply-To"))
	}
}

// piece reads up to and including LF, CRLF or CR, or bufio.ErrBufferFull. An error at the end of
// what is there comes with the next call.
func (f *replyTo) piece() ([]byte, error) {
	for n := 1; ; n++ {
		at, err := f.in.Peek(n)
		switch {
		case len(at) == 0:
			return nil, err
		case err != nil: // the last octets: no line end is among them, or a CR is the last
			_, _ = f.in.Discard(len(at)) // which are there
			return at, nil
		case at[n-1] == '\n', n > 1 && at[n-2] == '\r':
			if at[n-1] != '\n' {
				n--
			}
			_, err := f.in.Discard(n)
			return at[:n], err
		case n == f.in.Size():
			_, _ = f.in.Discard(n)
			return at, bufio.ErrBufferFull
		}
	}
}

// UnixEnds reads a message with the line ends of Unix: the CR of each CRLF is left out.
func UnixEnds(r io.Reader) io.Reader { return &unixEnds{in: bufio.NewReader(r)} }

type unixEnds struct{ in *bufio.Reader }

func (u *unixEnds) Read(b []byte) (n int, err error) {
	for ; n < len(b); n++ {
		c, err := u.in.ReadByte()
		if err != nil {
			return n, err
		}
		if c == '\r' {
			if next, _ := u.in.Peek(1); len(next) == 1 && next[0] == '\n' {
				c, _ = u.in.ReadByte() // which is there
			}
		}
		b[n] = c
	}
	return n, nil
}
