package smtpd

import (
	"crypto/tls"
	"io"
	"math"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pires/go-proxyproto"
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
// and hands on exactly one command, or a piece of one chunk, at a time: so it knows at each
// moment what go-smtp takes the next octets for, and go-smtp never holds octets it has not
// come to yet. What follows a DATA the session reads from it directly. It keeps all time
// limits, ends a connection for good at its first failure, and gathers replies.
//
// All of it belongs to the goroutine of the connection, but for what mu covers, wire.begun
// and closing tcp.
type guard struct {
	net.Conn          // tcp, behind its PROXY header if it has one, or TLS over that
	tcp      net.Conn // deadlines and the last resort
	server   *Server
	header   *proxyproto.Conn // where a PROXY header must be read first, else nil
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

	until  time.Time     // the end of the transaction's time, zero until it is waited for
	since  time.Time     // when the command being read was first waited for, or zero
	spent  time.Duration // of Patience and MinRate: waiting for the content
	octets atomic.Int64  // of the content; others look at it
	left   int64         // octets of the content before we hang up
	deaf   bool          // the client did not take what was said

	mu        sync.Mutex
	read      time.Time // the deadline of tcp for reading
	write     time.Time // and for writing
	idle      time.Time // since when a command is waited for, zero in a content
	dismissed string    // the reply to end with, once a command would be read
	evicted   bool      // another content got the place of the one under way
}

func (s *Server) newGuard(c net.Conn, peer netip.Addr) *guard {
	g := &guard{Conn: c, tcp: c, server: s, peer: peer, lines: new([maxLine]byte)}
	g.wire.begun = make(chan struct{}, 1)
	g.in = g.lines[:]
	g.rewind()
	return g
}

// secure puts TLS over the connection.
func (g *guard) secure() { g.Conn, g.secured = tls.Server(g.Conn, g.server.tls), true }

// client is the address of whoever speaks to us, the zero Addr as long as that is not known.
func (g *guard) client() netip.Addr { return g.peer }

// rewind begins a new transaction.
func (g *guard) rewind() {
	g.until = time.Time{}
	g.spent, g.left = 0, math.MaxInt64
	g.octets.Store(0)
	g.wire.reset()
}

// stopAfter hangs up when more than n octets of the transfer in progress still come.
func (g *guard) stopAfter(n int64) { g.left = n }

// hasten leaves a content that is refused no more than Spare to come to its end.
func (g *guard) hasten() { g.until = time.Now().Add(g.server.now().Spare) }

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
	g.observe(p)
	g.say(g.amend(p))
	if len(g.out) >= mostHeld {
		return len(p), g.flush(time.Now(), g.server.now().Idle)
	}
	return len(p), nil
}

// say holds a line of a reply back until flush.
func (g *guard) say(line []byte) {
	g.server.refusals.note(line)
	g.out = append(g.out, line...)
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
	silent := g.header != nil || g.secured && !g.shaken
	if !silent && !g.deaf {
		g.flush(time.Now(), lingering)
	}
	if g.hasty {
		g.linger()
	}
	g.server.crowd.leave(g) // first: the client may come again as soon as it is closed
	if silent {
		return g.tcp.Close()
	}
	return g.Conn.Close()
}

// flush sends the replies held back, if the client takes them within patience.
func (g *guard) flush(now time.Time, patience time.Duration) error {
	if len(g.out) == 0 {
		return nil
	}
	g.speak(now, patience)
	_, err := g.Conn.Write(g.out)
	g.out, g.deaf = g.out[:0], err != nil
	return err
}

// speak sets the deadline of the next write.
func (g *guard) speak(now time.Time, patience time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	postpone(g.tcp.SetWriteDeadline, &g.write, now, now.Add(patience))
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
	if err := g.introduce(); err != nil {
		return 0, err
	}
	if err := g.shake(); err != nil {
		return 0, err
	}
	now := time.Now()
	if err := g.await(now); err != nil { // first: who reads no replies is as idle as any
		return 0, err
	}
	if err := g.flush(now, g.server.now().Idle); err != nil {
		return 0, err
	}
	n, err := g.Conn.Read(p)
	g.charge(n, now)
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
	g.speak(now, g.server.now().Idle)
	if err := t.Handshake(); err != nil {
		g.log("tls handshake failed", err)
		return io.EOF
	}
	g.shaken, g.since = true, time.Time{}
	return nil
}

// await sets the deadline of the next read. A connection that has been dismissed goes
// where a command would be read, but not between the chunks of a message.
func (g *guard) await(now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.idle = time.Time{}
	if g.evicted {
		return errEvicted
	}
	if g.wire.phase == commands && !g.wire.open {
		if g.dismissed != "" || g.server.draining.Load() {
			return errDismissed
		}
		g.idle = now
	}
	return postpone(g.tcp.SetReadDeadline, &g.read, now, g.deadline(now))
}

// postpone sees to it that a deadline is not before end, and no later than by a sixteenth
// of the time until then: most reads and writes can do with the one that is set.
func postpone(set func(time.Time) error, was *time.Time, now, end time.Time) error {
	latest := end.Add(end.Sub(now) / 16)
	if !was.Before(end) && !was.After(latest) {
		return nil
	}
	*was = latest
	return set(latest)
}

// deadline is where the next read must end. Only time spent waiting for the client is
// held against it: a slow disk of ours is not its fault.
func (g *guard) deadline(now time.Time) time.Time {
	s := g.server.now()
	if g.until.IsZero() {
		g.until = now.Add(s.Transaction)
	}
	patience := s.Idle
	switch {
	case g.wire.phase == commands:
		if g.since.IsZero() {
			g.since = now
		}
		if g.header != nil {
			patience = min(patience, introduction)
		}
		patience -= now.Sub(g.since)
	case s.MinRate > 0:
		due := time.Duration(float64(g.octets.Load()) / float64(s.MinRate) * float64(time.Second))
		patience = min(patience, s.Patience+due-g.spent)
	}
	if end := now.Add(patience); end.Before(g.until) {
		return end
	}
	return g.until
}

// charge counts what was read of a content, and how long that took.
func (g *guard) charge(n int, start time.Time) {
	if g.wire.phase == commands {
		return
	}
	g.spent += time.Since(start)
	g.octets.Add(int64(n))
	g.left -= int64(n)
}
