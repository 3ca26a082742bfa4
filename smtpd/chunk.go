package smtpd

import (
	"strconv"
	"strings"
)

// announce reads a BDAT line as go-smtp does.
func (w *wire) announce(line []byte) {
	args := strings.Fields(string(line[len("BDAT"):]))
	w.due, w.broken, w.final = true, true, len(args) == 2
	if len(args) == 0 || len(args) > 2 || line[len("BDAT")] != ' ' ||
		w.final && !strings.EqualFold(args[1], "LAST") {
		return
	}
	if size, err := strconv.ParseUint(args[0], 10, 32); err == nil {
		w.ahead, w.broken = int64(size), false
	}
}

// handChunk hands on octets of a chunk, and none beyond. Where it ends too early go-smtp
// would see a whole message: the guard's error stands in the way (RFC 3030, section 2).
func (g *guard) handChunk(p []byte) (int, error) {
	w := &g.wire
	w.phase = chunk
	if w.due { // no reply before the octets: it is accepted, and a session reads them
		w.begin()
	}
	n := int(min(int64(len(p)), w.ahead))
	var err error
	if g.r < g.w {
		n = copy(p[:n], g.in[g.r:g.w])
		g.r += n
	} else {
		n, err = g.receive(p[:n])
	}
	w.ahead -= int64(n)
	return n, err
}

// begin waits until the session has begun with a message in chunks. go-smtp starts that
// in a goroutine of its own, which could otherwise come so late that it finds the next
// message, or no session at all.
func (w *wire) begin() {
	if !w.open {
		<-w.begun
		w.open = true
	}
}
