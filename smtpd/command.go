package smtpd

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"time"
)

func (g *guard) handLine(p []byte) int {
	n := copy(p, g.pending)
	g.pending = g.pending[n:]
	return n
}

// readLine reads the next command and decides what go-smtp sees of it.
func (g *guard) readLine() error {
	g.since = time.Time{}
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

// take looks at a whole command line.
func (g *guard) take(line []byte) error {
	line = trimSpace(line)
	g.wire.command, g.wire.verb = line, strings.ToUpper(string(line[:min(4, len(line))]))
	switch {
	case isRecord(line[0]) || isHTTP(line):
		return g.hangUp(notSMTP)
	case !isCommand(line):
		return g.refuseLine()
	case hasVerb(line, "STARTTLS") && !g.secured && g.server.Certificate != nil:
		return g.upgrade()
	case g.wire.verb == "HELP":
		g.out = append(g.out, help...)
		return nil
	case hasVerb(line, "BDAT"):
		g.wire.announce(line)
	case hasVerb(line, "MAIL"):
		line = narrowSize(line)
	case hasVerb(line, "RCPT"):
		line = g.ownPostmaster(line)
	}
	g.pending = line
	return nil
}

// trimSpace takes white space from the end of a line, in place: it is to be tolerated (RFC
// 5321, section 4.1.1), and go-smtp refuses it behind a verb alone.
func trimSpace(line []byte) []byte {
	text := bytes.TrimRight(line[:len(line)-1], "\r")
	short := bytes.TrimRight(text, " \t")
	return append(short, line[len(text):]...)
}

// refuseLine answers in the place of go-smtp, which would keep such octets in names and
// addresses and send them back. Whoever cannot stop is a machine talking past us.
func (g *guard) refuseLine() error {
	if g.wire.odd++; g.wire.odd > 3 {
		return g.hangUp(oddOctet)
	}
	g.say([]byte(oddOctet))
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

// isRecord tells a TLS handshake from a command by its first octet (RFC 8446, section 5.1).
func isRecord(first byte) bool { return first == 0x16 }

// isHTTP finds browsers and proxies that were made to talk to a mail port, by the end of
// their request line (RFC 9112, section 3).
func isHTTP(line []byte) bool {
	line = bytes.TrimRight(line, "\r\n")
	return bytes.HasSuffix(line, []byte(" HTTP/1.1")) || bytes.HasSuffix(line, []byte(" HTTP/1.0"))
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

// narrowSize makes a SIZE of more than 32 bits, which may have 20 digits (RFC 1870, section
// 3), one that go-smtp can read. Either is more than any message may have.
func narrowSize(line []byte) []byte {
	const name, digits = " SIZE=", "0123456789"
	for at := bytes.LastIndexByte(line, '>') + 1; at < len(line); at++ {
		if !hasVerb(line[at:], name) {
			continue
		}
		value, after := line[at+len(name):], 0
		for after < len(value) && bytes.IndexByte([]byte(digits), value[after]) >= 0 {
			after++
		}
		if after < 10 || after > 20 {
			return line
		}
		return fmt.Appendf(nil, "%s%s%d%s", line[:at], name, uint32(math.MaxUint32), value[after:])
	}
	return line
}

// ownPostmaster gives <postmaster> a domain. It must be taken without (RFC 5321, section
// 4.5.1), and go-smtp refuses it.
func (g *guard) ownPostmaster(line []byte) []byte {
	const verb, bare = "RCPT TO:", "<POSTMASTER>"
	if !hasVerb(line, verb) {
		return line
	}
	path := bytes.TrimLeft(line[len(verb):], " ")
	if !hasVerb(path, bare) {
		return line
	}
	return fmt.Appendf(nil, "%s<postmaster@%s>%s", verb, g.server.own, path[len(bare):])
}

// upgrade answers STARTTLS (RFC 3207). Both sides forget all they have said, octets read
// too early above all, so go-smtp gets a new connection: a guard over TLS. Its own way
// would answer a failed handshake in clear and go on.
func (g *guard) upgrade() error {
	g.out = append(g.out, startTLS...)
	if err := g.flush(time.Now(), g.server.now().Idle); err != nil {
		return err
	}
	up := g.server.newGuard(g.tcp, g.peer)
	up.Conn, up.muted = g.Conn, true // which knows of a PROXY header
	up.secure()
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
