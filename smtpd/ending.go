package smtpd

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/emersion/go-smtp"
)

// Reasons for which the guard itself ends a connection between commands.
var (
	errDismissed = errors.New("dismissed")
	errHangUp    = errors.New("hung up")
	errEvicted   = errors.New("too slow while others waited")
)

// fail ends all reading and finds the error to give to go-smtp: within a content the
// reply, which go-smtp passes on if it is bare; otherwise the end of input, after a reply
// of our own.
func (g *guard) fail(err error) error {
	g.failed = true
	if g.wire.phase == commands {
		g.say([]byte(g.farewell(err)))
		return io.EOF
	}
	if g.isEvicted() {
		g.log("content cut short", errEvicted)
		g.hasty = true
		return errSlowest()
	}
	g.log("content cut short", err)
	if r, ok := err.(*smtp.SMTPError); ok {
		return r
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		g.hasty = true
		return errSlow()
	}
	return errCut()
}

// farewell is what a connection is told that ends between commands.
func (g *guard) farewell(err error) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch timeout := errors.Is(err, os.ErrDeadlineExceeded); {
	case g.evicted:
		return slowest
	case (timeout || err == errDismissed) && g.dismissed != "":
		return g.dismissed
	case err == errDismissed:
		return shuttingDown
	case timeout:
		return tooQuiet
	}
	return ""
}

// hangUp ends the connection between commands, whatever the client has sent behind.
func (g *guard) hangUp(reply string) error {
	g.say([]byte(reply))
	g.hasty = true
	return errHangUp
}

// overdrawn ends a connection that goes on sending a content long refused; go-smtp would
// swallow it without end.
func (g *guard) overdrawn() error {
	if g.wire.phase != commands && g.left < 0 {
		g.hasty = true
		return errTooLarge(g.server.MaxMessage)
	}
	return nil
}

// linger reads on for a moment: closing a socket with unread octets in it would take our
// last reply back, and the client would come again with the same message.
func (g *guard) linger() {
	if c, ok := g.tcp.(interface{ CloseWrite() error }); ok && !g.secured {
		c.CloseWrite()
	}
	g.tcp.SetReadDeadline(time.Now().Add(lingering))
	io.CopyN(io.Discard, g.tcp, mostLingered)
}

// dismiss ends the connection with this reply as soon as it waits for a command, at once
// if it does so now. It reports false if that was asked before.
func (g *guard) dismiss(reply string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dismissed != "" {
		return false
	}
	g.dismissed = reply
	if !g.idle.IsZero() {
		g.wake()
	}
	return true
}

// wake ends the read or the write under way, and lets others begin anew. It needs mu.
func (g *guard) wake() {
	g.read, g.write = time.Unix(1, 0), time.Unix(1, 0)
	g.tcp.SetDeadline(g.read)
}

// evict ends the transfer in progress: another one needs its place.
func (g *guard) evict() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.evicted = true
	g.wake()
}

func (g *guard) isEvicted() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.evicted
}

// idleSince tells since when the client has owed us a command.
func (g *guard) idleSince() (since time.Time, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.idle, !g.idle.IsZero() && g.dismissed == ""
}

func (g *guard) log(what string, err error) {
	g.server.Log.Info(what, g.who(), "octets", g.octets.Load(), "error", err)
}
