package courier

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
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
	said  string    // why
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
	if l.said != "" {
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
		r := l.try(&lease)
		l.e.count(l.Name, r.Outcome.String())
		l.learn(&lease, &r)
		l.end(&lease, r)
		l.begin(-1)
		if len(l.work) <= cap(l.work)/2 {
			l.nudge()
		}
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
	return l.Carrier.Carry(ctx, NewParcel(ctx, l.e.DB, lease), nil)
}

// learn has a target that cannot be reached rest, and one that takes mail again have all at once.
func (l *lane) learn(lease *store.Lease, r *Result) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if r.Outcome == Done || r.Outcome == Fail && !r.Pause {
		if l.said != "" {
			l.e.Log.Info("a target takes messages again", "target", l.Name)
			l.said = ""
			if err := l.e.run.Hasten(context.WithoutCancel(l.ctx), l.Name); err != nil {
				l.e.Log.Error("hand-offs wait for their time", "target", l.Name, "error", err)
			}
		}
		l.row, l.last, l.rest = 0, 0, time.Time{}
		return
	}
	if r.Outcome != Retry || r.Pause {
		return
	}
	after := min(r.After, mostAfter)
	if r.Down || lease.ID != l.last {
		l.row++
	}
	l.last = lease.ID
	if r.Down || after > 0 || l.row >= manyFailures {
		l.rest = l.e.Now().Add(max(after, l.e.Rest.After(l.row)))
		if l.said == "" {
			l.e.Log.Warn("a target takes no messages now", "target", l.Name, "said", r.Said)
			l.said = r.Said
		}
	}
}

// end writes what became of a try. As long as that cannot be written the worker waits: what is
// not known to have arrived would be carried again.
func (l *lane) end(lease *store.Lease, r Result) {
	if r.Pause {
		l.pause(r.Said)
	}
	c := l.carried(lease, r)
	ctx := context.WithoutCancel(l.ctx)
	for {
		err := l.e.run.End(ctx, c)
		if err == nil {
			l.log(lease, r, c)
			return
		}
		l.e.Log.Error("what became of a hand-off is not written yet", "target", l.Name,
			"handoff", lease.ID, "state", c.State, "error", err)
		select {
		case <-time.After(l.e.Poll):
		case <-l.e.DB.Broken():
			return
		case <-l.e.tries.Done():
			return
		}
	}
}

func (l *lane) pause(why string) {
	err := l.e.DB.By(store.Server()).PauseTarget(context.WithoutCancel(l.ctx), l.Name, why)
	l.e.Log.Error("a target is paused, its messages are kept: mend its settings, then `gatepost "+
		"handoff resume`", "target", l.Name, "said", why)
	if err != nil {
		l.e.Log.Error("pause", "target", l.Name, "error", err)
	}
}

func (l *lane) carried(lease *store.Lease, r Result) store.Carried {
	now := l.e.Now()
	c := store.Carried{ID: lease.ID, Said: r.Said, Due: now}
	switch {
	case r.Outcome == Done:
		c.State = store.HandoffDone
	case r.Pause:
		c.State = store.HandoffWaiting
	case r.Outcome == Fail:
		c.State = store.HandoffFailed
	case r.Outcome == Unknown && !l.RetryUnknown:
		c.State = store.HandoffUnknown
	case l.over(lease, now):
		c.State = store.HandoffFailed
		if r.Outcome == Unknown {
			c.State = store.HandoffUnknown
		}
		c.Said = fmt.Sprintf("given up after %d tries: %s", lease.Attempt, r.Said)
	default:
		c.State = store.HandoffWaiting
		c.Due = now.Add(max(min(r.After, mostAfter), l.e.Single.After(lease.Attempt)))
	}
	return c
}

// over reports whether a message has been tried for as long as it is.
func (l *lane) over(lease *store.Lease, now time.Time) bool {
	return lease.Attempt >= leastTries && !lease.FirstAt.IsZero() &&
		now.Sub(lease.FirstAt) >= l.e.GiveUp
}

func (l *lane) log(lease *store.Lease, r Result, c store.Carried) {
	say := l.e.Log.Info
	switch c.State {
	case store.HandoffFailed, store.HandoffUnknown:
		say = l.e.Log.Error
	case store.HandoffWaiting:
		say = l.e.Log.Debug
	}
	say("hand-off", "target", l.Name, "event", lease.Event, "ticket", lease.Ticket,
		"decision", lease.DecisionID, "attempt", lease.Attempt, "result", r.Outcome.String(),
		"state", c.State, "said", strings.TrimSpace(r.Said))
}

func contentOf(ctx context.Context, db *store.DB, message int64) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return db.Content(ctx, message) }
}
