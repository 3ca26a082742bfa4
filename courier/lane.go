package courier

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"gatepost/store"
)

const (
	// ahead is how many messages are in hand for each worker: one write takes them all.
	ahead = 8
	// manyFailures in a row are the target's, not the messages'.
	manyFailures = 10
	// mostAfter bounds how long a target may ask to be left alone.
	mostAfter = 24 * time.Hour
	// mostGiven bounds how long a worker gives way after a try.
	mostGiven = 50 * time.Millisecond
)

// A lane is the way to one target.
type lane struct {
	Target
	e      *Engine
	work   chan store.Lease // in hand and not begun
	wakeup chan struct{}    // has something in it when there may be something to take
	ctx    context.Context
	stop   context.CancelFunc

	lock  sync.Mutex
	row   int       // failures in a row, of one message after another or of the target
	last  int64     // the message that failed last
	rest  time.Time // nothing is tried before
	down  bool      // it takes no messages now
	tried int       // tries under way
}

// newLane is for Run or Change, which hold the lock.
func (e *Engine) newLane(t Target) *lane {
	t.Parallel = max(t.Parallel, 1)
	l := &lane{Target: t, e: e, work: make(chan store.Lease, ahead*t.Parallel),
		wakeup: make(chan struct{}, 1)}
	l.ctx, l.stop = context.WithCancel(e.ctx)
	return l
}

func (l *lane) nudge() {
	select {
	case l.wakeup <- struct{}{}:
	default:
	}
}

// run takes and tries until the lane is stopped, gives back what was not begun, and closes the
// carrier once the tries under way have ended.
func (l *lane) run() {
	var workers sync.WaitGroup
	for range l.Parallel {
		workers.Go(l.worker)
	}
	for l.ctx.Err() == nil {
		if err := l.fill(); err != nil && l.ctx.Err() == nil {
			l.e.Log.Error("hand-offs cannot be taken", "target", l.Name, "error", err)
		}
		l.wait()
	}
	l.giveBack()
	close(l.work)
	workers.Wait()
	l.e.closeAll([]Target{l.Target})
}

// fill takes what is due once half of what was in hand is done. After failures one message
// finds out how things are.
func (l *lane) fill() error {
	if l.resting() > 0 {
		l.giveBack()
		return nil
	}
	room := cap(l.work) - len(l.work)
	if room < cap(l.work)/2 {
		return nil
	}
	l.lock.Lock()
	if l.down {
		room = min(room, 1-l.tried-len(l.work))
	}
	l.lock.Unlock()
	if room < 1 {
		return nil
	}
	leases, err := l.e.run.Take(l.ctx, l.Name, room)
	for _, lease := range leases {
		l.work <- lease
	}
	return err
}

// giveBack frees what is in hand and not begun.
func (l *lane) giveBack() {
	var ids []int64
	for {
		select {
		case lease := <-l.work:
			ids = append(ids, lease.ID)
			continue
		default:
		}
		if err := l.e.run.GiveBack(context.WithoutCancel(l.ctx), ids); err != nil {
			l.e.Log.Error("hand-offs wait for the next start", "target", l.Name, "error", err)
		}
		return
	}
}

func (l *lane) wait() {
	span := l.e.Poll
	if rest := l.resting(); rest > 0 {
		span = min(span, rest)
	}
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-l.wakeup:
	case <-timer.C:
	case <-l.ctx.Done():
	}
}

func (l *lane) resting() time.Duration {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.rest.Sub(l.e.Now())
}

func (l *lane) worker() {
	for lease := range l.work {
		l.begin(1)
		if l.ctx.Err() != nil || l.resting() > 0 {
			l.begin(-1)
			if err := l.e.run.GiveBack(context.WithoutCancel(l.ctx), []int64{lease.ID}); err != nil {
				l.e.Log.Error("a hand-off waits for the next start", "target", l.Name, "error", err)
			}
			continue
		}
		began, start := l.e.Now(), time.Now()
		r := l.try(&lease)
		l.e.count(l.Name, r.Outcome.String())
		l.learn(&lease, &r)
		l.end(&lease, r, began)
		l.begin(-1)
		if len(l.work) <= cap(l.work)/2 {
			l.nudge()
		}
		l.giveWay(time.Since(start))
	}
}

// giveWay rests while many messages come at a time, three times as long as the last one took: who
// sends them waits for an answer, and nobody for a hand-off.
func (l *lane) giveWay(took time.Duration) {
	if !l.e.DB.Crowded() {
		return
	}
	select {
	case <-time.After(min(3*took, mostGiven)):
	case <-l.ctx.Done():
	}
}

func (l *lane) begin(n int) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.tried += n
}

// try is one try, which ends in time and by no panic.
func (l *lane) try(lease *store.Lease) (r Result) {
	if lease.Damaged != nil {
		return Result{Outcome: Fail, Said: "its row is damaged in " + lease.Damaged.String() +
			": see `gatepost doctor`"}
	}
	ctx := l.e.tries
	if l.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.Timeout)
		defer cancel()
	}
	defer func() {
		if p := recover(); p != nil {
			l.e.Log.Error("panic in a hand-off", "target", l.Name, "panic", p,
				"stack", string(debug.Stack()))
			r = Result{Outcome: Unknown, Said: fmt.Sprintf("panic: %v", p)}
		}
	}()
	p := NewParcel(ctx, l.e.DB, lease)
	if l.ReplyAddress != nil && p.Ticket != 0 && p.Event != suspendedEvent {
		p.ReplyAddress = l.ReplyAddress(p)
	}
	return l.Carrier.Carry(ctx, p, nil)
}

func contentOf(ctx context.Context, db *store.DB, message int64) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return db.Content(ctx, message) }
}
