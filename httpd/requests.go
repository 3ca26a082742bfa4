package httpd

import (
	"context"
	"net/http"
	"sync"
	"time"

	"gatepost/policy"
)

// How many requests of one profile are answered at once. A download on a slow line is one of
// them for minutes; a page takes as many as it has parts.
const (
	requestsPerStaff   = 16
	requestsPerEndUser = 4               // they look at tickets of their own, and wait for nobody
	requestPatience    = 5 * time.Second // for one of them to end
)

// A requestLimiter counts the requests that are answered, by profile: what one person, or a
// program of theirs, asks for at once takes nothing from others, nor from the mail.
type requestLimiter struct {
	lock     sync.Mutex
	slots    map[int64]*slots
	patience time.Duration
}

// slots are those of one profile.
type slots struct {
	taken chan struct{}
	users int // who are in them, or wait
}

func newRequestLimiter() *requestLimiter {
	return &requestLimiter{slots: map[int64]*slots{}, patience: requestPatience}
}

// enter waits for room among the requests of a caller who is known, and takes it until leave
// is called.
func (p *requestLimiter) enter(ctx context.Context, c Caller) (leave func(), err error) {
	mine := p.of(c)
	patience := time.NewTimer(p.patience)
	defer patience.Stop()
	select {
	case mine.taken <- struct{}{}:
		return func() { <-mine.taken; p.leave(c, mine) }, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-patience.C:
		err = &Problem{Status: http.StatusTooManyRequests, Code: "TooManyRequests",
			Retry: time.Second, Description: "too many requests of yours are being answered: " +
				"wait until some of them have ended"}
	}
	p.leave(c, mine)
	return func() {}, err
}

// of are the slots of a caller, new ones if there are none.
func (p *requestLimiter) of(c Caller) *slots {
	p.lock.Lock()
	defer p.lock.Unlock()
	mine := p.slots[c.User.ID]
	if mine == nil {
		room := requestsPerEndUser
		if c.Role >= policy.Agent {
			room = requestsPerStaff
		}
		mine = &slots{taken: make(chan struct{}, room)}
		p.slots[c.User.ID] = mine
	}
	mine.users++
	return mine
}

func (p *requestLimiter) leave(c Caller, mine *slots) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if mine.users--; mine.users == 0 {
		delete(p.slots, c.User.ID)
	}
}
