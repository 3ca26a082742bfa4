package smtpd

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"gatepost/limiter"
)

// A crowd is every connection there is. go-smtp has a set of its own, but closes none of
// it when a shutdown takes too long, and counts nobody.
type crowd struct {
	mu     sync.Mutex
	guards map[*guard]limiter.Origin // under which it is counted, or the zero origin
	per    limiter.Loads
}

// enter lets g in or returns the reply to send it away with. Of a client that is not known
// yet more is asked by recognise.
func (s *Server) enter(g *guard) (refusal string) {
	c := &s.crowd
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.draining.Load() {
		return shuttingDown
	}
	from, refusal := s.weigh(g.client())
	switch {
	case refusal != "":
		return refusal
	case len(c.guards) >= s.now().MaxConnections && !c.makeRoom(from, s.now().Spare):
		return crowdedOut
	}
	c.add(g, from)
	return ""
}

// recognise is for a guard that came in before its client was known: it is counted under
// the true address from now on, or the reply returned to send it away with.
func (s *Server) recognise(g *guard) (refusal string) {
	s.crowd.mu.Lock()
	defer s.crowd.mu.Unlock()
	from, refusal := s.weigh(g.client())
	if refusal == "" {
		s.crowd.add(g, from)
	}
	return refusal
}

// weigh applies the limits that a client's address has, and tells where to count it: the
// zero origin is not counted. A client we do not know may say hello, since load balancers
// look that way whether we are well; Mail takes nothing from it. The crowd is locked.
func (s *Server) weigh(client netip.Addr) (from limiter.Origin, refusal string) {
	switch {
	case !client.IsValid():
		return limiter.Origin{}, ""
	case !s.admits(client):
		return limiter.Origin{}, notWelcome
	case !s.counts(client):
		return limiter.Origin{}, ""
	}
	from = limiter.OriginOf(client)
	if s.crowd.per.Of(from) >= s.now().MaxPerAddress {
		refusal = tooManyOfYou
	}
	return from, refusal
}

// counts says whether a client has a share of what there is for all. Those who come for many
// have not: nothing of theirs is taken for another.
func (s *Server) counts(client netip.Addr) bool {
	return !client.IsLoopback() && !s.now().Relays.Contains(client)
}

// add counts a guard, which is not counted yet.
func (c *crowd) add(g *guard, from limiter.Origin) {
	if c.guards == nil {
		c.guards, c.per = make(map[*guard]limiter.Origin), limiter.Loads{}
	}
	c.guards[g] = from
	if from != (limiter.Origin{}) {
		c.per.Add(from, 1)
	}
}

// replace puts the guard over TLS in the place of the one in clear. It reports false if
// the latter was closed meanwhile.
func (c *crowd) replace(old, g *guard) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	from, ok := c.guards[old]
	if ok {
		delete(c.guards, old)
		c.guards[g] = from
	}
	return ok
}

func (c *crowd) leave(g *guard) {
	c.mu.Lock()
	defer c.mu.Unlock()
	from, ok := c.guards[g]
	if !ok {
		return
	}
	delete(c.guards, g)
	if from != (limiter.Origin{}) {
		c.per.Add(from, -1)
	}
}

// makeRoom sends the connection away that has waited longest for a command, so that
// nobody can shut others out by doing nothing. If none has for long, it sends one
// away that waits at all, from where there are most, if there are fewer where from is.
func (c *crowd) makeRoom(from limiter.Origin, spare time.Duration) bool {
	var last *guard
	var since time.Time
	for g := range c.guards {
		if t, ok := g.idleSince(); ok && (last == nil || t.Before(since)) {
			last, since = g, t
		}
	}
	if last == nil || time.Since(since) <= spare {
		last = c.surplus(from)
	}
	return last != nil && last.dismiss(crowdedOut)
}

// surplus finds who of those who wait for a command comes from where there are most, nil if
// there are as many where from is.
func (c *crowd) surplus(from limiter.Origin) (last *guard) {
	for g, o := range c.guards {
		_, ok := g.idleSince()
		if ok && o != (limiter.Origin{}) && (last == nil || c.per.Compare(o, c.guards[last]) > 0) {
			last = g
		}
	}
	c.per.Add(from, 1)
	defer c.per.Add(from, -1)
	if last == nil || c.per.Compare(c.guards[last], from) <= 0 {
		return nil
	}
	return last
}

func (c *crowd) dismissAll(reply string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for g := range c.guards {
		g.dismiss(reply)
	}
}

func (c *crowd) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for g := range c.guards {
		g.tcp.Close()
	}
}

// A listener hands go-smtp guards instead of connections. The limits are applied here,
// since go-smtp has none and asks the session only after its greeting.
type listener struct {
	Listener
	server *Server
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		g := l.meet(c)
		refusal := l.server.enter(g)
		if refusal == "" {
			return g, nil
		}
		l.sendAway(g, refusal)
	}
}

// sendAway writes the refusal, which a fresh connection takes without waiting. One that
// expects TLS would not understand it.
func (l *listener) sendAway(g *guard, refusal string) {
	g.logRefusal(refusal)
	l.server.refusals.note([]byte(refusal))
	if !l.TLS {
		g.tcp.SetWriteDeadline(time.Now().Add(time.Second))
		g.tcp.Write([]byte(refusal))
	}
	g.tcp.Close()
}

// upgrades is the listener from which connections come that have become TLS.
type upgrades struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newUpgrades() *upgrades {
	return &upgrades{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (u *upgrades) Accept() (net.Conn, error) {
	select {
	case c := <-u.conns:
		return c, nil
	case <-u.closed:
		return nil, net.ErrClosed
	}
}

func (u *upgrades) Close() error {
	u.once.Do(func() { close(u.closed) })
	return nil
}

func (u *upgrades) Addr() net.Addr { return &net.TCPAddr{} }
