package store

import (
	"context"
	"net/netip"
	"slices"
	"sync"
)

const (
	// maxSignIns is how many of each kind may wait for their password to be checked, at about
	// 40 ms each.
	maxSignIns = 64

	// maxServed is how many regions are remembered, of about 50 octets each.
	maxServed = 4096
)

// A line is those who wait for their password to be checked, one at a time, since each takes
// 19 MiB. Who comes from where the account was signed in to before goes first: guessers come
// from everywhere but there. Of the others those go first whose part of the Internet had its
// turn longest ago, or never: who has ever new addresses has them side by side. Among equals the
// oldest and the newest go by turns. In their order alone whoever comes would wait for all
// guessers, and with the newest first alone two who try on and on would keep the rest out.
type line struct {
	lock   sync.Mutex
	taken  bool
	known  []*turn
	others []*turn
	oldest bool // among equals goes next

	turns  int64                  // that were had
	served map[netip.Prefix]int64 // which of them was a region's last
}

// A turn is waited for by one sign-in.
type turn struct {
	come   chan struct{}
	region netip.Prefix
}

// enter waits for a turn, which leave ends. ErrBusy if too many wait.
func (l *line) enter(ctx context.Context, client netip.Addr, known bool) error {
	t, err := l.queue(regionOf(client), known)
	if t == nil {
		return err
	}
	select {
	case <-t.come:
		return nil
	case <-ctx.Done():
	}
	if !l.drop(t) { // it came meanwhile
		l.leave()
	}
	return ctx.Err()
}

// queue takes the turn at once if nobody has it; no turn to wait for, then.
func (l *line) queue(region netip.Prefix, known bool) (*turn, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if !l.taken {
		l.taken = true
		l.note(region)
		return nil, nil
	}
	in := &l.others
	if known {
		in = &l.known
	}
	if len(*in) >= maxSignIns {
		return nil, ErrBusy
	}
	t := &turn{make(chan struct{}), region}
	*in = append(*in, t)
	return t, nil
}

// drop takes out somebody who waits no more. False if it is their turn.
func (l *line) drop(t *turn) bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	for _, in := range []*[]*turn{&l.known, &l.others} {
		if i := slices.Index(*in, t); i >= 0 {
			*in = slices.Delete(*in, i, i+1)
			return true
		}
	}
	return false
}

// leave gives the turn to the next.
func (l *line) leave() {
	l.lock.Lock()
	defer l.lock.Unlock()
	in, at := &l.known, 0
	if len(l.known) == 0 {
		in, at = &l.others, l.next()
	}
	if len(*in) == 0 {
		l.taken = false
		return
	}
	t := (*in)[at]
	*in = slices.Delete(*in, at, at+1)
	l.note(t.region)
	close(t.come)
}

// next is the place among the others of who goes next.
func (l *line) next() (at int) {
	l.oldest = !l.oldest
	for i, t := range l.others {
		mine, best := l.served[t.region], l.served[l.others[at].region]
		if mine < best || mine == best && !l.oldest {
			at = i
		}
	}
	return at
}

// note remembers that a region had its turn. When there are too many, all are forgotten, and
// are equal.
func (l *line) note(region netip.Prefix) {
	if l.served == nil || len(l.served) >= maxServed {
		l.served = map[netip.Prefix]int64{}
	}
	l.turns++
	l.served[region] = l.turns
}

// regionOf is the part of the Internet that addresses of one provider are in, as a rule: an
// IPv4 /16 or an IPv6 /32.
func regionOf(client netip.Addr) netip.Prefix { return prefixOf(client, 16, 32) }
