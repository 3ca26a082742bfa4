package store

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatepost/policy"
)

// guess has so many try on and on at an account, each time from another address, until the
// test ends; how many passwords were checked is counted.
func (f *fixture) guess(email string, guessers int) (checked *atomic.Int64) {
	f.Helper()
	checked = &atomic.Int64{}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	f.Cleanup(func() { cancel(); all.Wait() })
	var from atomic.Int32
	victim := address(f, email)
	for range guessers {
		all.Go(func() {
			for ctx.Err() == nil {
				n := from.Add(1)
				a := netip.AddrFrom4([4]byte{203, 0, byte(n >> 8), byte(n)})
				if _, err := f.SignIn(ctx, victim, "a guess", a); errors.Is(err, ErrWrongPassword) {
					checked.Add(1)
				}
			}
		})
	}
	for deadline := time.Now().Add(time.Minute); f.waiting() < guessers-1; runtime.Gosched() {
		if time.Now().After(deadline) {
			f.Fatal("the guessers do not come")
		}
	}
	return checked
}

func (f *fixture) waiting() int {
	f.signIns.lock.Lock()
	defer f.signIns.lock.Unlock()
	return len(f.signIns.others) + len(f.signIns.known)
}

// However many guess from ever new addresses, who signs in from where they did before waits
// for the one password that is being checked, and so does who comes from elsewhere than they do;
// counted in passwords, since a clock would tell of the machine. From among them nobody waits
// for ever.
func TestOwnerPassesGuessers(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	const guessers = 12 // from 203.0.0.0/16
	ctx := context.Background()
	f := open(t)
	owner := f.person("ann@acme.test", "correct horse", policy.Admin)
	signIn := func(from netip.Addr) {
		t.Helper()
		u, err := f.SignIn(ctx, owner, "correct horse", from)
		if err == nil {
			err = f.By(Actor{Name: u.Email, Via: "console", Client: from.String()}).NoteSignIn(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	signIn(client)
	checked := f.guess("ann@acme.test", guessers)
	for range 3 {
		before := checked.Load()
		signIn(client)
		if n := checked.Load() - before; n > 3 {
			t.Errorf("%d guesses came first", n)
		}
	}
	for i, most := range []int64{3, 2*guessers + 3} {
		from := []string{"198.51.100.1", "203.0.255.1"}[i]
		before := checked.Load()
		signIn(netip.MustParseAddr(from))
		if n := checked.Load() - before; n > most {
			t.Errorf("from %s %d guesses came first", from, n)
		}
	}
}

// What counts as where somebody was before: an IPv4 address, an IPv6 /64, of the account alone,
// and only if they got in.
func TestSignedInNear(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	ann := f.person("ann@acme.test", "correct horse", policy.Admin)
	u, err := f.User(ctx, ann)
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"192.0.2.1", "2001:db8::1"} {
		if err := f.By(Actor{Name: u.Email, Client: from}).NoteSignIn(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.NewSession(ctx, u, netip.MustParseAddr("192.0.2.2"), ""); err != nil {
		t.Fatal(err)
	}
	failed := f.By(Actor{Client: "192.0.2.4"}).NoteSignInFailed(ctx, u.Email, "wrong", 0)
	other := f.By(Actor{Name: "bob@acme.test", Client: "192.0.2.5"}).NoteSignIn(ctx)
	if err := errors.Join(failed, other); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]bool{"192.0.2.1": true, "::ffff:192.0.2.1": true,
		"192.0.2.2": true, "192.0.2.3": false, "192.0.2.4": false, "192.0.2.5": false,
		"2001:db8::2": true, "2001:db8:0:1::1": false} {
		if near, err := f.signedInNear(ctx, ann, netip.MustParseAddr(from)); near != want || err != nil {
			t.Errorf("%s: %t, %v", from, near, err)
		}
	}
	if near, err := f.signedInNear(ctx, ann, netip.Addr{}); near || err != nil {
		t.Errorf("unknown: %t, %v", near, err)
	}
}

// Known ones go first in their order; of the others those of a region that had its turn
// longest ago, and among equals the oldest and the newest by turns.
func TestLineOrder(t *testing.T) {
	at := netip.MustParseAddr
	for name, c := range map[string]struct {
		known, others []string
		want          []string
	}{
		"known": {[]string{"192.0.2.1", "192.0.2.2"}, []string{"198.51.100.1"},
			[]string{"192.0.2.1", "192.0.2.2", "198.51.100.1"}},
		"equals": {nil, []string{"10.1.0.1", "10.2.0.1", "10.3.0.1", "10.4.0.1"},
			[]string{"10.1.0.1", "10.4.0.1", "10.2.0.1", "10.3.0.1"}},
		"one of many of a region": {nil,
			[]string{"203.0.1.1", "203.0.2.2", "203.0.3.3", "198.51.100.1", "203.0.4.4"},
			[]string{"198.51.100.1", "203.0.4.4", "203.0.1.1", "203.0.3.3", "203.0.2.2"}},
		"IPv6": {nil, []string{"2001:db8:1::1", "2001:db8:2::1", "2001:db9::1"},
			[]string{"2001:db8:1::1", "2001:db9::1", "2001:db8:2::1"}},
	} {
		var l line
		if err := l.enter(t.Context(), at("203.0.113.1"), false); err != nil {
			t.Fatal(err)
		}
		order := make(chan string)
		wait := func(from string, known bool) {
			turn, err := l.queue(regionOf(at(from)), known)
			if err != nil {
				t.Fatal(err)
			}
			go func() { <-turn.come; order <- from }()
		}
		for _, from := range c.others {
			wait(from, false)
		}
		for _, from := range c.known {
			wait(from, true)
		}
		var got []string
		for range c.want {
			l.leave()
			got = append(got, <-order)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if l.leave(); l.taken {
			t.Errorf("%s: nobody is in, and it is taken", name)
		}
	}
}

// What is remembered of regions is bounded.
func TestLineForgets(t *testing.T) {
	var l line
	for i := range 2 * maxServed {
		l.note(regionOf(netip.AddrFrom4([4]byte{byte(i >> 8), byte(i)})))
	}
	if n := len(l.served); n > maxServed {
		t.Errorf("%d regions", n)
	}
}
