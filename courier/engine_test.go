package courier

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/intake"
	"gatepost/message"
	"gatepost/store"
)

// A told is one line of the engine's log.
type told struct{ message, target, state string }

// A teller passes the lines of a log on.
type teller struct {
	slog.Handler
	lines chan told
}

func (h teller) Handle(_ context.Context, r slog.Record) error {
	line := told{message: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "target":
			line.target = a.Value.String()
		case "state":
			line.state = a.Value.String()
		}
		return true
	})
	h.lines <- line
	return nil
}

// A house is a store that takes mail, and an engine that carries it.
type house struct {
	*testing.T
	*store.DB
	intake *intake.Receiver
	engine *Engine
	lines  chan told
	stop   func()
}

func openHouse(t *testing.T, targets ...Target) *house {
	t.Helper()
	return openHouseAt(t, filepath.Join(t.TempDir(), "gatepost.db"), targets...)
}

func openHouseAt(t *testing.T, path string, targets ...Target) *house {
	t.Helper()
	db, err := store.Open(path, store.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{T: t, DB: db, lines: make(chan told, 1<<16)}
	h.intake = &intake.Receiver{DB: db, Hostname: "mx.test", Keep: time.Hour,
		Log: slog.New(slog.DiscardHandler)}
	h.targets(targets)
	t.Cleanup(func() {
		h.end()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *house) targets(targets []Target) {
	h.Helper()
	known := make([]store.Target, len(targets))
	for i, g := range targets {
		known[i] = store.Target{Name: g.Name, Kind: "smtp", Events: []string{store.TicketCreated}}
	}
	if err := h.SetTargets(h.Context(), known); err != nil {
		h.Fatal(err)
	}
}

// start runs an engine, with waits that fit a test.
func (h *house) start(targets ...Target) {
	h.Helper()
	handler := slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelDebug})
	h.engine = &Engine{DB: h.DB, Log: slog.New(teller{handler, h.lines}), Poll: 20 * time.Millisecond,
		Single: Backoff{time.Millisecond, 20 * time.Millisecond},
		Rest:   Backoff{time.Millisecond, 20 * time.Millisecond}}
	h.engine.Change(targets)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.engine.Run(ctx) }()
	h.stop = func() {
		cancel()
		if err := <-done; err != nil {
			h.Error(err)
		}
	}
}

// end stops the engine, if it runs.
func (h *house) end() {
	if h.stop != nil {
		h.stop()
		h.stop = nil
	}
}

// receive takes n messages, which become tickets.
func (h *house) receive(n int) {
	h.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			env := &message.Envelope{Client: netip.MustParseAddr("192.0.2.1"),
				MailFrom: "ann@mail.test", Recipients: []string{"help@desk.test"}, ReceivedAt: time.Now()}
			text := fmt.Sprintf("From: a%d@mail.test\r\nSubject: %d\r\n\r\nText.\r\n", i, i)
			out, err := h.intake.Receive(context.Background(), env, strings.NewReader(text))
			if err != nil || out.Decision.Action.String() != "ticket" {
				h.Errorf("%+v, %v", out, err)
			}
		})
		if i%64 == 63 {
			all.Wait()
		}
	}
	all.Wait()
}

// await waits until n hand-offs to a target have come to a state.
func (h *house) await(target, state string, n int) {
	h.Helper()
	for n > 0 {
		select {
		case line := <-h.lines:
			if line.message == "hand-off" && line.target == target && line.state == state {
				n--
			}
		case <-h.Context().Done():
			h.Fatalf("%d hand-offs to %s are still not %s", n, target, state)
		}
	}
}

// states counts the hand-offs of a target by their state.
func (h *house) states(target string) map[string]int {
	h.Helper()
	states := map[string]int{}
	for g, err := range h.Handoffs(context.Background(), store.HandoffQuery{Target: target}) {
		if err != nil {
			h.Fatal(err)
		}
		states[g.State]++
	}
	return states
}

func (h *house) wantStates(target string, want map[string]int) {
	h.Helper()
	if got := h.states(target); fmt.Sprint(got) != fmt.Sprint(want) {
		h.Errorf("%s: %v, want %v", target, got, want)
	}
}

// once holds that a sink has each of n messages once, and no other.
func (s *sink) once(t testing.TB, n int) {
	t.Helper()
	ids := s.ids()
	for id, times := range ids {
		if times != 1 || id == "none" {
			t.Errorf("%s came %d times", id, times)
		}
	}
	if len(ids) != n {
		t.Errorf("%d messages came, not %d", len(ids), n)
	}
}

// target is one whose sink is s.
func (s *sink) target(t testing.TB, name string) Target {
	carrier, err := NewSMTP(SMTPConfig{Address: s.address(), Host: "mx.test", LMTP: s.lmtp,
		Silence: 200 * time.Millisecond, Final: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return Target{Name: name, Carrier: carrier, Parallel: 4, Timeout: time.Minute}
}

// TestSinks has a next hop that answers in each way, and for one and for a thousand tickets what
// becomes of them; and then, once it takes mail, that each arrives, and none twice.
func TestSinks(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(string) string
		state  string // that the hand-offs come to; waiting where they are tried until it answers
	}{
		{"takes", nil, store.HandoffDone},
		{"later", at("rcpt", "451 4.7.1 later"), store.HandoffWaiting},
		{"refuses", at("rcpt", "550 5.1.1 nobody"), store.HandoffFailed},
		{"drops at once", at("greeting", "drop"), store.HandoffWaiting},
		{"drops behind the dot", at("dot", "drop"), store.HandoffUnknown},
		{"busy", at("greeting", "421 4.3.2 busy"), store.HandoffWaiting},
	} {
		for _, n := range []int{1, 1000} {
			t.Run(fmt.Sprint(c.name, " ", n), func(t *testing.T) {
				s := newSink(t, &sink{})
				s.say(c.answer)
				desk := s.target(t, "desk")
				h := openHouse(t, desk)
				h.start(desk)
				h.receive(n)
				if c.state == store.HandoffWaiting {
					h.await("desk", store.HandoffWaiting, min(n, 20))
					s.once(t, 0)
					s.say(nil)
					h.await("desk", store.HandoffDone, n)
				} else {
					h.await("desk", c.state, n)
				}
				h.end()
				state := c.state
				if state == store.HandoffWaiting {
					state = store.HandoffDone
				}
				h.wantStates("desk", map[string]int{state: n})
				if c.state != store.HandoffFailed {
					s.once(t, n)
				}
			})
		}
	}
}

// One that hangs holds up neither another nor the mail.
func TestSinkHangs(t *testing.T) {
	slow, quick := newSink(t, &sink{}), newSink(t, &sink{lmtp: true})
	slow.say(at("mail", "hang"))
	first, second := slow.target(t, "slow"), quick.target(t, "quick")
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
	h.await("stays", store.HandoffDone, 5)
	again, comes := a.target(t, "stays"), b.target(t, "comes")
	again.Same = stays.Same
	h.targets([]Target{again, comes})
	h.engine.Change([]Target{again, comes})
	h.receive(5)
	h.await("comes", store.HandoffDone, 5)
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
func (c carrier) Close() error                                           { return nil }

func TestField(t *testing.T) {
	got := field(`Authentication-Results: mx.test; spf=pass; dmarc=fail reason="a; b"`)
	if want := "Authentication-Results: mx.test;\r\n\tspf=pass;\r\n\tdmarc=fail reason=\"a; b\"\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
