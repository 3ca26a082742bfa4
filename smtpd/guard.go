package smtpd

import (
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
)

// Sizes in octets.
const (
	maxLine      = 4096     // of a command: eight times RFC 5321, section 4.5.3.1.4, for extensions
	wideBuffer   = 32 << 10 // read at once of a content
	mostHeld     = 4096     // replies held back for company
	overshoot    = 1 << 20  // of a refused content, before we hang up
	mostLingered = 1 << 20  // read after we hung up, so that the last reply is not lost
)

// lingering is how long a client may take to read the last reply.
const lingering = time.Second

// A guard is the connection that go-smtp sees. It stands above TLS, reads the wire itself,
// and hands on exactly one command, or a piece of one content, at a time: so it knows at
// each moment what go-smtp takes the next octets for, and go-smtp never holds octets it
// has not come to yet. It keeps all time limits, ends a connection for good at its first
// failure, and gathers replies.
//
// All of it belongs to the goroutine of the connection, but for what mu covers, the
// atomics, and closing tcp.
type guard struct {
	net.Conn          // tcp, or TLS over it
	tcp      net.Conn // deadlines and the last resort
	server   *Server
	peer     netip.Addr
	secured  bool // Conn is TLS
	shaken   bool // and its handshake is done
	muted    bool // the library's greeting is not sent: the client has had one in clear
	moved    bool // the connection has gone over to another guard
	failed   bool // nothing is read any more
	hasty    bool // we hung up while the client may still be sending

	in      []byte // in[r:w] is read and not handed on yet
	r, w    int
	lines   *[maxLine]byte    // in, while commands are read
	wide    *[wideBuffer]byte // in, while a content is read
	out     []byte            // replies not sent yet
	pending []byte            // of the command being handed on
	wire    wire

	until  time.Time     // the end of the transaction's time
	waited time.Duration // for the command being read
	spent  time.Duration // of Patience and MinRate: waiting for the content
	octets int64         // of the content
	left   atomic.Int64  // octets of the content before we hang up

	mu        sync.Mutex
	idle      time.Time // since when a command is waited for, zero in a content
	dismissed string    // the reply to end with, once a command would be read
}

func (s *Server) newGuard(c net.Conn, secured bool) *guard {
	g := &guard{Conn: c, tcp: c, server: s, lines: new([maxLine]byte), secured: secured}
	g.wire.begun = make(chan struct{}, 1)
	g.in = g.lines[:]
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		g.peer = a.AddrPort().Addr().Unmap().WithZone("")
	}
	if secured {
		g.Conn = tls.Server(c, s.tls)
	}
	g.rewind()
	return g
}

// client is the address of whoever speaks to us.
func (g *guard) client() netip.Addr { return g.peer }

// rewind begins a new transaction.
func (g *guard) rewind() {
	g.until = time.Now().Add(g.server.Transaction)
	g.spent, g.octets = 0, 0
	g.left.Store(math.MaxInt64)
	g.wire.reset()
}

// stopAfter hangs up when more than n octets of the content under way still come.
func (g *guard) stopAfter(n int64) { g.left.Store(n) }

// Read hands octets on to go-smtp. After the first failure there are none: what follows a
// content that timed out must never be run as commands.
func (g *guard) Read(p []byte) (int, error) {
	if g.failed {
		return 0, io.EOF
	}
	n, err := g.hand(p)
	if err != nil {
		return 0, g.fail(err)
	}
	return n, nil
}

// Write takes one line of a reply, and holds it until there is nothing more to read or
// say: EHLO is answered in one packet, and so is a pipelined transaction.
func (g *guard) Write(p []byte) (int, error) {
	if g.muted {
		g.muted = false
		return len(p), nil
	}
	g.out = append(g.out, g.observe(p)...)
	if len(g.out) >= mostHeld {
		return len(p), g.flush()
	}
	return len(p), nil
}

