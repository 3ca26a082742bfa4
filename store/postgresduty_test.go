package store

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"gatepost/policy"
)

// onDuty has a node do a duty until the test ends or end is called. on has a context for each time that
// the duty came to it, and off the reason for each time that it went.
func (f *fixture) onDuty(duty Duty) (on chan context.Context, off chan error, end func()) {
	f.Helper()
	ctx, cancel := context.WithCancel(f.Context())
	on, off = make(chan context.Context, 10), make(chan error, 10)
	ended := make(chan bool)
	go func() {
		defer close(ended)
		err := f.OnDuty(ctx, duty, func(ctx context.Context) error {
			on <- ctx
			<-ctx.Done()
			off <- ctx.Err()
			return nil
		})
		if err != nil {
			f.Error(err)
		}
	}()
	end = func() {
		cancel()
		<-ended
	}
	f.Cleanup(end)
	return on, off, end
}

// passes has so much time have passed for a duty that its lease is over.
func (f *fixture) passes(duty Duty) {
	f.Helper()
	f.nodeRows(`update leases set until = 5 where name = '` + string(duty) + `'`)
}

// A duty is one node's alone. It comes to another once that gives it up.
func TestDutyOfOneNode(t *testing.T) {
	onServerOnly(t)
	path := filepath.Join(t.TempDir(), "gatepost.db")
	one, _ := node(t, path, "mx1")
	two, _ := node(t, path, "mx2")
	on, off, end := one.onDuty(DutyDigests)
	<-on
	if l, err := two.engine.(*postgres).take(t.Context(), DutyDigests); l != nil || err != nil {
		t.Fatalf("two have it: %+v, %v", l, err)
	}
	other, _, _ := two.onDuty(DutyHandOffs) // which is another one
	<-other
	waits, _, _ := two.onDuty(DutyDigests)
	select {
	case <-waits:
		t.Fatal("two have it")
	case <-off:
		t.Fatal("it went by itself")
	case <-time.After(2 * beatEvery): // it is renewed, and looked for
	}
	end()
	<-waits
}

// A node that says nothing for as long as a lease lasts is not on duty any more, and what it goes on to
// write is not written: that of who has taken it over is.
func TestDutyLost(t *testing.T) {
	onServerOnly(t)
	path := filepath.Join(t.TempDir(), "gatepost.db")
	one, _ := node(t, path, "mx1")
	two, _ := node(t, path, "mx2")
	one.rules(policy.Block, "held.test")
	one.receive(mail("a@held.test", "old", "x"))
	one.clock = noon.Add(20 * 24 * time.Hour)
	two.clock = one.clock
	on, off, _ := one.onDuty(DutyExpiry)
	was := <-on
	two.passes(DutyExpiry)
	l, err := two.engine.(*postgres).take(t.Context(), DutyExpiry)
	if err != nil || l == nil {
		t.Fatalf("%+v, %v", l, err)
	}
	if p, err := one.Purge(was, Expiry{By: Server()}); !errors.Is(err, ErrOffDuty) || p.Deleted > 0 {
		t.Errorf("%+v, %v", p, err)
	}
	if done, err := one.Announce(was, []Mark{{Name: MarkQuiet, Was: 0, Now: 7}}, nil); done || !errors.Is(err, ErrOffDuty) {
		t.Errorf("announced: %v, %v", done, err)
	}
	<-off
	now := context.WithValue(t.Context(), ofDuty{}, l)
	if done, err := two.Announce(now, []Mark{{Name: MarkQuiet, Was: 0, Now: 7}}, nil); !done || err != nil {
		t.Errorf("announced: %v, %v", done, err)
	}
	two.passes(DutyExpiry)
	if again := <-on; again.Err() != nil {
		t.Error("it came back, and was over")
	}
}

// A hand-off that another node has in hand by now stays there, whatever becomes of the try of the first;
// but what has arrived has.
func TestRunOvertaken(t *testing.T) {
	onServerOnly(t)
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "gatepost.db")
	one, _ := node(t, path, "mx1")
	two, _ := node(t, path, "mx2")
	if err := one.SetTargets(ctx, []Target{{Name: "desk", Kind: "smtp", Events: []string{TicketCreated}}}); err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"first", "second"} {
		one.receive(mail(subject+"@acme.test", subject, "x"))
	}
	on, off, _ := one.onDuty(DutyHandOffs)
	was := <-on
	slow, err := one.StartRun(was)
	if err != nil {
		t.Fatal(err)
	}
	had, err := slow.Take(was, "desk", 10)
	if err != nil || len(had) != 2 {
		t.Fatalf("%+v, %v", had, err)
	}
	two.passes(DutyHandOffs)
	l, err := two.engine.(*postgres).take(ctx, DutyHandOffs)
	if err != nil || l == nil {
		t.Fatalf("%+v, %v", l, err)
	}
	now := context.WithValue(ctx, ofDuty{}, l)
	run, err := two.StartRun(now)
	if err != nil {
		t.Fatal(err)
	}
	if has, err := run.Take(now, "desk", 10); err != nil || len(has) != 2 {
		t.Fatalf("%+v, %v", has, err)
	}
	<-off
	was = context.WithoutCancel(was)
	if more, err := slow.Take(was, "desk", 10); more != nil || !errors.Is(err, ErrOffDuty) {
		t.Errorf("%+v, %v", more, err)
	}
	err = slow.End(was, Carried{ID: had[0].ID, State: HandoffDone, Due: noon},
		Carried{ID: had[1].ID, State: HandoffWaiting, Due: noon})
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]bool{}
	for _, h := range all(t, one.Handoffs(ctx, HandoffQuery{})) {
		states[h.Subject+" "+h.State] = h.InHand
	}
	if inHand, is := states["first done"]; !is || inHand || !states["second waiting"] {
		t.Errorf("%v; want the first done, and the second in the hand of the other", states)
	}
}
