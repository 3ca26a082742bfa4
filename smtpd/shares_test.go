package smtpd_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatepost/message"
	"gatepost/smtpd"
)

// A street is a server that clients of many addresses come to, on connections in memory, so
// that a test can have a clock of its own. It belongs to a bubble of synctest.
type street struct {
	*testing.T
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	end    context.CancelFunc
	served chan error

	over  context.Context // done when those who are here are to leave
	leave context.CancelFunc
	crowd sync.WaitGroup
}

// openStreet runs a server until the end of it.
func openStreet(t *testing.T, server *smtpd.Server) *street {
	s := &street{T: t, conns: make(chan net.Conn), closed: make(chan struct{}),
		served: make(chan error, 1)}
	s.over, s.leave = context.WithCancel(t.Context())
	ctx, end := context.WithCancel(t.Context())
	s.end = end
	server.Log = slog.New(slog.DiscardHandler)
	if server.Receive == nil {
		server.Receive = func(_ context.Context, _ *message.Envelope, r io.Reader) (string, error) {
			_, err := io.Copy(io.Discard, r)
			return "id", err
		}
	}
	go func() { s.served <- server.Run(ctx, smtpd.Listener{Listener: s}) }()
	return s
}

// empty has everybody leave. Others may come then.
func (s *street) empty() {
	s.leave()
	s.crowd.Wait()
	s.over, s.leave = context.WithCancel(s.Context())
}

// close has everybody leave and ends the server.
func (s *street) close() {
	s.leave()
	s.end()
	s.crowd.Wait()
	if err := <-s.served; err != nil {
		s.Error(err)
	}
}

func (s *street) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *street) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

func (s *street) Addr() net.Addr { return &net.TCPAddr{} }

// A visitor is a client at an address of its own.
type visitor struct {
	net.Conn
	in   *bufio.Reader
	stop func() bool // forgets that it has to leave with the others
}

func (v *visitor) Close() error {
	v.stop()
	return v.Conn.Close()
}

// visit comes from an address, or gives nil when the street is closed.
func (s *street) visit(from netip.Addr) *visitor {
	ours, theirs := net.Pipe()
	c := pipeFrom{theirs, net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 4321))}
	select {
	case s.conns <- c:
	case <-s.closed:
		return nil
	}
	stop := context.AfterFunc(s.over, func() { ours.Close() })
	return &visitor{ours, bufio.NewReader(ours), stop}
}

type pipeFrom struct {
	net.Conn
	from net.Addr
}

func (p pipeFrom) RemoteAddr() net.Addr { return p.from }

// begin comes to where a content is waited for, or to the command in place of DATA. It gives
// the reply that came instead.
func (v *visitor) begin(command string) (reply string, ok bool) {
	for _, step := range []struct{ say, want string }{
		{"", "220"}, {"HELO a.example\r\n", "250"}, {"MAIL FROM:<a@b.example>\r\n", "250"},
		{"RCPT TO:<support@acme.test>\r\n", "250"}, {command, ""},
	} {
		if reply = v.ask(step.say); !strings.HasPrefix(reply, step.want) {
			return reply, false
		}
	}
	return reply, true
}

// ask says something and gives the reply, or what became of the connection.
func (v *visitor) ask(say string) string {
	if say != "" { // the other end of a pipe sees an empty write, too
		if _, err := io.WriteString(v, say); err != nil {
			return err.Error()
		}
	}
	line, err := v.in.ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return line
}

// honest sends a message as an honest client does, and gives the reply to it: none when the
// street is closed.
func (s *street) honest(from netip.Addr, text string) string {
	v := s.visit(from)
	if v == nil {
		return ""
	}
	defer v.Close()
	reply, ok := v.begin("DATA\r\n")
	if ok && strings.HasPrefix(reply, "354") {
		reply = v.ask(text + ".\r\n")
	}
	return reply
}

// drips has so many clients of an address send contents that never end, an octet at a time.
// Who is sent away comes again.
func (s *street) drips(from netip.Addr, clients int, every time.Duration) {
	for range clients {
		s.crowd.Go(func() {
			for s.over.Err() == nil {
				s.drip(from, every)
				s.wait(every)
			}
		})
	}
}

func (s *street) drip(from netip.Addr, every time.Duration) {
	v := s.visit(from)
	if v == nil {
		return
	}
	defer v.Close()
	if _, ok := v.begin("DATA\r\n"); !ok {
		return
	}
	gone := make(chan struct{})
	go func() { // the last reply is heard, as an honest client would
		defer close(gone)
		v.in.ReadString('\n')
	}()
	defer func() { v.Close(); <-gone }()
	for s.wait(every) {
		if _, err := io.WriteString(v, "x"); err != nil {
			return
		}
	}
}

// wait reports whether the day goes on.
func (s *street) wait(span time.Duration) bool {
	select {
	case <-time.After(span):
		return true
	case <-s.over.Done():
		return false
	}
}

// TestSlowCrowd has an honest client come among slow ones that would fill every place: from
// six addresses, from one network, from many, and from one IPv6 site.
func TestSlowCrowd(t *testing.T) {
	for name, test := range map[string]struct {
		addresses, each int
		address         string // of the ith, with %d
	}{
		"six addresses":                {6, 50, "192.0.2.%d"},
		"sixty networks":               {60, 10, "10.0.%d.1"},
		"one place for each network":   {256, 1, "10.%d.0.1"},
		"one for each /64 of one site": {300, 1, "2001:db8:1:%d::1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := openStreet(t, smtpd.New())
				for i := range test.addresses {
					s.drips(netip.MustParseAddr(fmt.Sprintf(test.address, i)), test.each, 7*time.Second)
				}
				tries, failed := 20, 0 // in more than three minutes: Patience is over for all, thrice
				if os.Getenv("GATEPOST_LONG") != "" {
					tries = 40
				}
				for i := range tries {
					s.wait(10 * time.Second)
					from := netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})
					if reply := s.honest(from, "text\r\n"); !strings.HasPrefix(reply, "250") {
						failed++
						t.Logf("try %d: %.60q", i, reply)
					}
				}
				if failed > 0 {
					t.Errorf("an honest client was put off in %d of %d tries", failed, tries)
				}
				s.close()
			})
		})
	}
}
