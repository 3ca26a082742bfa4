package message

import (
	"errors"
	"io"
)

// A headerLimiter stands between the message and the library, which reads the header of a part to
// its end, however long it is.
type headerLimiter struct {
	r      io.Reader
	err    error
	guard  bool
	octets int // that may still pass while guard is set
}

var errHeaderTooLong = errors.New("a part header is too long")

func (g *headerLimiter) allow(octets int) { g.guard, g.octets = true, octets }

func (g *headerLimiter) free() { g.guard = false }

func (g *headerLimiter) Read(b []byte) (int, error) {
	if g.err == nil && g.guard && g.octets <= 0 {
		g.err = errHeaderTooLong
	}
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.r.Read(b)
	g.octets -= n
	g.err = err
	return n, err
}
