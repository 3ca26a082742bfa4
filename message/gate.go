package message

import (
	"errors"
	"io"
)

// A gate stands between the message and the library, which reads the header of a part to
// its end, however long it is.
type gate struct {
	r      io.Reader
	err    error
	guard  bool
	octets int // that may still pass while guard is set
}

var errGate = errors.New("a part header is too long")

func (g *gate) allow(octets int) { g.guard, g.octets = true, octets }

func (g *gate) free() { g.guard = false }

func (g *gate) Read(b []byte) (int, error) {
	if g.err == nil && g.guard && g.octets <= 0 {
		g.err = errGate
	}
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.r.Read(b)
	g.octets -= n
	g.err = err
	return n, err
}
