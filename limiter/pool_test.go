package limiter

import (
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestPool: who has to make room for whom, where four places are all there are.
func TestPool(t *testing.T) {
	const limit, spare = 4, 5 * time.Second
	type holder struct {
		from   string
		octets int64
		since  time.Duration
	}
	slow := func(from string) holder { return holder{from, 9, time.Minute} }
	fast := func(from string) holder { return holder{from, 1 << 20, time.Minute} }
	faster := func(from string) holder { return holder{from, 1 << 21, time.Minute} }
	young := func(from string) holder { return holder{from, 9, time.Second} }
	for name, test := range map[string]struct {
		held  []holder
		comer string
		want  int // who leaves; -1: nobody, and the comer is refused
	}{
		"the slowest of all": {[]holder{fast("10.1.0.1"), slow("10.2.0.1"), young("10.3.0.1"),
			fast("10.4.0.1")}, "10.5.0.1", 1},
		"the network with most, however fast": {[]holder{slow("10.1.0.1"), fast("10.2.0.1"),
			faster("10.2.0.2"), slow("10.3.0.1")}, "10.4.0.1", 1},
		"the address with most in it": {[]holder{slow("10.1.0.1"), fast("10.1.0.2"),
			faster("10.1.0.2"), slow("10.3.0.1")}, "10.4.0.1", 1},
		"of one's own network": {[]holder{young("10.1.0.1"), young("10.1.0.2"), slow("10.1.0.1"),
			slow("10.3.0.1")}, "10.1.0.2", 2},
		"not for one who has as many": {[]holder{young("10.1.0.1"), young("10.1.0.2"),
			slow("10.3.0.1"), slow("10.3.0.2")}, "10.1.0.3", -1},
		"nobody who has but begun": {[]holder{young("10.1.0.1"), young("10.2.0.1"),
			young("10.3.0.1"), young("10.4.0.1")}, "10.5.0.1", -1},
		"an IPv6 site is one network": {[]holder{young("2001:db8:1:1::1"), slow("10.1.0.1"),
			slow("2001:db8:1:2::1"), slow("10.2.0.1")}, "10.3.0.1", 2},
		"no relay": {[]holder{slow("relay"), slow("relay"), young("10.1.0.1"), slow("relay")},
			"10.2.0.1", -1},
		"anybody for a relay": {[]holder{slow("relay"), slow("relay"), young("10.1.0.1"),
			slow("relay")}, "relay", 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var p Pool
				left := -1
				newcomer := func(h holder, leave func()) *Share {
					from, err := netip.ParseAddr(h.from)
					if err != nil {
						leave = nil
					}
					octets := new(atomic.Int64)
					octets.Store(h.octets)
					return NewShare(from, octets, leave)
				}
				for i, h := range test.held {
					s := newcomer(h, func() { left = i })
					p.Enter(s, limit, spare)
					s.since = s.since.Add(-h.since)
				}
				comer := newcomer(holder{from: test.comer}, func() { left = limit })
				could := p.CanEnter(comer, limit, spare)
				entered := p.Enter(comer, limit, spare)
				if left != test.want || entered != (test.want >= 0) || could != entered {
					t.Errorf("%d left and the comer entered: %v (said: %v), want %d",
						left, entered, could, test.want)
				}
				if len(p.held) != limit {
					t.Errorf("%d places are taken", len(p.held))
				}
			})
		})
	}
}

// TestPoolLeaves: however many networks take all they can, there is a place for one more, and
// never more than the limit. A relay may have the last.
func TestPoolLeaves(t *testing.T) {
	const limit = 768
	for _, networks := range []int{1, 6, 60, 500} {
		var p Pool
		for more := true; more; {
			more = false
			for i := range networks {
				from := netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), byte(len(p.held))})
				more = p.Join(NewShare(from, nil, func() {}), limit) || more
			}
		}
		comer := NewShare(netip.MustParseAddr("192.0.2.1"), nil, func() {})
		if could := p.CanJoin(comer, limit); !could || !p.Join(comer, limit) {
			t.Errorf("%d networks leave no place", networks)
		}
		for p.Join(NewShare(netip.MustParseAddr("192.0.2.25"), nil, nil), limit) {
		}
		if len(p.held) != limit {
			t.Errorf("after relays took all they could, %d of %d places are taken",
				len(p.held), limit)
		}
	}
}
