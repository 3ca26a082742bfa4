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

	"gatepost/policy"
)

// How many connections may stand at once. Each has a descriptor of the process: strangers who
// take all of them would stop the mail as well.
const (
	maxConnections   = 512 // in all
	spareConnections = 64  // beside those, for this machine and the proxies: probes, admins
	maxPerNetwork    = 64  // of one network
	complainEvery    = time.Minute

	// spare is how long a connection may do nothing for somebody who is known before it makes
	// room for another: a handshake and a request on a slow line, much less than after what
	// one is closed anyway.
	spare = time.Second
)

// A crowd is a listener that counts. When it is full, the connection goes that has done
// nothing for longest for anybody who is known, so that nobody can shut the door for others by
// waiting in it, or by asking slowly. Whom it still has no room for is sent away without a
// word, and nobody waits: that would leave the next descriptor to the next stranger. It hands the
// connections on as they are, since net/http speaks HTTP/2 on a *tls.Conn only; introduce and
// left tell it what they do.
type crowd struct {
	net.Listener
	proxies *policy.Ranges
	log     *slog.Logger
	now     func() time.Time
	refuse  func() // counts one

	lock       sync.Mutex
	arrivals   map[net.Conn]*arrival
	per        map[netip.Prefix]int
	complained time.Time
}

// An arrival is one connection.
type arrival struct {
	crowd *crowd
	from  netip.Prefix // the network it counts for, or the zero Prefix
	busy  int          // requests that are answered to somebody who is known
	since time.Time    // when it came, or one of those began or ended last
}

func (s *Server) newCrowd(l net.Listener) *crowd {
	return &crowd{Listener: l, proxies: s.Proxies, log: s.Log, now: s.Now,
		refuse: s.counts.turnedAway.Inc, arrivals: map[net.Conn]*arrival{},
		per: map[netip.Prefix]int{}}
}

// Accept is the next connection that there is room for.
func (c *crowd) Accept() (net.Conn, error) {
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
func (c *crowd) enter(conn net.Conn) bool {
	client := plainAddr(conn.RemoteAddr().String())
	room, from := maxConnections, network(client)
	if client.IsLoopback() || c.proxies.Contains(client) {
		room, from = maxConnections+spareConnections, netip.Prefix{}
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	full := from.IsValid() && c.per[from] >= maxPerNetwork
	if full && !c.makeRoom(func(a *arrival) bool { return a.from == from }) ||
		len(c.arrivals) >= room && !c.makeRoom(func(a *arrival) bool {
			return a.from.IsValid() || !from.IsValid() // a stranger sends no proxy away
		}) {
		c.complain(client)
		return false
	}
	c.arrivals[conn] = &arrival{crowd: c, from: from, since: c.now()}
	if from.IsValid() {
		c.per[from]++
	}
	return true
}

// makeRoom closes that connection of some that has been of no use for longest. The crowd is
// locked.
func (c *crowd) makeRoom(some func(*arrival) bool) bool {
	var idlest net.Conn
	since := c.now().Add(-spare)
	for conn, a := range c.arrivals {
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

// complain says that somebody was sent away, now and then: who does this does it often.
func (c *crowd) complain(client netip.Addr) {
	c.refuse()
	if now := c.now(); now.Sub(c.complained) >= complainEvery {
		c.complained = now
		c.log.Warn("too many http connections: new ones are closed; a proxy of yours that "+
			"makes them belongs in http.proxies", "client", client.String(), "open", len(c.arrivals))
	}
}

// arrivalKey is where a request has the arrival of its connection.
type arrivalKey struct{}

// introduce is http.Server.ConnContext.
func (c *crowd) introduce(ctx context.Context, conn net.Conn) context.Context {
	c.lock.Lock()
	defer c.lock.Unlock()
	if a := c.arrivals[conn]; a != nil {
		return context.WithValue(ctx, arrivalKey{}, a)
	}
	return ctx
}

// serves says that the connection of a request serves somebody who is known, until rest is
// called.
func serves(ctx context.Context) (rest func()) {
	a, ok := ctx.Value(arrivalKey{}).(*arrival)
	if !ok {
		return func() {}
	}
	a.serve(+1)
	return func() { a.serve(-1) }
}

func (a *arrival) serve(n int) {
	a.crowd.lock.Lock()
	defer a.crowd.lock.Unlock()
	a.busy += n
	a.since = a.crowd.now()
}

// left is http.Server.ConnState: it forgets a connection that is over.
func (c *crowd) left(conn net.Conn, state http.ConnState) {
	if state != http.StateClosed && state != http.StateHijacked {
		return
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.forget(conn)
}

// forget counts a connection no more. The crowd is locked.
func (c *crowd) forget(conn net.Conn) {
	a, ok := c.arrivals[conn]
	if !ok {
		return
	}
	delete(c.arrivals, conn)
	if !a.from.IsValid() {
		return
	}
	if c.per[a.from]--; c.per[a.from] == 0 {
		delete(c.per, a.from)
	}
}
