package smtpd

import (
	"cmp"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// headStart is how many octets a transfer counts from its beginning, so that one that has just
// begun is not the slowest of all: most messages are not longer.
const headStart = 4 << 10

// A pool is shared by all clients. When it is full, a newcomer takes the place of whoever has
// the least claim to one: in the network that has most, at the address that has most there,
// the slowest. So nobody keeps others out by taking many places, or by taking long.
type pool struct {
	mu   sync.Mutex
	held map[*share]struct{}
}

// A share is one place in a pool.
type share struct {
	address, network netip.Prefix
	since            time.Time
	octets           *atomic.Int64 // that have come since, nil if none do
	revoke           func()        // takes the place away, nil if nobody may; must not wait
}

// newShare is for a client. With the zero Addr it is for one of those we cannot tell apart.
func newShare(client netip.Addr, octets *atomic.Int64, revoke func()) *share {
	return &share{neighbourhood(client), network(client), time.Now(), octets, revoke}
}

// network is what one hand often holds all of: 256 IPv4 addresses, or what a site is given of
// IPv6 (RFC 6177).
func network(a netip.Addr) netip.Prefix {
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, _ := a.Prefix(bits)
	return p
}

// enter gives s a place, if fewer than limit are taken, or somebody has to make room for it.
// Who has no more places than it would have makes room only after spare.
func (p *pool) enter(s *share, limit int, spare time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.held) >= limit {
		last := p.last(s, spare)
		if last == nil {
			return false
		}
		delete(p.held, last)
		last.revoke()
	}
	p.add(s)
	return true
}

func (p *pool) add(s *share) {
	if p.held == nil {
		p.held = make(map[*share]struct{})
	}
	p.held[s] = struct{}{}
}

// join gives s a place where nobody can be made to go: no network has more places than it
// leaves to others, and no address more than half as many. So some are left for whoever comes.
func (p *pool) join(s *share, limit int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.spares(s, limit) {
		return false
	}
	p.add(s)
	return true
}

// leaves says whether join would give s a place.
func (p *pool) leaves(s *share, limit int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spares(s, limit)
}

func (p *pool) spares(s *share, limit int) bool {
	left, network, address := limit-len(p.held), 0, 0
	if s.revoke == nil {
		return left > 0
	}
	for h := range p.held {
		if h.revoke != nil && h.network == s.network {
			network++
			if h.address == s.address {
				address++
			}
		}
	}
	return network < left && address <= left/2
}

// hasRoom says whether enter would give s a place.
func (p *pool) hasRoom(s *share, limit int, spare time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.held) < limit || p.last(s, spare) != nil
}

// leave gives the place back, unless it was taken away.
func (p *pool) leave(s *share) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.held, s)
}

// last is who has to make room for s, nil if nobody has.
func (p *pool) last(s *share, spare time.Duration) (last *share) {
	now, places := time.Now(), p.places(s)
	for h := range p.held {
		if h.revoke != nil && (last == nil || places.compare(h, last, now) > 0) {
			last = h
		}
	}
	switch {
	case last == nil, places.most(last, s), now.Sub(last.since) >= spare:
		return last
	}
	return nil
}

// places counts how many each network and each address has.
type places struct{ network, address map[netip.Prefix]int }

// places counts all that may be taken away, and s.
func (p *pool) places(s *share) places {
	n := places{map[netip.Prefix]int{}, map[netip.Prefix]int{}}
	n.add(s)
	for h := range p.held {
		n.add(h)
	}
	return n
}

func (n places) add(s *share) {
	if s.revoke != nil {
		n.network[s.network]++
		n.address[s.address]++
	}
}

// compare puts who has the least claim to a place last.
func (n places) compare(a, b *share, now time.Time) int {
	return cmp.Or(cmp.Compare(n.network[a.network], n.network[b.network]),
		cmp.Compare(n.address[a.address], n.address[b.address]),
		cmp.Compare(b.pace(now), a.pace(now)))
}

// most reports whether h has more than its share beside s: more places in its network or, if
// that is the same, at its address.
func (n places) most(h, s *share) bool {
	if s.revoke == nil {
		return true
	}
	return cmp.Or(cmp.Compare(n.network[h.network], n.network[s.network]),
		cmp.Compare(n.address[h.address], n.address[s.address])) > 0
}

// pace is octets for each second that the place has been held.
func (s *share) pace(now time.Time) float64 {
	octets := int64(headStart)
	if s.octets != nil {
		octets += s.octets.Load()
	}
	return float64(octets) / max(now.Sub(s.since), time.Microsecond).Seconds()
}
