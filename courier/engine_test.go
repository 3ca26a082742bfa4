package courier

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatepost/store"
)

// TestSinks has a next hop that answers in each way, and for one and for many tickets what
// becomes of them; and then, once it takes mail, that each arrives, and none twice. It leaves a
// small part in doubt, whatever waits.
func TestSinks(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	for _, c := range []struct {
		name   string
		answer func(string) string
		state  string // that the hand-offs come to; waiting where they are tried until it answers
	}{
		{"takes", nil, store.HandoffDone},
		{"later", at("rcpt", "451 4.7.1 later"), store.HandoffWaiting},
		{"later, all of it", at("dot", "452 4.3.1 full"), store.HandoffWaiting},
		{"refuses", at("rcpt", "550 5.1.1 nobody"), store.HandoffFailed},
		{"refuses the content", at("dot", "554 5.6.0 no"), store.HandoffFailed},
		{"drops at once", at("greeting", "drop"), store.HandoffWaiting},
		{"drops in the middle", at("data", "drop"), store.HandoffWaiting},
		{"drops behind the dot", at("dot", "drop"), store.HandoffUnknown},
		{"hangs at once", at("greeting", "hang"), store.HandoffWaiting},
		{"hangs", at("rcpt", "hang"), store.HandoffWaiting},
		{"hangs behind the dot", at("dot", "hang"), store.HandoffUnknown},
		{"busy", at("greeting", "421 4.3.2 busy"), store.HandoffWaiting},
	} {
		for _, n := range []int{1, many()} {
			t.Run(fmt.Sprint(c.name, " ", n), func(t *testing.T) {
				s := newSink(t, &sink{})
				s.say(c.answer)
				desk, ease := s.target(t, "desk"), func() {}
				if strings.HasPrefix(c.name, "hangs") {
					desk, ease = hurried(s.waiting(t, "desk", 200*time.Millisecond), desk)
				}
				h := openHouse(t, desk)
				h.start(desk)
				h.receive(n)
				h.passes("desk", c.state, n, func() {
					ease()
					if c.state == store.HandoffWaiting {
						s.once(t, 0)
					}
					s.say(nil)
				})
				if c.state != store.HandoffFailed {
					s.once(t, n)
				}
			})
		}
	}
}

// passes waits until some of n hand-offs have come to a state, mends their target, and holds that
// the rest arrives.
func (h *house) passes(target, state string, n int, mend func()) {
	h.Helper()
	switch state {
	case store.HandoffDone, store.HandoffFailed:
		h.await(target, state, n)
	case store.HandoffUnknown:
		h.await(target, state, min(n, manyFailures))
		mend()
		h.awaitEnds(target, n-min(n, manyFailures))
	default:
		h.await(target, state, min(n, 8))
		mend()
		h.await(target, store.HandoffDone, n)
	}
	h.end()
	states := h.states(target)
	doubts := states[store.HandoffUnknown]
	if state == store.HandoffUnknown && doubts > 0 && doubts <= max(1, n/4) {
		n -= doubts
		delete(states, state)
	}
	if state != store.HandoffFailed {
		state = store.HandoffDone
	}
	if n > 0 && states[state] != n || len(states) > 1 {
		h.Errorf("%d are %s, not %d: %v, and %d in doubt", states[state], state, n, states, doubts)
	}
}

// One that hangs holds up neither another nor the mail.
func TestSinkHangs(t *testing.T) {
	slow, quick := newSink(t, &sink{}), newSink(t, &sink{lmtp: true})
	slow.say(at("mail", "hang"))
	first, second := slow.waiting(t, "slow", 200*time.Millisecond), quick.target(t, "quick")
	h := openHouse(t, first, second)
	h.start(first, second)
	h.receive(200)
	h.await("quick", store.HandoffDone, 200)
	h.await("slow", store.HandoffWaiting, 4)
	h.end()
	quick.once(t, 200)
	slow.once(t, 0)
	h.wantStates("slow", map[string]int{store.HandoffWaiting: 200})
}

// A mistake in the settings pauses the target, and no message is given up for it.
func TestPaused(t *testing.T) {
	s := newSink(t, &sink{})
	s.say(at("greeting", "554 5.7.1 not you"))
	desk := s.target(t, "desk")
	h := openHouse(t, desk)
	h.start(desk)
	h.receive(50)
	h.await("desk", store.HandoffWaiting, 1)
	status, err := h.TargetStatus(t.Context(), "desk")
	if err != nil || status.PausedAt == nil || status.PausedWhy != "greeting: 554 5.7.1 not you" ||
		status.Waiting != 50 {
		t.Fatalf("%+v, %v", status, err)
	}
	s.say(nil)
	if err := h.By(store.Server()).ResumeTarget(t.Context(), "desk"); err != nil {
		t.Fatal(err)
	}
	h.await("desk", store.HandoffDone, 50)
	h.end()
	s.once(t, 50)
}

