package httpd

import (
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
)

// A crowd is a listener that counts. Whom it has no room for is sent away without a word, and
// nobody waits: that would leave the next descriptor to the next stranger. It hands the
// connections on as they are, since net/http speaks HTTP/2 on a *tls.Conn only; left tells it
// when they end.
type crowd struct {
	net.Listener
	proxies *policy.Ranges
	log     *slog.Logger
	now     func() time.Time
	refuse  func() // counts one

	lock       sync.Mutex
	from       map[net.Conn]netip.Prefix // the network it counts for, or the zero Prefix
	per        map[netip.Prefix]int
	complained time.Time
}

func (s *Server) newCrowd(l net.Listener) *crowd {
	return &crowd{Listener: l, proxies: s.Proxies, log: s.Log, now: s.Now,
		refuse: s.counts.turnedAway.Inc, from: map[net.Conn]netip.Prefix{},
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

// enter counts a connection, unless there is no room for it.
func (c *crowd) enter(conn net.Conn) bool {
	client := plainAddr(conn.RemoteAddr().String())
	room, from := maxConnections, network(client)
	if client.IsLoopback() || c.proxies.Contains(client) {
		room, from = maxConnections+spareConnections, netip.Prefix{}
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	if len(c.from) >= room || from.IsValid() && c.per[from] >= maxPerNetwork {
		c.complain(client)
		return false
	}
	c.from[conn] = from
	if from.IsValid() {
		c.per[from]++
	}
	return true
}

// complain says that somebody was sent away, now and then: who does this does it often.
func (c *crowd) complain(client netip.Addr) {
	c.refuse()
	if now := c.now(); now.Sub(c.complained) >= complainEvery {
		c.complained = now
		c.log.Warn("too many http connections: new ones are closed; a proxy of yours that "+
			"makes them belongs in http.proxies", "client", client.String(), "open", len(c.from))
	}
}

// left is http.Server.ConnState: it forgets a connection that is over.
func (c *crowd) left(conn net.Conn, state http.ConnState) {
	if state != http.StateClosed && state != http.StateHijacked {
		return
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	from, ok := c.from[conn]
	if !ok {
		return
	}
	delete(c.from, conn)
	if !from.IsValid() {
		return
	}
	if c.per[from]--; c.per[from] == 0 {
		delete(c.per, from)
	}
}
