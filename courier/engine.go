package courier

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"gatepost/store"
)

// What an Engine does unless its fields say otherwise.
const (
	defaultPoll   = time.Second
	defaultGrace  = 10 * time.Second
	defaultGiveUp = 5 * 24 * time.Hour
)

// leastTries is how often a message is tried before it is given up, however late the clock says
// that it is: a clock that was set ahead by a week shall not end anything at once.
const leastTries = 10

// A Target is where an Engine carries messages to.
type Target struct {
	Name         string
	Carrier      Carrier
	Parallel     int           // tries at once; below 1 is 1
	Timeout      time.Duration // of one try
	RetryUnknown bool          // what may have arrived is tried again
	// ReplyAddress makes that of a message; nil if the target is given none.
	ReplyAddress func(*Parcel) string
	Same         string // of two targets with the same text the second changes nothing
}

// An Engine carries what the outbox has to its targets, each by workers of its own, so that one
// that is slow or down holds up no other and no client of ours. What waits is on the disk alone.
type Engine struct {
	DB     *store.DB
	Log    *slog.Logger
	Now    func() time.Time // time.Now if nil
	Poll   time.Duration    // how often it looks for what other processes have written
	Grace  time.Duration    // for tries under way when it is told to stop
	GiveUp time.Duration    // after the first try of a message
	Single Backoff          // between the tries of a message
	Rest   Backoff          // of a target that cannot be reached

	run     *store.Run
	lock    sync.Mutex
	lanes   map[string]*lane
	running sync.WaitGroup  // lanes
	ctx     context.Context // ends when the engine is told to stop; nil but in Run
	tries   context.Context // ends Grace later
	targets []Target        // of a Change before Run
	counts  map[Count]int64
}

// A Count is of tries that ended in one way.
type Count struct{ Target, Result string }

func (e *Engine) defaults() {
	if e.Now == nil {
		e.Now = time.Now
	}
	for _, d := range []struct {
		span  *time.Duration
		value time.Duration
	}{{&e.Poll, defaultPoll}, {&e.Grace, defaultGrace}, {&e.GiveUp, defaultGiveUp},
		{&e.Single.First, 10 * time.Second}, {&e.Single.Most, time.Hour},
		{&e.Rest.First, time.Second}, {&e.Rest.Most, time.Minute}} {
		if *d.span == 0 {
			*d.span = d.value
		}
	}
}

// Run carries until ctx is done, and returns once every try has ended and every target is closed:
// those tries that are under way have Grace. An earlier run's tries are made again. It may be run once
// more then, with what Change says until that.
func (e *Engine) Run(ctx context.Context) error {
	e.defaults()
	run, err := e.DB.StartRun(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	tries, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(e.Grace, cancel) })()

	e.lock.Lock()
	e.run, e.ctx, e.tries, e.lanes = run, ctx, tries, map[string]*lane{}
	e.change(e.targets)
	e.lock.Unlock()
	for {
		select {
		case <-e.DB.Handed():
			e.wake()
		case <-ctx.Done():
			e.lock.Lock()
			e.change(nil)
			e.lock.Unlock()
			e.running.Wait()
			e.lock.Lock()
			e.ctx = nil
			e.lock.Unlock()
			return nil
		}
	}
}

// Change carries to these targets from now on, each with its carrier, which the engine closes.
// Those that stay the same keep their own.
func (e *Engine) Change(targets []Target) {
	e.lock.Lock()
	defer e.lock.Unlock()
	if e.ctx == nil {
		e.closeAll(e.targets)
		e.targets = targets
		return
	}
	if e.ctx.Err() != nil {
		e.closeAll(targets)
		return
	}
	e.change(targets)
}

func (e *Engine) change(targets []Target) {
	next := map[string]*lane{}
	for _, t := range targets {
		was := e.lanes[t.Name]
		if was != nil && was.Same == t.Same {
			next[t.Name] = was
			e.closeAll([]Target{t})
			continue
		}
		next[t.Name] = e.newLane(t)
	}
	for name, was := range e.lanes {
		if next[name] != was {
			was.stop()
		}
	}
	for name, l := range next {
		if e.lanes[name] != l {
			e.running.Go(l.run)
		}
	}
	e.lanes, e.targets = next, nil
}

func (e *Engine) closeAll(targets []Target) {
	for _, t := range targets {
		if err := t.Carrier.Close(); err != nil {
			e.Log.Warn("a target was not closed", "target", t.Name, "error", err)
		}
	}
}

// wake has every target look at once.
func (e *Engine) wake() {
	e.lock.Lock()
	defer e.lock.Unlock()
	for _, l := range e.lanes {
		l.nudge()
	}
}

// Counts are how the tries of this process ended.
func (e *Engine) Counts() map[Count]int64 {
	e.lock.Lock()
	defer e.lock.Unlock()
	all := make(map[Count]int64, len(e.counts))
	for c, n := range e.counts {
		all[c] = n
	}
	return all
}

func (e *Engine) count(target, result string) {
	e.lock.Lock()
	defer e.lock.Unlock()
	if e.counts == nil {
		e.counts = map[Count]int64{}
	}
	e.counts[Count{target, result}]++
}
