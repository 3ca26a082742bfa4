package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// While a target is paused nothing is taken; resumed, all is due and has its whole time.
func TestPausedTarget(t *testing.T) {
	f := open(t)
	ctx := t.Context()
	f.targets(Target{Name: "desk", Kind: "smtp"})
	f.receive(mail("ann@mail.test", "one", ""))
	run := f.start()
	f.end(run, Carried{ID: f.take(run, "desk", 1)[0].ID, State: HandoffWaiting,
		Due: f.clock.Add(time.Hour)})
	if err := f.editor().PauseTarget(ctx, "desk", "535 wrong password"); err != nil {
		t.Fatal(err)
	}
	if err := run.Hasten(ctx, "desk"); err != nil {
		t.Fatal(err)
	}
	if got := f.take(run, "desk", 1); got != nil {
		t.Errorf("%+v", got)
	}
	s, err := f.TargetStatus(ctx, "desk")
	if err != nil || s.PausedAt == nil || s.PausedWhy != "535 wrong password" {
		t.Errorf("%+v, %v", s, err)
	}
	if err := f.editor().ResumeTarget(ctx, "desk"); err != nil {
		t.Fatal(err)
	}
	if got := f.take(run, "desk", 1); len(got) != 1 || !got[0].FirstAt.IsZero() {
		t.Errorf("%+v", got)
	}
	if err := f.editor().PauseTarget(ctx, "nobody", ""); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	var actions []Action
	for _, e := range all(t, f.AuditLog(ctx, AuditQuery{Subject: "desk"})) {
		actions = append(actions, e.Action)
	}
	if !slices.Equal(actions, []Action{ResumedTarget, PausedTarget}) {
		t.Errorf("audited: %q", actions)
	}
}

