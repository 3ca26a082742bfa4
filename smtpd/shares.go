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
	origin
	since  time.Time     // when it entered
	octets *atomic.Int64 // that have come since, nil if none do
	revoke func()        // takes the place away, nil if nobody may; must not wait
}

// newShare is for a client. With the zero Addr it is for one of those we cannot tell apart.
func newShare(client netip.Addr, octets *atomic.Int64, revoke func()) *share {
	return &share{origin: originOf(client), octets: octets, revoke: revoke}
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
	s.since = time.Now()
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
	now, n := time.Now(), p.loads(s)
	for h := range p.held {
		if h.revoke != nil && (last == nil || cmp.Or(n.compare(h.origin, last.origin),
			cmp.Compare(last.pace(now), h.pace(now))) > 0) {
			last = h
		}
	}
	switch {
	case last == nil, s.revoke == nil, n.compare(last.origin, s.origin) > 0,
		now.Sub(last.since) >= spare:
		return last
	}
	return nil
}

// loads counts all that may be taken away, and s.
func (p *pool) loads(s *share) loads {
	n := loads{}
	for h := range p.held {
		n.addShare(h)
	}
	n.addShare(s)
	return n
}

func (n loads) addShare(s *share) {
	if s.revoke != nil {
		n.add(s.origin, 1)
	}
}

// pace is octets for each second that the place has been held.
func (s *share) pace(now time.Time) float64 {
	octets := int64(headStart)
	if s.octets != nil {
		octets += s.octets.Load()
	}
	return float64(octets) / max(now.Sub(s.since), time.Microsecond).Seconds()
}
