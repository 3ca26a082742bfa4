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

// persons counts the requests that are answered, by profile: what one person, or a program of
// theirs, asks for at once takes nothing from others, nor from the mail.
type persons struct {
	lock     sync.Mutex
	slots    map[int64]*slots
	patience time.Duration
}

// slots are those of one profile.
type slots struct {
	taken chan struct{}
	users int // who are in them, or wait
}

func newPersons() *persons {
	return &persons{slots: map[int64]*slots{}, patience: requestPatience}
}

// enter waits for room among the requests of a visitor who is known, and takes it until leave
// is called.
func (p *persons) enter(ctx context.Context, v visitor) (leave func(), err error) {
	mine := p.of(v)
	patience := time.NewTimer(p.patience)
	defer patience.Stop()
	select {
	case mine.taken <- struct{}{}:
		return func() { <-mine.taken; p.leave(v, mine) }, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-patience.C:
		err = &problem{status: http.StatusTooManyRequests, code: "TooManyRequests",
			retry: time.Second, description: "too many requests of yours are being answered: " +
				"wait until some of them have ended"}
	}
	p.leave(v, mine)
	return func() {}, err
}

// of are the slots of a visitor, new ones if there are none.
func (p *persons) of(v visitor) *slots {
	p.lock.Lock()
	defer p.lock.Unlock()
	mine := p.slots[v.User.ID]
	if mine == nil {
		room := requestsPerEndUser
		if v.Role >= policy.Agent {
			room = requestsPerStaff
		}
		mine = &slots{taken: make(chan struct{}, room)}
		p.slots[v.User.ID] = mine
	}
	mine.users++
	return mine
}

func (p *persons) leave(v visitor, mine *slots) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if mine.users--; mine.users == 0 {
		delete(p.slots, v.User.ID)
	}
}
