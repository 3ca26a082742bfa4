package message

import (
	"bytes"
	"errors"
	"io"
)

// ErrNoPart says that a message has no such part.
var ErrNoPart = errors.New("there is no such attachment")

// Pages are the parts of HTML that people would read of a message, each in UTF-8 and all
// together at most limit octets. They are as the sender wrote them: not fit to be shown
// before they are sanitised. cut reports that there is more. The body is as for Text.
func (m *Message) Pages(body io.Reader, limit int) (pages []string, cut bool) {
	w := newWalk(body, limit)
	w.pages = &capture{left: limit}
	w.read(m)
	for _, page := range w.pages.list {
		if page.Len() > 0 {
			pages = append(pages, Clean(page.String()))
		}
	}
	return pages, w.pages.cut || w.left < 0
}

// Extract writes an attachment to dst, decoded: number n of those that Text lists, counted
// from 0. The error is ErrNoPart, or that of dst.
func (m *Message) Extract(body io.Reader, n int, dst io.Writer) error {
	w := newWalk(body, 0)
	w.wanted, w.dst = n, &sink{w: dst}
	w.read(m)
	if n < 0 || n >= len(w.files) {
		return ErrNoPart
	}
	return w.dst.err
}

// A sink keeps the error of a writer apart from those of what is written: an attachment that
// cannot be decoded to its end is given as far as it can be.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	if s.err == nil {
		_, s.err = s.w.Write(b)
	}
	return len(b), nil
}

// A capture keeps what was read of the pages of a message.
type capture struct {
	list []*bytes.Buffer
	left int
	cut  bool
}

// of gives r, and keeps what is read of it.
func (c *capture) of(r io.Reader) io.Reader {
	if c == nil {
		return r
	}
	c.list = append(c.list, &bytes.Buffer{})
	return io.TeeReader(r, c)
}

func (c *capture) Write(b []byte) (int, error) {
	kept := b[:min(len(b), c.left)]
	c.left -= len(kept)
	c.cut = c.cut || len(kept) < len(b)
	c.list[len(c.list)-1].Write(kept)
	return len(b), nil
}