// What people do to hand-offs, and what they may not.
func TestChangeHandoffs(t *testing.T) {
	f := open(t)
	ctx := t.Context()
	f.targets(Target{Name: "desk", Kind: "smtp"})
	f.receive(mail("ann@mail.test", "one", ""))
	f.receive(mail("ann@mail.test", "two", ""))
	run := f.start()
	f.take(run, "desk", 2)
	f.end(run, Carried{ID: 1, State: HandoffDone}, Carried{ID: 2, State: HandoffFailed, Said: "550 no"})
	if err := f.editor().RetryHandoffs(ctx, []int64{2, 1}); !errors.Is(err, ErrHandedOff) {
		t.Error(err)
	}
	if err := f.editor().DiscardHandoffs(ctx, []int64{3}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	f.wantHandoffs("refused", "desk ticket.created 1 done", "desk ticket.created 2 failed")
	if err := f.editor().RetryHandoffs(ctx, []int64{2}); err != nil {
		t.Fatal(err)
	}
	if got := f.take(run, "desk", 2); len(got) != 1 || got[0].Attempt != 2 {
		t.Errorf("%+v", got)
	}
	if err := f.editor().DiscardHandoffs(ctx, []int64{2}); err != nil {
		t.Fatal(err)
	}
	f.end(run, Carried{ID: 2, State: HandoffWaiting, Due: f.clock})
	f.wantHandoffs("discarded under way", "desk ticket.created 1 done",
		"desk ticket.created 2 discarded")
	f.end(run, Carried{ID: 2, State: HandoffDone})
	f.wantHandoffs("and it arrived", "desk ticket.created 1 done", "desk ticket.created 2 done")
}

// What was changed in the octets of a row fails by itself, and holds up nobody.
func TestDamagedHandoff(t *testing.T) {
	f := open(t)
	f.targets(Target{Name: "desk", Kind: "smtp"})
	f.receive(mail("ann@mail.test", "one", ""))
	f.receive(mail("ann@mail.test", "two", ""))
	f.spoil(`update messages set recipients = x'ff' where id = 1`)
	got := f.take(f.start(), "desk", 2)
	if len(got) != 2 || got[0].Damaged.String() != "recipients" || got[1].Damaged != nil {
		t.Errorf("%+v", got)
	}
}

func (f *fixture) spoil(query string) {
	f.Helper()
	err := f.writer.do(context.Background(), func(t *tx) error { return t.exec(query) })
	if err != nil {
		f.Fatal(err)
	}
}

// A try that began before somebody resumed its target pauses nothing: it knows the settings of
// before.
func TestPauseTried(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	if err := f.SetTargets(ctx, []Target{{Name: "desk", Kind: "smtp", Events: []string{TicketCreated}}}); err != nil {
		t.Fatal(err)
	}
	paused := func() bool {
		s, err := f.TargetStatus(ctx, "desk")
		if err != nil {
			t.Fatal(err)
		}
		return s.PausedAt != nil
	}
	began := f.clock
	f.clock = f.clock.Add(time.Second)
	if err := f.editor().PauseTried(ctx, "desk", "401", began); err != nil || !paused() {
		t.Fatalf("paused: %t, %v", paused(), err)
	}
	f.clock = f.clock.Add(time.Second)
	if err := f.editor().ResumeTarget(ctx, "desk"); err != nil || paused() {
		t.Fatalf("resumed: %t, %v", !paused(), err)
	}
	if err := f.editor().PauseTried(ctx, "desk", "401", began); err != nil || paused() {
		t.Errorf("an old try paused it again: %v", err)
	}
	if err := f.editor().PauseTried(ctx, "desk", "401", f.clock.Add(time.Second)); err != nil || !paused() {
		t.Errorf("a new try did not: %v", err)
	}
}

// A target for an address has the mail for its subaddresses, unless another is for one of those; a
// reply token is ours, and no part of the address that anything is handed on to.
func TestTargetOfSubaddress(t *testing.T) {
	f := open(t)
	f.targets(Target{Name: "all", Kind: "smtp", Apart: true},
		Target{Name: "desk", Kind: "smtp", Recipients: []string{"support@acme.test"}, Apart: true},
		Target{Name: "eu", Kind: "smtp", Recipients: []string{"support+eu@acme.test"}, Apart: true},
		Target{Name: "sales", Kind: "http", Recipients: []string{"sales@acme.test"}})
	f.receive(mail("ann@mail.test", "one", ""), to("support+re-abc@acme.test"))
	f.receive(mail("ann@mail.test", "two", ""), to("support+eu@acme.test"))
	f.receive(mail("ann@mail.test", "three", ""), to("Support+eu+re-abc@acme.test"))
	f.receive(mail("ann@mail.test", "four", ""), to("support+us@acme.test", "sales@acme.test",
		"sales+re-abc@acme.test"))
	f.wantHandoffs("subaddresses", "all ticket.created 1 support@acme.test waiting",
		"desk ticket.created 1 support@acme.test waiting",
		"all ticket.created 2 support+eu@acme.test waiting",
		"eu ticket.created 2 support+eu@acme.test waiting",
		"all ticket.created 3 Support+eu@acme.test waiting",
		"eu ticket.created 3 Support+eu@acme.test waiting",
		"all ticket.created 4 support+us@acme.test waiting",
		"all ticket.created 4 sales@acme.test waiting",
		"desk ticket.created 4 support+us@acme.test waiting",
		"sales ticket.created 4 waiting")
}

// Of a target that is paused none of what waits is looked at: it is found by its name first.
func TestDueByTarget(t *testing.T) {
	f := open(t)
	rows, err := f.read.QueryContext(context.Background(), "explain query plan "+sqlite{}.text(dueQuery),
		make([]any, 4)...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var detail string
		if err := rows.Scan(new(int), new(int), new(int), &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	text := strings.Join(plan, "\n")
	if len(plan) < 2 || !strings.HasPrefix(text, "SEARCH g ") ||
		!strings.HasPrefix(plan[1], "SEARCH h USING INDEX handoffs_due") ||
		strings.Contains(text, "TEMP B-TREE") {
		t.Error(text)
	}
}
