package smtpd

import (
	"bytes"
	"strings"
)

// handContent hands on octets of a content, and none that may stand behind its end: each
// piece stops where any server would see one. Whether it is the end go-smtp decides.
func (g *guard) handContent(p []byte) (int, error) {
	w := &g.wire
	if w.ended {
		g.hasty = true
		return 0, errNoEnd() // go-smtp overlooks CR LF . CR LF behind another CR
	}
	for {
		b := g.in[g.r:min(g.w, g.r+len(p))]
		n, end := nextPiece(b, w.lineStart)
		if n > 0 {
			w.ended = end && (n == len(".\r\n") || g.before(n-len("\n.\r\n")) == '\r')
			w.lineStart, w.last = end, b[n-1]
			g.r += copy(p, b[:n])
			return n, nil
		}
		if err := g.fill(); err != nil {
			return 0, err
		}
	}
}

// before is the octet in front of the i-th that is to be handed on.
func (g *guard) before(i int) byte {
	if i > 0 {
		return g.in[g.r+i-1]
	}
	return g.wire.last
}

// nextPiece tells how much of b may be handed on: through the first dot that stands alone
// on a line, or as much as is surely no part of one.
func nextPiece(b []byte, lineStart bool) (n int, end bool) {
	const dot = "\n.\r\n"
	if lineStart {
		if bytes.HasPrefix(b, []byte(dot[1:])) {
			return len(dot) - 1, true
		}
		if len(b) < len(dot)-1 && strings.HasPrefix(dot[1:], string(b)) {
			return 0, false
		}
	}
	if i := bytes.Index(b, []byte(dot)); i >= 0 {
		return i + len(dot), true
	}
	for n := len(dot) - 1; n > 0; n-- {
		if bytes.HasSuffix(b, []byte(dot[:n])) {
			return len(b) - n, false
		}
	}
	return len(b), false
}

// widen takes a large buffer for a content: fewer calls of the system.
func (g *guard) widen() {
	if g.wide == nil {
		g.wide = g.server.wide.Get().(*[wideBuffer]byte)
		g.move(g.wide[:])
	}
}

// narrow gives it back once what is left fits into the small one.
func (g *guard) narrow() {
	if g.wide != nil && g.w-g.r <= maxLine {
		g.move(g.lines[:])
		g.release()
	}
}

func (g *guard) move(to []byte) {
	g.w = copy(to, g.in[g.r:g.w])
	g.in, g.r = to, 0
}

func (g *guard) release() {
	if g.wide != nil {
		g.server.wide.Put(g.wide)
		g.wide = nil
	}
}
