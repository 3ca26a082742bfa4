package httpd

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

// A distant listener has everybody come from far away.
type distant struct{ net.Listener }

func (d distant) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	return faraway{c, "198.51.100.7"}, err
}

// faraway is a connection from somewhere else.
type faraway struct {
	net.Conn
	from string
}

func (f faraway) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(f.from), 4242))
}

// newTestLimiter is that of a server with a proxy.
func newTestLimiter(t *testing.T) (*connLimiter, *stillClock) {
	t.Helper()
	clock := &stillClock{time.Unix(0, 0)}
	s := &Server{Proxies: rangesOf(t, "203.0.113.9"), Log: slog.New(slog.DiscardHandler),
		Now: clock.now}
	s.Handler(t.Context())
	return s.newConnLimiter(nil), clock
}

// TestConnectionsInAll: all together have a limit, this machine and the proxies some room
// beside it, and nothing is left of who has left.
func TestConnectionsInAll(t *testing.T) {
	c, _ := newTestLimiter(t)
	var open []net.Conn
	enter := func(from netip.Addr) bool {
		conn := faraway{&net.TCPConn{}, from.String()}
		in := c.enter(conn)
		if in {
			open = append(open, conn)
		}
		return in
	}
	six := netip.MustParseAddr("2001:db8::").As16()
	for i := range maxPerNetwork + 1 { // one party, whatever it calls itself
		six[15] = byte(i)
		if in := enter(netip.AddrFrom16(six)); in != (i < maxPerNetwork) {
			t.Fatalf("%d of one network: %t", i, in)
		}
	}
	for i := range maxConnections - maxPerNetwork {
		if !enter(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})) {
			t.Fatalf("refused after %d", len(open))
		}
	}
	if enter(netip.MustParseAddr("192.0.2.1")) {
		t.Error("one more than all")
	}
	for i := range spareConnections {
		from := []string{"127.0.0.1", "::1", "203.0.113.9", "::ffff:203.0.113.9"}[i%4]
		if !enter(netip.MustParseAddr(from)) {
			t.Fatalf("%s is refused after %d", from, len(open))
		}
	}
	if enter(netip.MustParseAddr("127.0.0.1")) {
		t.Error("more than all and the spare ones")
	}
	for _, conn := range open {
		c.connState(conn, http.StateIdle) // it has not
	}
	if enter(netip.MustParseAddr("127.0.0.1")) {
		t.Error("who is idle counts")
	}
	for _, conn := range open {
		c.connState(conn, http.StateClosed)
	}
	if len(c.conns) != 0 || len(c.per) != 0 {
		t.Errorf("%d connections and %d networks are left", len(c.conns), len(c.per))
	}
}

// TestIdleMakeRoom: who has done nothing for longest goes first, and nobody who is served or
// a proxy.
func TestIdleMakeRoom(t *testing.T) {
	c, clock := newTestLimiter(t)
	at := func(i int) string { return fmt.Sprintf("198.51.%d.%d", i>>8, i&255) }
	conns := make([]net.Conn, maxConnections)
	for i := range conns {
		from := at(i)
		if i == 0 {
			from = "203.0.113.9"
		}
		conns[i] = faraway{&net.TCPConn{}, from}
		if !c.enter(conns[i]) {
			t.Fatalf("refused after %d", i)
		}
		clock.move(time.Millisecond)
	}
	rest := serves(c.connContext(t.Context(), conns[1])) // a download that goes on
	clock.move(spare - time.Second/2)
	serves(c.connContext(t.Context(), conns[2]))() // which sent a request meanwhile
	next := func(want int) {
		t.Helper()
		before := c.conns[conns[want]]
		if in := c.enter(faraway{&net.TCPConn{}, "192.0.2.1"}); !in || before == nil {
			t.Fatalf("nobody made room: %t", in)
		}
		if c.conns[conns[want]] != nil {
			t.Errorf("%d did not make room", want)
		}
	}
	next(3)
	next(4)
	clock.move(spare)
	for i := 5; i < maxPerNetwork; i++ {
		next(i)
	}
	if c.conns[conns[0]] == nil || c.conns[conns[1]] == nil || c.conns[conns[2]] == nil {
		t.Error("the proxy, who is served or who was served made room")
	}
	rest()
	if len(c.conns) != maxConnections {
		t.Errorf("%d connections", len(c.conns))
	}
}
