package httpd

import (
	"context"
	"maps"
	"net/netip"
	"sync"
	"time"

	"gatepost/limiter"
	"gatepost/message"
	"gatepost/store"
)

// How many attempts to sign in may fail within attemptWindow. The account itself is never
// locked: somebody else's attempts must not keep its owner out.
const (
	attemptWindow      = 15 * time.Minute
	attemptsPerAccount = 10    // at one account from one address
	attemptsPerAddress = 60    // at all accounts from one address
	maxAttempts        = 20000 // records, of about 200 octets each
)

// An attemptKey is an account and a network, or a network alone.
type attemptKey struct {
	account string // in its one spelling; noAccount for what is no address
	client  limiter.Origin
}

// noAccount is all that is typed and cannot be an address, which has an @.
const noAccount = "none"

// limit is how many attempts a record has room for.
func (k attemptKey) limit() int {
	if k.account == "" {
		return attemptsPerAddress
	}
	return attemptsPerAccount
}

// takeAttempt counts one attempt as attempts.take does; where there are several nodes, for all of
// them.
func (s *Server) takeAttempt(ctx context.Context, account message.Address, client netip.Addr) (
	wait time.Duration, undo func(), err error) {
	if !s.DB.HasNodes() {
		wait, undo = s.attempts.take(account, client)
		return wait, undo, nil
	}
	name := account.String()
	if account.IsZero() {
		name = noAccount
	}
	wait, takeBack, err := s.DB.TakeAttempt(ctx, name, client, store.Attempts{Window: attemptWindow,
		PerAccount: attemptsPerAccount, PerNetwork: attemptsPerAddress})
	return wait, func() {
		if err := takeBack(context.WithoutCancel(ctx)); err != nil {
			s.Log.Warn("an attempt to sign in counts as failed, and was not", "error", err)
		}
	}, err
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
// is undone. Who has to wait leaves no new record behind.
func (a *attempts) take(account message.Address, client netip.Addr) (
	wait time.Duration, undo func()) {
	a.lock.Lock()
	defer a.lock.Unlock()
	now := a.now()
	all := attemptKey{client: limiter.OriginOf(client)}
	own := attemptKey{account: account.String(), client: all.client}
	if account.IsZero() {
		own.account = noAccount
	}
	for _, key := range []attemptKey{all, own} {
		if at := a.made[key]; at.blocks(key, now) {
			return at.since.Add(attemptWindow).Sub(now), nil
		}
	}
	a.makeRoom(now)
	counted := []*attempt{a.at(all, now), a.at(own, now)}
	for _, at := range counted {
		at.count++
	}
	return 0, func() {
		a.lock.Lock()
		defer a.lock.Unlock()
		for _, at := range counted {
			at.count--
		}
	}
}

// isOver reports whether a record says nothing any more, or there is none.
func (at *attempt) isOver(now time.Time) bool {
	return at == nil || now.Sub(at.since) >= attemptWindow
}

// blocks reports whether the record of a key lets no attempt through.
func (at *attempt) blocks(key attemptKey, now time.Time) bool {
	return !at.isOver(now) && at.count >= key.limit()
}

// at is the record of a key, a new one if the last is over. It is not kept if there is no
// room.
func (a *attempts) at(key attemptKey, now time.Time) *attempt {
	at := a.made[key]
	if !at.isOver(now) {
		return at
	}
	if at != nil || len(a.made) < maxAttempts {
		at = &attempt{since: now}
		a.made[key] = at
		return at
	}
	return &attempt{since: now}
}

// makeRoom makes room for the two records of an attempt: it forgets what is over, and then
// whatever comes first of what blocks nobody, so that who fills the table gets no new guesses
// out of it. To fill it with records that block takes 100,000 attempts, each with a password
// that was checked, which is more than we check within attemptWindow: the attempts after that
// are let through uncounted rather than that everybody is kept out.
func (a *attempts) makeRoom(now time.Time) {
	const full = maxAttempts - 2
	if len(a.made) > full && now.Sub(a.swept) >= time.Minute {
		a.swept = now // a look at all of them, which not each attempt shall cost
		maps.DeleteFunc(a.made, func(_ attemptKey, at *attempt) bool { return at.isOver(now) })
	}
	if len(a.made) <= full {
		return
	}
	for key, at := range a.made {
		if at.blocks(key, now) {
			continue
		}
		if delete(a.made, key); len(a.made) <= full {
			return
		}
	}
}
