package store

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

func TestUndoRules(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f := openAt(t, path)
	h := f.editor()
	add := func(entries, note string) int64 {
		t.Helper()
		if _, err := h.AddRules(ctx, policy.Block, parse(t, policy.Block, entries), Life{Note: note}); err != nil {
			t.Fatal(err)
		}
		return f.lastAudit()
	}
	undo := func(id int64, want string) {
		t.Helper()
		if err := h.Undo(ctx, id); err != nil {
			t.Fatal(err)
		}
		if got := f.text(policy.Block); got != want {
			t.Errorf("after undoing %d: %q, want %q", id, got, want)
		}
	}
	add("a.test suspend:b.test", "kept")
	second := add("a.test c.test", "second")
	undo(second, "a.test suspend:b.test")
	undo(f.lastAudit(), "a.test suspend:b.test c.test") // undone again
	if r := all(t, f.Rules(ctx, policy.Block))[2]; r.Note != "second" {
		t.Errorf("came back as %+v", r)
	}
	f.set(policy.Block, "suspend:b.test *")
	undo(f.lastAudit(), "suspend:b.test a.test c.test")
	if _, err := h.RemoveRules(ctx, policy.Block, parse(t, policy.Block, "a.test"), ""); err != nil {
		t.Fatal(err)
	}
	removed := f.lastAudit()
	unlock, err := f.Lock(ctx) // which forgets removed rules
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	undo(removed, "suspend:b.test c.test a.test")
	r, _ := f.receive(mail("x@a.test", "x", ""))
	if r.Decision.Action != policy.Suspend || r.Decision.RuleText() != "a.test" {
		t.Errorf("a message is decided by %s", r.Decision.Why())
	}
	if notes := all(t, f.Rules(ctx, policy.Block)); notes[2].Note != "kept" ||
		!notes[2].CreatedAt.Equal(noon) {
		t.Errorf("came back as %+v", notes[2])
	}
}

// What replaced both lists at once is undone list by list.
func TestUndoOfBothLists(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Allow, "a.test")
	f.rules(policy.Block, "a.test", "b.test")
	did, err := f.editor().SetRules(ctx, AnyGeneration,
		NewList{policy.Allow, parse(t, policy.Allow, "b.test")},
		NewList{policy.Block, parse(t, policy.Block, "b.test reject:a.test c.test")})
	if err != nil || fmt.Sprint(did) != "[{1 1} {2 1}]" {
		t.Fatal(did, err)
	}
	block := f.lastAudit()
	for _, step := range []struct {
		undo         int64
		allow, block string
	}{{block - 1, "a.test", "b.test reject:a.test c.test"}, {block, "a.test", "b.test a.test"}} {
		if err := f.editor().Undo(ctx, step.undo); err != nil {
			t.Fatal(err)
		}
		if allow, block := f.text(policy.Allow), f.text(policy.Block); allow != step.allow ||
			block != step.block {
			t.Errorf("after undoing %d: %q and %q, want %+v", step.undo, allow, block, step)
		}
	}
}

