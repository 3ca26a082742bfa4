package smtpd

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// A phase is what the next octets of the wire are.
type phase uint8

const (
	commands phase = iota // lines, handed on one by one
	content               // what follows a 354, up to the reply
	chunk                 // the octets a BDAT announced (RFC 3030)
)

// A wire is what the guard knows of the state of the conversation, from its octets alone.
type wire struct {
	phase   phase
	command []byte // the line handed on last, good until the next is read
	odd     int    // commands refused for their octets

	// of a content after DATA
	lineStart bool // the next octet begins a line
	ended     bool // CR LF . CR LF was handed on
	last      byte // octet handed on

	// of BDAT
	ahead  int64         // octets of the chunk to come
	due    bool          // the BDAT has no reply yet
	final  bool          // it said LAST
	broken bool          // it makes no sense: go-smtp will take the chunk for commands
	open   bool          // the session has begun with the chunks
	begun  chan struct{} // the session says here that it has
}

// reset forgets a message that came in chunks.
func (w *wire) reset() {
	w.open = false
	select {
	case <-w.begun: // it had no octets
	default:
	}
}

// hand gives go-smtp what is next, at least one octet.
func (g *guard) hand(p []byte) (int, error) {
	w := &g.wire
	switch {
	case len(g.pending) > 0:
		return g.handLine(p), nil
	case w.phase == content:
		return g.handContent(p)
	case w.ahead > 0:
		return g.handChunk(p)
	}
	w.phase = commands
	if w.broken {
		return 0, g.hangUp("")
	}
	g.narrow()
	for len(g.pending) == 0 {
		if err := g.readLine(); err != nil {
			return 0, err
		}
	}
	return g.handLine(p), nil
}

func (g *guard) handLine(p []byte) int {
	n := copy(p, g.pending)
	g.pending = g.pending[n:]
	return n
}

// hangUp ends the connection between commands, whatever the client has sent behind.
func (g *guard) hangUp(reply string) error {
	g.out = append(g.out, reply...)
	g.hasty = true
	return errHangUp
}

// readLine reads the next command and decides what go-smtp sees of it.
func (g *guard) readLine() error {
	g.waited = 0
	for seen := 0; ; {
		if i := bytes.IndexByte(g.in[g.r+seen:g.w], '\n'); i >= 0 {
			line := g.in[g.r : g.r+seen+i+1]
			g.r += len(line)
			return g.take(line)
		}
		seen = g.w - g.r
		if seen >= maxLine {
			return g.hangUp(lineTooLong)
		}
		if seen > 0 && isRecord(g.in[g.r]) {
			return g.hangUp(notSMTP)
		}
		if err := g.fill(); err != nil {
			return err
		}
	}
}

// isRecord tells a TLS handshake from a command by its first octet (RFC 8446, section 5.1).
func isRecord(first byte) bool { return first == 0x16 }

// take looks at a whole command line.
func (g *guard) take(line []byte) error {
	g.wire.command = line
	switch {
	case isRecord(line[0]) || isHTTP(line):
		return g.hangUp(notSMTP)
	case !isCommand(line):
		return g.refuseLine()
	case hasVerb(line, "STARTTLS") && !g.secured && g.server.Certificate != nil:
		return g.upgrade()
	case hasVerb(line, "BDAT"):
		g.wire.announce(line)
	case hasVerb(line, "RCPT"):
		line = g.ownPostmaster(line)
	}
	g.pending = line
	return nil
}

// refuseLine answers in the place of go-smtp, which would keep such octets in names and
// addresses and send them back. Whoever cannot stop is a machine talking past us.
func (g *guard) refuseLine() error {
	if g.wire.odd++; g.wire.odd > 3 {
		return g.hangUp(oddOctet)
	}
	g.out = append(g.out, oddOctet...)
	return nil
}

// isCommand reports whether a line holds no control characters but its end and tabs, and
// begins in ASCII: go-smtp's letter folding would read some other letters as ASCII.
func isCommand(line []byte) bool {
	line = bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))
	for i, c := range line {
		if c < ' ' && c != '\t' || c == 0x7f || c > 0x7f && i < len("STARTTLS") {
			return false
		}
	}
	return true
}

// isHTTP finds browsers and proxies that were made to talk to a mail port.
func isHTTP(line []byte) bool {
	for _, verb := range [...]string{"GET /", "POST /", "PUT /", "HEAD /", "OPTIONS ", "CONNECT "} {
		if hasVerb(line, verb) {
			return true
		}
	}
	return false
}

// hasVerb reports whether line begins with an upper-case verb, in any letter case.
func hasVerb(line []byte, verb string) bool {
	if len(line) < len(verb) {
		return false
	}
	for i := range len(verb) {
		if c := line[i]; c != verb[i] && (c < 'a' || c > 'z' || c-'a'+'A' != verb[i]) {
			return false
		}
	}
	return true
}

// ownPostmaster gives <postmaster> a domain. It must be taken without (RFC 5321, section
// 4.5.1), and go-smtp refuses it.
func (g *guard) ownPostmaster(line []byte) []byte {
	const bare = "RCPT TO:<POSTMASTER>"
	spaced := bytes.Replace(line, []byte(": <"), []byte(":<"), 1)
	if !hasVerb(spaced, bare) {
		return line
	}
	return []byte("RCPT TO:<postmaster@" + string(g.server.own) + ">" + string(spaced[len(bare):]))
}

// announce reads a BDAT line as go-smtp does.
func (w *wire) announce(line []byte) {
	args := strings.Fields(string(line[len("BDAT"):]))
	w.due, w.final, w.ahead = true, len(args) == 2, 0
	if len(args) == 0 || len(args) > 2 || line[len("BDAT")] != ' ' ||
		w.final && !strings.EqualFold(args[1], "LAST") {
		w.broken = true
		return
	}
	size, err := strconv.ParseUint(args[0], 10, 32)
	w.ahead, w.broken = int64(size), err != nil
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

// observe learns from a reply of go-smtp what comes next, and returns what to send.
func (g *guard) observe(reply []byte) []byte {
	w := &g.wire
	switch {
	case w.phase == content:
		w.phase = commands
	case bytes.HasPrefix(reply, []byte("354")):
		w.phase, w.lineStart, w.ended, w.last = content, true, false, '\n'
		g.widen()
	case w.due:
		w.due = false
		switch {
		case w.ahead > 0: // refused, and go-smtp will read the chunk all the same
			g.stopAfter(overshoot)
		case !w.final && bytes.HasPrefix(reply, []byte("250")):
			w.begin()
		}
	case bytes.HasPrefix(reply, []byte("250-SIZE ")):
		return fmt.Appendf(nil, "250-SIZE %d\r\n", g.server.MaxMessage)
	}
	if bytes.HasPrefix(reply, []byte("421")) {
		g.failed = true // go-smtp says so and would stay (RFC 5321, section 3.8)
	}
	return reply
}

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
		if strings.HasPrefix(dot[1:], string(b)) {
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

// upgrade answers STARTTLS (RFC 3207). Both sides forget all they have said, octets read
// too early above all, so go-smtp gets a new connection: a guard over TLS. Its own way
// would answer a failed handshake in clear and go on.
func (g *guard) upgrade() error {
	g.out = append(g.out, startTLS...)
	if err := g.flush(); err != nil {
		return err
	}
	up := g.server.newGuard(g.tcp, true)
	up.muted = true
	if !g.server.crowd.replace(g, up) {
		return errHangUp
	}
	g.moved = true
	select {
	case g.server.upgrades.conns <- up:
	case <-g.server.upgrades.closed:
		up.Close()
	}
	return errHangUp
}
