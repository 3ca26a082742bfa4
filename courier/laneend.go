package courier

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gatepost/store"
)

// learn has a target that cannot be reached rest, and one that takes mail again have all at once.
// One that leaves a message after the other in doubt rests, too: no more of them shall be so.
func (l *lane) learn(lease *store.Lease, r *Result) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if r.Outcome == Done || r.Outcome == Fail && !r.Pause {
		if l.down {
			l.e.Log.Info("a target takes messages again", "target", l.Name)
			l.down = false
			if err := l.e.run.Hasten(context.WithoutCancel(l.ctx), l.Name); err != nil {
				l.e.Log.Error("hand-offs wait for their time", "target", l.Name, "error", err)
			}
		}
		l.row, l.last, l.rest = 0, 0, time.Time{}
		return
	}
	if r.Pause {
		return
	}
	after := min(r.After, mostAfter)
	if r.Down || lease.ID != l.last {
		l.row++
	}
	l.last = lease.ID
	if r.Down || after > 0 || l.row >= manyFailures {
		l.rest = l.e.Now().Add(max(after, l.e.Rest.After(l.row)))
		if !l.down {
			l.e.Log.Warn("a target takes no messages now", "target", l.Name, "said", r.Said)
			l.down = true
		}
	}
}

// end writes what became of a try. As long as that cannot be written the worker waits: what is
// not known to have arrived would be carried again.
func (l *lane) end(lease *store.Lease, r Result, began time.Time) {
	if r.Pause {
		l.pause(r.Said, began)
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

func (l *lane) pause(why string, began time.Time) {
	err := l.e.DB.By(store.Server()).PauseTried(context.WithoutCancel(l.ctx), l.Name, why, began)
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
