// Package limiter shares what is scarce among clients, so that none of them, and no network of
// them, keeps others out. It knows addresses only: not what is shared, nor by which protocol.
package limiter

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

// A Pool is shared by all clients. When it is full, a newcomer takes the place of whoever has
// the least claim to one: in the network that has most, at the address that has most there,
// the slowest. So nobody keeps others out by taking many places, or by taking long.
type Pool struct {
	mu   sync.Mutex
	held map[*Share]struct{}
}

// A Share is one place in a pool.
type Share struct {
	Origin
	since  time.Time     // when it entered
	octets *atomic.Int64 // that have come since, nil if none do
	revoke func()        // takes the place away, nil if nobody may; must not wait
}

// NewShare is for a client. With the zero Addr it is for one of those we cannot tell apart.
func NewShare(client netip.Addr, octets *atomic.Int64, revoke func()) *Share {
	return &Share{Origin: OriginOf(client), octets: octets, revoke: revoke}
}

// Enter gives s a place, if fewer than limit are taken, or somebody has to make room for it.
// Who has no more places than it would have makes room only after spare.
func (p *Pool) Enter(s *Share, limit int, spare time.Duration) bool {
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

func (p *Pool) add(s *Share) {
	if p.held == nil {
		p.held = make(map[*Share]struct{})
	}
	p.held[s] = struct{}{}
	s.since = time.Now()
}

// Join gives s a place where nobody can be made to go: no network has more places than it
// leaves to others, and no address more than half as many. So some are left for whoever comes.
func (p *Pool) Join(s *Share, limit int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.spares(s, limit) {
		return false
	}
	p.add(s)
	return true
}

// CanJoin says whether Join would give s a place.
func (p *Pool) CanJoin(s *Share, limit int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spares(s, limit)
}

func (p *Pool) spares(s *Share, limit int) bool {
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

// CanEnter says whether Enter would give s a place.
func (p *Pool) CanEnter(s *Share, limit int, spare time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.held) < limit || p.last(s, spare) != nil
}

// Leave gives the place back, unless it was taken away.
func (p *Pool) Leave(s *Share) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.held, s)
}

// last is who has to make room for s, nil if nobody has.
func (p *Pool) last(s *Share, spare time.Duration) (last *Share) {
	now, n := time.Now(), p.loads(s)
	for h := range p.held {
		if h.revoke != nil && (last == nil || cmp.Or(n.Compare(h.Origin, last.Origin),
			cmp.Compare(last.pace(now), h.pace(now))) > 0) {
			last = h
		}
	}
	switch {
	case last == nil, s.revoke == nil, n.Compare(last.Origin, s.Origin) > 0,
		now.Sub(last.since) >= spare:
		return last
	}
	return nil
}

// loads counts all that may be taken away, and s.
func (p *Pool) loads(s *Share) Loads {
	n := Loads{}
	for h := range p.held {
		n.addShare(h)
	}
	n.addShare(s)
	return n
}

func (n Loads) addShare(s *Share) {
	if s.revoke != nil {
		n.Add(s.Origin, 1)
	}
}

// pace is octets for each second that the place has been held.
func (s *Share) pace(now time.Time) float64 {
	octets := int64(headStart)
	if s.octets != nil {
		octets += s.octets.Load()
	}
	return float64(octets) / max(now.Sub(s.since), time.Microsecond).Seconds()
}