// Close says what is left to say and frees the connection, unless it has moved on.
func (g *guard) Close() error {
	if g.in == nil {
		return net.ErrClosed
	}
	g.failed, g.in = true, nil // go-smtp reads on after QUIT
	g.release()
	if g.moved {
		return nil
	}
	defer g.server.crowd.leave(g)
	if g.secured && !g.shaken {
		return g.tcp.Close()
	}
	g.flush()
	if g.hasty {
		g.linger()
	}
	return g.Conn.Close()
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

// flush sends the replies held back.
func (g *guard) flush() error {
	if len(g.out) == 0 {
		return nil
	}
	g.tcp.SetWriteDeadline(time.Now().Add(g.server.Idle))
	_, err := g.Conn.Write(g.out)
	g.out = g.out[:0]
	return err
}

// fill reads more of the wire into the buffer.
func (g *guard) fill() error {
	if g.r > 0 {
		g.w = copy(g.in, g.in[g.r:g.w])
		g.r = 0
	}
	n, err := g.receive(g.in[g.w:])
	g.w += n
	return err
}

// receive reads from the wire within the time that what is read now may take.
func (g *guard) receive(p []byte) (int, error) {
	if err := g.shake(); err != nil {
		return 0, err
	}
	if err := g.flush(); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := g.await(start); err != nil {
		return 0, err
	}
	n, err := g.Conn.Read(p)
	g.charge(n, time.Since(start))
	switch {
	case n > 0:
		return n, g.overdrawn()
	case err == nil:
		return 0, io.ErrNoProgress
	}
	return 0, err
}

// shake does the handshake, before the greeting would do it without a time limit.
func (g *guard) shake() error {
	t, ok := g.Conn.(*tls.Conn)
	if !ok || g.shaken {
		return nil
	}
	now := time.Now()
	if err := g.await(now); err != nil {
		return err
	}
	g.tcp.SetWriteDeadline(now.Add(g.server.Idle))
	if err := t.Handshake(); err != nil {
		g.log("tls handshake failed", err)
		return io.EOF
	}
	g.shaken = true
	return nil
}

// await sets the deadline of the next read, or gives the dismissal a connection has got
// that waits for a command.
func (g *guard) await(now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.idle = time.Time{}
	if g.wire.phase == commands {
		if g.dismissed != "" || g.server.draining.Load() {
			return errDismissed
		}
		g.idle = now
	}
	return g.tcp.SetReadDeadline(g.deadline(now))
}

// deadline is where the next read must end. Only time spent waiting for the client is
// held against it: a slow disk of ours is not its fault.
func (g *guard) deadline(now time.Time) time.Time {
	s := g.server
	patience := s.Idle - g.waited
	if g.wire.phase != commands {
		rate := s.Patience - g.spent
		rate += time.Duration(float64(g.octets) / float64(s.MinRate) * float64(time.Second))
		patience = min(s.Idle, rate)
	}
	if end := now.Add(patience); end.Before(g.until) {
		return end
	}
	return g.until
}

// charge counts what was read and how long that took.
func (g *guard) charge(n int, took time.Duration) {
	if g.wire.phase == commands {
		g.waited += took
		return
	}
	g.spent += took
	g.octets += int64(n)
	g.left.Add(-int64(n))
}

// overdrawn ends a connection that goes on sending a content long refused; go-smtp would
// swallow it without end.
func (g *guard) overdrawn() error {
	if g.wire.phase != commands && g.left.Load() < 0 {
		g.hasty = true
		return errTooLarge(g.server.MaxMessage)
	}
	return nil
}

// Reasons for which the guard itself ends a connection between commands.
var (
	errDismissed = errors.New("dismissed")
	errHangUp    = errors.New("hung up")
)

// fail ends all reading and finds the error to give to go-smtp: within a content the
// reply, which go-smtp passes on if it is bare; otherwise the end of input, after a reply
// of our own.
func (g *guard) fail(err error) error {
	g.failed = true
	if g.wire.phase == commands {
		g.out = append(g.out, g.farewell(err)...)
		return io.EOF
	}
	if r, ok := err.(*smtp.SMTPError); ok {
		return r
	}
	g.log("content cut short", err)
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
	case (timeout || err == errDismissed) && g.dismissed != "":
		return g.dismissed
	case err == errDismissed:
		return shuttingDown
	case timeout:
		return tooQuiet
	}
	return ""
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
		g.tcp.SetReadDeadline(time.Unix(1, 0))
	}
	return true
}

// idleSince tells since when the client has owed us a command.
func (g *guard) idleSince() (since time.Time, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.idle, !g.idle.IsZero() && g.dismissed == ""
}

func (g *guard) log(what string, err error) {
	g.server.Log.Info(what, "client", g.client(), "octets", g.octets,
		"error", printable(err.Error()))
}
