package httpd

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// A distant listener has everybody come from far away.
type distant struct{ net.Listener }

func (d distant) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	return faraway{c, outside}, err
}

// faraway is a connection from somewhere else.
type faraway struct {
	net.Conn
	from string
}

func (f faraway) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(f.from), 4242))
}

// run runs the server on a listener on this machine, which around may change, and returns its
// address.
func (st *site) run(around func(net.Listener) net.Listener) (address string, stop func()) {
	st.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	st.must(err)
	ended := make(chan error, 1)
	go func() { ended <- st.server.Run(ctx, around(l)) }()
	st.Cleanup(func() { cancel(); st.must(<-ended) })
	return l.Addr().String(), cancel
}

// probe asks for /livez on a new connection; "" if it is closed without an answer.
func (st *site) probe(address string) (conn net.Conn, answer string) {
	st.Helper()
	conn, err := net.Dial("tcp", address)
	st.must(err)
	st.Cleanup(func() { _ = conn.Close() })
	st.must(conn.SetDeadline(time.Now().Add(patience)))
	_, _ = io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n") // may be closed
	answer, _ = bufio.NewReader(conn).ReadString('\n')
	return conn, strings.TrimSpace(answer)
}

// TestCrowd: who has too many connections open gets no more, until one of them is closed.
func TestCrowd(t *testing.T) {
	st := testServer(t)
	address, _ := st.run(func(l net.Listener) net.Listener { return distant{l} })
	var open []net.Conn
	for i := range maxPerNetwork {
		conn, answer := st.probe(address)
		if answer != "HTTP/1.1 200 OK" {
			t.Fatalf("connection %d: %q", i, answer)
		}
		open = append(open, conn)
	}
	for range 2 {
		if _, answer := st.probe(address); answer != "" {
			t.Fatalf("one too many: %q", answer)
		}
	}
	log := st.log.String()
	if strings.Count(log, "too many http connections") != 1 || !strings.Contains(log, outside) {
		t.Errorf("log:\n%s", log)
	}
	st.must(open[0].Close())
	for deadline := time.Now().Add(patience); ; { // until the server has noticed
		if _, answer := st.probe(address); answer != "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no room after one has left")
		}
	}
}

// TestCrowdInAll: all together have a limit, this machine and the proxies some room beside it,
// and nothing is left of who has left.
func TestCrowdInAll(t *testing.T) {
	st := testServer(t)
	st.server.Proxies = rangesOf(t, "203.0.113.9")
	c := st.server.newConnLimiter(nil)
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
	st := testServer(t)
	st.server.Proxies = rangesOf(t, "203.0.113.9")
	c := st.server.newConnLimiter(nil)
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
		st.clock.move(time.Millisecond)
	}
	rest := serves(c.connContext(t.Context(), conns[1])) // a download that goes on
	st.clock.move(spare - time.Second/2)
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
	st.clock.move(spare)
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

// TestIdleAreClosed: on true connections, idle, half a request or nothing at all, in clear and
// over TLS.
func TestIdleAreClosed(t *testing.T) {
	for name, said := range map[string]string{"idle": "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"half": "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nemail=", "silent": ""} {
		st := testServer(t)
		address, _ := st.run(func(l net.Listener) net.Listener { return distant{l} })
		closed := make(chan int, maxPerNetwork)
		for i := range maxPerNetwork {
			conn, err := net.Dial("tcp", address)
			st.must(err)
			st.Cleanup(func() { _ = conn.Close() })
			st.must(conn.SetDeadline(time.Now().Add(patience)))
			_, err = io.WriteString(conn, said)
			st.must(err)
			go func() {
				_, _ = io.Copy(io.Discard, conn)
				closed <- i
			}()
		}
		for deadline := time.Now().Add(patience); ; st.clock.move(spare) {
			if _, answer := st.probe(address); answer == "HTTP/1.1 200 OK" {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: nobody gets in", name)
			}
		}
		<-closed // within their deadline: else the test hangs for that long, and fails
	}
}

// TestRunSecured: HTTP/2 is spoken over TLS, which net/http does on a connection of TLS only.
func TestRunSecured(t *testing.T) {
	st := testServer(t)
	kit := httptest.NewUnstartedServer(nil) // for its certificate and a client that trusts it
	kit.EnableHTTP2 = true
	kit.StartTLS()
	t.Cleanup(kit.Close)
	address, _ := st.run(func(l net.Listener) net.Listener { return tls.NewListener(l, kit.TLS) })
	answer, err := kit.Client().Get("https://" + address + "/livez")
	st.must(err)
	st.must(answer.Body.Close())
	if answer.ProtoMajor != 2 || answer.StatusCode != http.StatusOK {
		t.Errorf("%s %s", answer.Proto, answer.Status)
	}
	kit.Client().CloseIdleConnections()
}