// What a run had in hand when it ended without a word is carried by the next, and what it ended
// is not; what came meanwhile, and what is of another process, too.
func TestRestart(t *testing.T) {
	s := newSink(t, &sink{})
	desk := s.target(t, "desk")
	path := filepath.Join(t.TempDir(), "gatepost.db")
	h := openHouseAt(t, path, desk)
	h.receive(30)
	run, err := h.StartRun(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	taken, err := run.Take(t.Context(), "desk", 10)
	if err != nil || len(taken) != 10 {
		t.Fatalf("%d, %v", len(taken), err)
	}
	h.start(desk)
	h.await("desk", store.HandoffDone, 30)
	other := openHouseAt(t, path, desk) // of which nothing tells the engine
	other.receive(1)
	h.await("desk", store.HandoffDone, 1)
	h.end()
	s.once(t, 31)
}

// Tries under way have their time when the engine stops; the rest is as it was.
func TestStop(t *testing.T) {
	s := newSink(t, &sink{})
	arrived := make(chan bool, 1)
	s.say(func(stage string) string {
		if stage == "dot" {
			select {
			case arrived <- true:
			default:
			}
		}
		return ""
	})
	desk := s.target(t, "desk")
	h := openHouse(t, desk)
	h.receive(300)
	h.start(desk)
	<-arrived
	h.end()
	states := h.states("desk")
	if states[store.HandoffDone] != len(s.received()) || states[store.HandoffDone] == 0 ||
		states[store.HandoffDone]+states[store.HandoffWaiting] != 300 {
		t.Errorf("%v, and %d arrived", states, len(s.received()))
	}
	for g, err := range h.Handoffs(t.Context(), store.HandoffQuery{
		States: []string{store.HandoffWaiting}}) {
		if err != nil || g.Attempts != 0 || g.InHand {
			t.Fatalf("%+v, %v", g, err)
		}
	}
}

// Targets change while the engine runs: one goes, one comes, one is as it was.
func TestChangeTargets(t *testing.T) {
	a, b := newSink(t, &sink{}), newSink(t, &sink{})
	stays, goes := a.target(t, "stays"), b.target(t, "goes")
	stays.Same = "as it was"
	h := openHouse(t, stays, goes)
	h.start(stays, goes)
	h.receive(5)
	h.awaitDone(5, "stays", "goes")
	again, comes := a.target(t, "stays"), b.target(t, "comes")
	again.Same = stays.Same
	h.targets([]Target{again, comes})
	h.engine.Change([]Target{again, comes})
	h.receive(5)
	h.awaitDone(10, "stays")
	h.awaitDone(5, "comes")
	h.end()
	a.once(t, 10)
	b.once(t, 10)
	if a.connections > 4 {
		t.Errorf("%d connections: they were not kept", a.connections)
	}
}

// What is to be given up, and when; what a target asks for.
func TestCarried(t *testing.T) {
	now := time.Now()
	e := &Engine{Now: func() time.Time { return now }}
	e.defaults()
	l := &lane{e: e}
	old := &store.Lease{Attempt: leastTries, FirstAt: now.Add(-defaultGiveUp)}
	for _, c := range []struct {
		name  string
		lease *store.Lease
		r     Result
		again bool // RetryUnknown
		state string
		least time.Duration
	}{
		{"done", old, Result{Outcome: Done}, false, store.HandoffDone, 0},
		{"over", old, Result{Said: "451 no"}, false, store.HandoffFailed, 0},
		{"over by the clock", &store.Lease{Attempt: 2, FirstAt: old.FirstAt}, Result{}, false,
			store.HandoffWaiting, 0},
		{"paused", old, Result{Pause: true, Outcome: Fail}, false, store.HandoffWaiting, 0},
		{"unknown", &store.Lease{Attempt: 1}, Result{Outcome: Unknown}, false, store.HandoffUnknown, 0},
		{"unknown again", &store.Lease{Attempt: 1}, Result{Outcome: Unknown}, true,
			store.HandoffWaiting, 0},
		{"unknown and over", old, Result{Outcome: Unknown}, true, store.HandoffUnknown, 0},
		{"asked", &store.Lease{Attempt: 1}, Result{After: 2 * time.Hour}, false, store.HandoffWaiting,
			2 * time.Hour},
	} {
		l.RetryUnknown = c.again
		got := l.carried(c.lease, c.r)
		if got.State != c.state || got.Due.Sub(now) < c.least ||
			got.Due.Sub(now) > max(c.least, e.Single.Most) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if got := l.carried(old, Result{Said: "451 no"}); got.Said != "given up after 10 tries: 451 no" {
		t.Errorf("%q", got.Said)
	}
}

// The span doubles up to the most.
func TestBackoff(t *testing.T) {
	b := Backoff{time.Second, time.Minute}
	for n, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second,
		7: time.Minute, 1000: time.Minute} {
		if got := b.ceiling(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
		for range 100 {
			if got := b.After(n); got < 0 || got > want {
				t.Fatalf("%d: %s", n, got)
			}
		}
	}
}

// Nothing that a carrier does ends the engine.
func TestPanic(t *testing.T) {
	bad := Target{Name: "bad", Carrier: carrier(func(*Parcel) Result { panic("no") })}
	h := openHouse(t, bad)
	h.start(bad)
	h.receive(3)
	h.await("bad", store.HandoffUnknown, 3)
}

type carrier func(*Parcel) Result

func (c carrier) Carry(_ context.Context, p *Parcel, _ io.Writer) Result { return c(p) }

func (c carrier) Close() error { return nil }

func TestField(t *testing.T) {
	got := field(`Authentication-Results: mx.test; spf=pass; dmarc=fail reason="a; b"`)
	if want := "Authentication-Results: mx.test;\r\n\tspf=pass;\r\n\tdmarc=fail reason=\"a; b\"\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
