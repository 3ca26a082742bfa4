package courier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatepost/intake"
	"gatepost/message"
	"gatepost/store"
	"gatepost/store/storetest/place"
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
	db, err := store.Open(place.At(t, path), store.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{T: t, DB: db, lines: make(chan told, 1<<16)}
	h.intake = &intake.Receiver{DB: db, Hostname: "mx.test", Keep: intake.Keeping{For: time.Hour},
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

// many are messages enough that a target has several times as many as it has in hand, and that
// failures in a row are a small part of them. GATEPOST_LONG has a thousand.
func many() int {
	if os.Getenv("GATEPOST_LONG") != "" {
		return 1000
	}
	return 250
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
	h.awaitAny(target, n, state)
}

// awaitEnds waits until n hand-offs to a target are done, or may be.
func (h *house) awaitEnds(target string, n int) {
	h.Helper()
	h.awaitAny(target, n, store.HandoffDone, store.HandoffUnknown)
}

// awaitDone waits until n hand-offs to each of some targets are done since the house was opened.
func (h *house) awaitDone(n int, targets ...string) {
	h.Helper()
	for _, target := range targets {
		for h.states(target)[store.HandoffDone] < n {
			select {
			case <-h.lines:
			case <-time.After(10 * time.Millisecond):
			case <-h.Context().Done():
				h.Fatalf("%v to %s, %d are not done", h.states(target), target, n)
			}
		}
	}
}

func (h *house) awaitAny(target string, n int, states ...string) {
	h.Helper()
	for n > 0 {
		select {
		case line := <-h.lines:
			if line.message == "hand-off" && line.target == target &&
				slices.Contains(states, line.state) {
				n--
			}
		case <-h.Context().Done():
			h.Fatalf("%d hand-offs to %s are still not %v", n, target, states)
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

// target is one whose sink is s, and which waits for an answer as long as a busy machine may
// take for it.
func (s *sink) target(t testing.TB, name string) Target {
	return s.waiting(t, name, time.Minute)
}

// waiting is one that waits so long for an answer.
func (s *sink) waiting(t testing.TB, name string, patience time.Duration) Target {
	t.Helper()
	carrier, err := NewSMTP(SMTPConfig{Address: s.address(), Host: "mx.test", LMTP: s.lmtp,
		Silence: patience, Final: patience})
	if err != nil {
		t.Fatal(err)
	}
	return Target{Name: name, Carrier: carrier, Parallel: 4, Timeout: time.Minute}
}

// An easing is a carrier that waits but a moment for what hangs, until it is at ease: from then on
// it is a patient one, since a busy machine answers late.
type easing struct {
	hasty, patient Carrier
	eased          atomic.Bool
}

// hurried is a target that gives up on what hangs, and is at ease once ease is called.
func hurried(hasty, patient Target) (_ Target, ease func()) {
	e := &easing{hasty: hasty.Carrier, patient: patient.Carrier}
	hasty.Carrier = e
	return hasty, func() { e.eased.Store(true) }
}

func (e *easing) Carry(ctx context.Context, p *Parcel, dialogue io.Writer) Result {
	if e.eased.Load() {
		return e.patient.Carry(ctx, p, dialogue)
	}
	return e.hasty.Carry(ctx, p, dialogue)
}

func (e *easing) Close() error { return errors.Join(e.hasty.Close(), e.patient.Close()) }
