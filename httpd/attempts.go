package httpd

import (
	"maps"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// How many attempts to sign in may fail within attemptWindow. The account itself is never
// locked: somebody else's attempts must not keep its owner out.
const (
	attemptWindow      = 15 * time.Minute
	attemptsPerAccount = 10    // at one account from one address
	attemptsPerAddress = 60    // at all accounts from one address
	maxAttempts        = 20000 // records, of about 200 octets each
)

// An attemptKey is an account and an address, or an address alone.
type attemptKey struct {
	account string
	client  netip.Prefix
}

// attempts remember who failed to sign in. They are in memory: a restart forgets them, and
// nobody outside can cause one.
type attempts struct {
	now  func() time.Time
	lock sync.Mutex
	made map[attemptKey]*attempt

	swept time.Time // when those that are over were forgotten
}

type attempt struct {
	count int
	since time.Time
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, made: map[attemptKey]*attempt{}}
}

// take counts one attempt, or says how long to wait for the next. An attempt that did not fail
// is undone.
func (a *attempts) take(account string, client netip.Addr) (wait time.Duration, undo func()) {
	a.lock.Lock()
	defer a.lock.Unlock()
	now := a.now()
	block := network(client)
	own := a.at(attemptKey{lowerASCII(account), block}, now)
	all := a.at(attemptKey{client: block}, now)
	switch {
	case own.count >= attemptsPerAccount:
		return own.since.Add(attemptWindow).Sub(now), nil
	case all.count >= attemptsPerAddress:
		return all.since.Add(attemptWindow).Sub(now), nil
	}
	own.count++
	all.count++
	return 0, func() {
		a.lock.Lock()
		defer a.lock.Unlock()
		own.count--
		all.count--
	}
}

// at is the record of a key, a new one if the last is over.
func (a *attempts) at(key attemptKey, now time.Time) *attempt {
	if len(key.account) > maxAccount {
		key.account = key.account[:maxAccount]
	}
	if at, ok := a.made[key]; ok && now.Sub(at.since) < attemptWindow {
		return at
	}
	if len(a.made) >= maxAttempts {
		a.makeRoom(now)
	}
	at := &attempt{since: now}
	a.made[key] = at
	return at
}

// maxAccount is how much of an account's name tells two apart, in octets: no address is
// longer.
const maxAccount = 256

// makeRoom forgets what is over, or else one record, whichever comes first. Who fills the
// table to have their own forgotten makes more attempts at that than they gain, and nobody
// is kept out by it.
func (a *attempts) makeRoom(now time.Time) {
	if now.Sub(a.swept) >= time.Minute { // a look at all of them, which not each attempt shall cost
		a.swept = now
		maps.DeleteFunc(a.made, func(_ attemptKey, at *attempt) bool {
			return now.Sub(at.since) >= attemptWindow
		})
	}
	for key := range a.made {
		if len(a.made) < maxAttempts {
			return
		}
		delete(a.made, key)
	}
}

// network is what one party has of the address space: one IPv4 address, or a /64.
func network(client netip.Addr) netip.Prefix {
	bits := 64
	if client.Is4() {
		bits = 32
	}
	p, _ := client.Prefix(bits)
	return p
}

// tooMany says when to come again.
func tooMany(wait time.Duration) *problem {
	return &problem{status: http.StatusTooManyRequests, code: "TooManyRequests", retry: wait,
		description: "Too many attempts to sign in failed from here. Try again in " +
			minutes(wait) + "."}
}
