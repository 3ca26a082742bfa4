package smtpd

import (
	"bytes"
	"io"
)

// finalDot ends a content where a line begins.
const finalDot = ".\r\n"

// An unstuffer reads what follows a 354, without the dots that were put before the dots
// that begin lines (RFC 5321, section 4.5.2). The session reads this and leaves alone what
// go-smtp gives it, which goes octet by octet; go-smtp sees only the final dot.
type unstuffer struct {
	guard  *guard
	before [2]byte // the octets in front of the next, as they came
	ended  bool    // the final dot was read
}

// unstuff begins with the content of a DATA.
func (g *guard) unstuff() *unstuffer {
	g.wire.phase = content
	g.widen()
	return &unstuffer{guard: g, before: [2]byte{'\r', '\n'}}
}

// Read ends with io.EOF only behind the final dot, else with the reply to what went wrong.
func (u *unstuffer) Read(p []byte) (int, error) {
	g := u.guard
	for !u.ended {
		if g.failed {
			return 0, errCut()
		}
		n, used := u.take(p, g.in[g.r:g.w])
		g.r += used
		if u.ended {
			g.pending = g.in[g.r-len(finalDot) : g.r]
		}
		if n > 0 || len(p) == 0 {
			return n, nil
		}
		if u.ended {
			break
		}
		if err := g.fill(); err != nil {
			return 0, g.fail(err)
		}
	}
	return 0, io.EOF
}

// take copies octets of the content from src to dst, until either is used up, src goes on
// behind the final dot, or its last octets may become one.
func (u *unstuffer) take(dst, src []byte) (n, used int) {
	for n < len(dst) && used < len(src) && !u.ended {
		rest := src[used:]
		m := u.ordinary(rest[:min(len(rest), len(dst)-n)])
		n += copy(dst[n:], rest[:m])
		if m == 0 {
			m = u.dot(rest)
		}
		if m == 0 {
			break
		}
		u.pass(rest[:m])
		used += m
	}
	return n, used
}

// ordinary counts the octets in front of the first dot that begins a line.
func (u *unstuffer) ordinary(b []byte) int {
	if b[0] == '.' && u.beginsLine(b, 0) {
		return 0
	}
	for i := 0; ; {
		lf := bytes.Index(b[i:], []byte("\n."))
		if lf < 0 {
			return len(b)
		}
		if i += lf + 1; u.beginsLine(b, i) {
			return i
		}
	}
}

// beginsLine reports whether a line begins at b[i]: only CR LF ends one (RFC 5321, section
// 2.3.8), whatever stands before the CR.
func (u *unstuffer) beginsLine(b []byte, i int) bool {
	switch i {
	case 0:
		return u.before == [2]byte{'\r', '\n'}
	case 1:
		return u.before[1] == '\r' && b[0] == '\n'
	}
	return b[i-2] == '\r' && b[i-1] == '\n'
}

// dot takes the dot that begins a line: the final one with its CR LF, any other alone. It
// takes nothing while b is too short to tell.
func (u *unstuffer) dot(b []byte) int {
	known := min(len(b), len(finalDot))
	switch {
	case string(b[:known]) != finalDot[:known]:
		return 1
	case known < len(finalDot):
		return 0
	}
	u.ended = true
	return known
}

// pass remembers the last of the octets that were taken.
func (u *unstuffer) pass(b []byte) {
	if len(b) == 1 {
		u.before = [2]byte{u.before[1], b[0]}
		return
	}
	u.before = [2]byte(b[len(b)-2:])
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