// An entry comes back as it was when the change took it, whatever became of it since.
func TestUndoRestoresTheNote(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	h, entry := f.editor(), parse(t, policy.Block, "a.test")
	for _, note := range []string{"first", "second"} {
		_, err := h.AddRules(ctx, policy.Block, entry, Life{Note: note})
		if err == nil {
			_, err = h.RemoveRules(ctx, policy.Block, entry, "")
		}
		if err != nil {
			t.Fatal(err)
		}
		f.clock = f.clock.Add(time.Hour)
	}
	if err := h.Undo(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if r := all(t, f.Rules(ctx, policy.Block)); r[0].Note != "first" || !r[0].CreatedAt.Equal(noon) {
		t.Errorf("came back as %+v", r)
	}
}

func (f *fixture) lastAudit() int64 {
	f.Helper()
	for e, err := range f.AuditLog(context.Background(), AuditQuery{Limit: 1}) {
		if err != nil {
			f.Fatal(err)
		}
		return e.ID
	}
	f.Fatal("nothing is in the log")
	return 0
}

func TestCannotUndo(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	h := f.editor()
	f.rules(policy.Block, "a.test")
	added := f.lastAudit()
	f.rules(policy.Allow, "x.test")
	other := f.lastAudit()
	if err := h.AddUser(ctx, NewUser{Email: address(t, "ann@acme.test")}); err != nil {
		t.Fatal(err)
	}
	user := f.lastAudit()
	if _, err := h.RemoveRules(ctx, policy.Block, parse(t, policy.Block, "a.test"), ""); err != nil {
		t.Fatal(err)
	}
	removed := f.lastAudit()
	f.rules(policy.Block, "a.test") // again, by another change
	before := f.audited()
	for name, id := range map[string]int64{"of a profile": user, "of what came back since": removed,
		"of what was taken away and came back since": added} {
		if err := h.Undo(ctx, id); !errors.Is(err, ErrCannotUndo) {
			t.Errorf("a change %s: %v", name, err)
		}
	}
	if err := h.Undo(ctx, 99); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	if f.audited() != before || f.text(policy.Block) != "a.test" {
		t.Errorf("something was changed: %q, %s", f.text(policy.Block), f.audited())
	}
	if err := h.Undo(ctx, other); err != nil {
		t.Error(err)
	}
	by := fmt.Sprintf("entry %d did so already", f.lastAudit())
	if err := h.Undo(ctx, other); !errors.Is(err, ErrCannotUndo) || !strings.Contains(err.Error(), by) {
		t.Errorf("twice: %v", err)
	}
	for e, err := range f.AuditLog(ctx, AuditQuery{}) {
		undone := e.ID == other
		undoable := e.Action.OfRules() && !undone || e.Action == Undone
		if err != nil || e.Undoable != undoable || undone != (e.UndoneBy != nil) ||
			(e.Action == Undone) != (e.Undoes != nil) {
			t.Errorf("%+v, %v", e, err)
		}
	}
}

func TestUndoAccess(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	cli := f.By(Actor{Name: "root", Via: "cli"})
	for _, ranges := range []string{"198.51.100.*", "192.0.2.0/24"} {
		err := cli.SetAccess(ctx, AnyGeneration, access(t, true, ranges, false), netip.Addr{},
			policy.Admin, false)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := cli.Undo(ctx, 1); !errors.Is(err, ErrCannotUndo) {
		t.Errorf("the first of two: %v", err)
	}
	if err := f.editor().Undo(ctx, 2); !errors.Is(err, ErrLockout) {
		t.Errorf("out of one's own reach: %v", err)
	}
	for _, id := range []int64{2, 1} {
		if err := cli.Undo(ctx, id); err != nil {
			t.Error(err)
		}
	}
	if a, err := f.Access(ctx); err != nil || a.Enabled || !a.Ranges.Empty() {
		t.Errorf("%+v, %v", a, err)
	}
	if err := f.editor().Undo(ctx, f.lastAudit()); !errors.Is(err, ErrLockout) {
		t.Errorf("what was undone, again, out of one's own reach: %v", err)
	}
}

// TestUndoWhatCameBack: what stands is what an entry made of it, but somebody else's doing.
func TestUndoWhatCameBack(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	cli := f.By(Actor{Name: "root", Via: "cli"})
	const first = 1
	for _, enabled := range []bool{true, false, true} {
		err := cli.SetAccess(ctx, AnyGeneration, access(t, enabled, "192.0.2.0/24", false),
			netip.Addr{}, policy.Admin, false)
		if err != nil {
			f.Fatal(err)
		}
	}
	last := f.lastAudit()
	if err := cli.Undo(ctx, first); !errors.Is(err, ErrCannotUndo) {
		f.Errorf("what another did after it: %v", err)
	}
	for id := last; id >= first; id-- {
		if err := cli.Undo(ctx, id); err != nil {
			f.Errorf("undo %d: %v", id, err)
		}
	}
}
