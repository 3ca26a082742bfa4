package httpd

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"gatepost/limiter"
	"gatepost/policy"
)

// How many connections may stand at once. Each has a descriptor of the process: strangers who
// take all of them would stop the mail as well.
const (
	maxConnections   = 512 // in all
	spareConnections = 64  // beside those, for this machine and the proxies: probes, admins
	maxPerNetwork    = 64  // of one network
	warnEvery        = time.Minute

	// spare is how long a connection may do nothing for somebody who is known before it makes
	// room for another: a handshake and a request on a slow line, much less than after what
	// one is closed anyway.
	spare = time.Second
)

// A connLimiter is a listener that counts. When it is full, the connection goes that has done
// nothing for longest for anybody who is known, so that nobody can keep others out by
// waiting in it, or by asking slowly. Whom it still has no room for is sent away without a
// word, and nobody waits: that would leave the next descriptor to the next stranger. It hands the
// connections on as they are, since net/http speaks HTTP/2 on a *tls.Conn only; connContext and
// connState tell it what they do.
type connLimiter struct {
	net.Listener
	proxies *policy.Ranges
	log     *slog.Logger
	now     func() time.Time
	refuse  func() // counts one

	lock   sync.Mutex
	conns  map[net.Conn]*limitedConn
	per    limiter.Loads
	warned time.Time
}

// A limitedConn is one connection.
type limitedConn struct {
	all   *connLimiter
	from  limiter.Origin // where it counts, or the zero Origin
	busy  int            // requests that are answered to somebody who is known
	since time.Time      // when it came, or one of those began or ended last
}

func (s *Server) newConnLimiter(l net.Listener) *connLimiter {
	return &connLimiter{Listener: l, proxies: s.Proxies, log: s.Log, now: s.Now,
		refuse: s.counts.turnedAway.Inc, conns: map[net.Conn]*limitedConn{},
		per: limiter.Loads{}}
}

// Accept is the next connection that there is room for.
func (c *connLimiter) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c.enter(conn) {
			return conn, nil
		}
		_ = conn.Close() // over TLS too: before the handshake nothing is written
	}
}

// enter counts a connection, unless there is no room for it and none can be made.
func (c *connLimiter) enter(conn net.Conn) bool {
	client := plainAddr(conn.RemoteAddr().String())
	room, from := maxConnections, limiter.OriginOf(client)
	if client.IsLoopback() || c.proxies.Contains(client) {
		room, from = maxConnections+spareConnections, limiter.Origin{}
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	full := !from.IsZero() && c.per.Of(from) >= maxPerNetwork
	if full && !c.makeRoom(func(a *limitedConn) bool { return a.from == from }) ||
		len(c.conns) >= room && !c.makeRoom(func(a *limitedConn) bool {
			return !a.from.IsZero() || from.IsZero() // a stranger sends no proxy away
		}) {
		c.warn(client)
		return false
	}
	c.conns[conn] = &limitedConn{all: c, from: from, since: c.now()}
	if !from.IsZero() {
		c.per.Add(from, 1)
	}
	return true
}

// makeRoom closes that connection of some that has been of no use for longest. The limiter is
// locked.
func (c *connLimiter) makeRoom(some func(*limitedConn) bool) bool {
	var idlest net.Conn
	since := c.now().Add(-spare)
	for conn, a := range c.conns {
		if a.busy == 0 && !a.since.After(since) && some(a) {
			idlest, since = conn, a.since
		}
	}
	if idlest == nil {
		return false
	}
	c.forget(idlest)
	if t, ok := idlest.(*tls.Conn); ok {
		idlest = t.NetConn() // to whom nothing is said, which could take time
	}
	_ = idlest.Close()
	return true
}

// warn says that somebody was sent away, now and then: who does this does it often.
func (c *connLimiter) warn(client netip.Addr) {
	c.refuse()
	if now := c.now(); now.Sub(c.warned) >= warnEvery {
		c.warned = now
		c.log.Warn("too many http connections: new ones are closed; a proxy of yours that "+
			"makes them belongs in http.proxies", "client", client.String(), "open", len(c.conns))
	}
}

// connKey is where a request has the limited connection that it came by.
type connKey struct{}

// connContext is http.Server.ConnContext.
func (c *connLimiter) connContext(ctx context.Context, conn net.Conn) context.Context {
	c.lock.Lock()
	defer c.lock.Unlock()
	if a := c.conns[conn]; a != nil {
		return context.WithValue(ctx, connKey{}, a)
	}
	return ctx
}

// serves says that the connection of a request serves somebody who is known, until rest is
// called.
func serves(ctx context.Context) (rest func()) {
	a, ok := ctx.Value(connKey{}).(*limitedConn)
	if !ok {
		return func() {}
	}
	a.serve(+1)
	return func() { a.serve(-1) }
}

func (a *limitedConn) serve(n int) {
	a.all.lock.Lock()
	defer a.all.lock.Unlock()
	a.busy += n
	a.since = a.all.now()
}

// connState is http.Server.ConnState: it forgets a connection that is over.
func (c *connLimiter) connState(conn net.Conn, state http.ConnState) {
	if state != http.StateClosed && state != http.StateHijacked {
		return
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.forget(conn)
}

// forget counts a connection no more. The limiter is locked.
func (c *connLimiter) forget(conn net.Conn) {
	a, ok := c.conns[conn]
	if !ok {
		return
	}
	delete(c.conns, conn)
	if !a.from.IsZero() {
		c.per.Add(a.from, -1)
	}
}
