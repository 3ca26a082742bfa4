package smtpd

import (
	"bytes"
	"fmt"
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
	verb    string // its first four letters, in upper case, good until the next command
	odd     int    // commands refused for their octets

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
	case w.ahead > 0:
		return g.handChunk(p)
	case w.phase == content: // not read to its end, which a session does
		return 0, g.hangUp("")
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

// amend corrects a line of a reply of go-smtp. It greets without our own domain (RFC 5321,
// section 4.1.1.1) and with a code that no greeting has (RFC 2034, section 4), and what
// comes out of order it calls not implemented (RFC 5321, section 4.2.2).
func (g *guard) amend(line []byte) []byte {
	switch g.wire.verb {
	case "EHLO":
		if name, ok := bytes.CutPrefix(line, []byte("250-Hello ")); ok {
			return fmt.Appendf(nil, "250-%s Hello %s", g.greeted(name), name)
		}
	case "HELO":
		if name, ok := bytes.CutPrefix(line, []byte("250 2.0.0 Hello ")); ok {
			return fmt.Appendf(nil, "250 %s Hello %s", g.greeted(name), name)
		}
	case "MAIL", "RCPT", "DATA", "BDAT":
		if text, ok := bytes.CutPrefix(line, []byte("502 ")); ok {
			return fmt.Appendf(nil, "503 %s", text)
		}
	}
	return line
}

// greeted is what we call ourselves to who says that name, a line. A mail server in front of us
// on the same machine has the name that we have by default, and one that is answered with its
// own name returns the mail as going in circles: Sendmail does, Postfix where we have port 25.
func (g *guard) greeted(name []byte) string {
	if strings.EqualFold(string(bytes.TrimSpace(name)), g.server.Domain) {
		return "gatepost." + g.server.Domain
	}
	return g.server.Domain
}

// observe learns from a reply of go-smtp what comes next.
func (g *guard) observe(reply []byte) {
	w := &g.wire
	switch {
	case w.phase == content:
		w.phase = commands
	case w.due:
		w.due = false
		switch {
		case w.ahead > 0: // refused, and go-smtp will read the chunk all the same
			g.stopAfter(overshoot)
		case !w.final && bytes.HasPrefix(reply, []byte("250")):
			w.begin()
		}
	}
	if bytes.HasPrefix(reply, []byte("421")) {
		g.failed = true // go-smtp says so and would stay (RFC 5321, section 3.8)
	}
}
