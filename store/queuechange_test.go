package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

func allowing(t *testing.T, text string) *ListChange {
	return &ListChange{List: policy.Allow, Entry: parse(t, policy.Allow, text)[0]}
}

// state is what people see of the queue, the tickets, the profiles and a list.
func (f *fixture) state() string {
	f.Helper()
	ctx := context.Background()
	var s []string
	for _, m := range all(f, f.ListSuspended(ctx, Query{})) {
		s = append(s, fmt.Sprint("held ", m.ID, " ", m.Author.Email, " ", m.Cause))
	}
	for _, t := range all(f, f.ListTickets(ctx, Query{})) {
		s = append(s, "ticket of "+t.Requester.Email)
	}
	for _, u := range all(f, f.Users(ctx, "")) {
		s = append(s, "profile "+u.Email)
	}
	return strings.Join(append(s, "allowed "+f.text(policy.Allow)), "; ")
}

// Recovering and the change of the list are one entry, and one undo takes back both: the held
// message as it was, no ticket, no profile, no entry on the list.
func TestRecoverWithListChange(t *testing.T) {
	ctx := context.Background()
	f := holding(t, 0)
	_, id := f.receive(mail("eve@shop.test", "Hello", "x"))
	was, before := f.state(), all(t, f.ListSuspended(ctx, Query{}))[0]
	if _, err := f.editor().RecoverWith(ctx, id, allowing(t, "shop.test")); err != nil {
		t.Fatal(err)
	}
	const done = "ticket of eve@shop.test; profile eve@shop.test; allowed shop.test"
	if got := f.state(); got != done {
		t.Fatalf("%s, want %s", got, done)
	}
	const entry = `suspended.recover 1 {"decision_id":"…","author":"eve@shop.test",` +
		`"cause":"not_on_whitelist"} {"ticket":2,"made_profile":true,` +
		`"rules":{"list":"allow","added":["shop.test"],"removed":null}}`
	if got := withoutDecisions(f.audited()); !strings.HasSuffix(got, "\n"+entry) {
		t.Errorf("the log is %s, want %s", got, entry)
	}
	f.clock = f.clock.Add(5 * time.Hour)
	if err := f.editor().Undo(ctx, f.lastAudit()); err != nil {
		t.Fatal(err)
	}
	if got := f.state(); got != was {
		t.Errorf("undone: %s, want %s", got, was)
	}
	after, err := f.Suspended(ctx, id)
	if err != nil || !after.ExpiresAt.Equal(before.ExpiresAt.Add(5*time.Hour)) ||
		!after.CreatedAt.Equal(before.CreatedAt) {
		t.Errorf("%+v, %v; was %+v", after, err, before)
	}
	f.checkBalance("undone", "1 accepted; 0 tickets, 1 held, 0 rejected, 0 deleted, 0 expired")
	if found := all(t, f.ListSuspended(ctx, Query{Search: "hello"})); len(found) != 1 {
		t.Error("it is not found by its subject")
	}
	if _, err := f.editor().RecoverWith(ctx, id, allowing(t, "shop.test")); err != nil {
		t.Errorf("once more: %v", err)
	}
}

// What cannot be done leaves the list as it was, and what cannot be logged is not done.
func TestListChangeGoesWithTheRest(t *testing.T) {
	ctx := context.Background()
	f := holding(t, 0)
	_, id := f.receive(mail("eve@shop.test", "x", "x"))
	was := f.state()
	if _, err := f.editor().RecoverWith(ctx, 99, allowing(t, "shop.test")); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	missing, err := f.editor().DeleteWith(ctx, []int64{id, 99}, allowing(t, "shop.test"))
	if !errors.Is(err, ErrNotFound) || len(missing) != 1 {
		t.Error(missing, err)
	}
	f.refuse("audit")
	if _, err := f.editor().RecoverWith(ctx, id, allowing(t, "shop.test")); err == nil {
		t.Error("recovered, and nothing says so")
	}
	if got := f.state(); got != was {
		t.Errorf("%s, want %s", got, was)
	}
}

// A list that was changed since keeps the undo from taking back half.
func TestUndoOfBothOrNone(t *testing.T) {
	ctx := context.Background()
	f := holding(t, 0)
	f.KeepDeleted(day)
	_, id := f.receive(mail("eve@shop.test", "x", "x"))
	with := &ListChange{List: policy.Block, Entry: parse(t, policy.Block, "shop.test")[0]}
	if _, err := f.editor().DeleteWith(ctx, []int64{id}, with); err != nil {
		t.Fatal(err)
	}
	deleted := f.lastAudit()
	if _, err := f.editor().RemoveRules(ctx, policy.Block, parse(t, policy.Block, "shop.test"), ""); err != nil {
		t.Fatal(err)
	}
	if err := f.editor().Undo(ctx, deleted); !errors.Is(err, ErrCannotUndo) {
		t.Errorf("undone: %v", err)
	}
	if held := all(t, f.ListSuspended(ctx, Query{})); len(held) != 0 {
		t.Error("it is held again")
	}
	if err := f.editor().Undo(ctx, f.lastAudit()); err != nil { // the entry is back
		t.Fatal(err)
	}
	if err := f.editor().Undo(ctx, deleted); !errors.Is(err, ErrCannotUndo) {
		t.Errorf("the entry came back by another change: %v", err)
	}
}

// A profile that has become more than recovering made of it stays.
func TestUndoKeepsProfiles(t *testing.T) {
	ctx := context.Background()
	for name, since := range map[string]func(f *fixture) error{
		"renamed": func(f *fixture) error {
			f.clock = f.clock.Add(time.Second)
			return f.editor().Rename(ctx, address(f.T, "eve@shop.test"), "Eve")
		},
		"wrote again": func(f *fixture) error { f.receive(mail("eve@shop.test", "x", "x")); return nil },
	} {
		f := holding(t, 0)
		_, id := f.receive(mail("eve@shop.test", "x", "x"))
		if _, err := f.editor().Recover(ctx, id); err != nil {
			t.Fatal(err)
		}
		recovered := f.lastAudit()
		if err := errors.Join(since(f), f.editor().Undo(ctx, recovered)); err != nil {
			t.Fatal(err)
		}
		if got := f.state(); !strings.Contains(got, "profile eve@shop.test") ||
			!strings.Contains(got, "held 1 ") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// What is deleted is found in the log by its sender and by its id, and comes back by undo, unless
// it was restored and deleted again by another.
func TestUndoOfDeleting(t *testing.T) {
	ctx := context.Background()
	f := holding(t, 0)
	f.KeepDeleted(day)
	var ids []int64
	for i := range 3 {
		_, id := f.receive(mail(fmt.Sprintf("e%d@shop.test", i), "x", "x"))
		ids = append(ids, id)
	}
	was := f.state()
	if _, err := f.editor().DeleteSuspended(ctx, ids); err != nil {
		t.Fatal(err)
	}
	deleted := f.lastAudit()
	for _, subject := range []string{"e1@shop.test", "E1@Shop.Test", fmt.Sprint(ids[1])} {
		found := all(t, f.AuditLog(ctx, AuditQuery{Subject: subject}))
		if len(found) != 1 || found[0].ID != deleted || found[0].Messages != 3 {
			t.Errorf("%s: %+v", subject, found)
		}
	}
	if err := f.editor().Undo(ctx, deleted); err != nil {
		t.Fatal(err)
	}
	if got := f.state(); got != was {
		t.Errorf("%s, want %s", got, was)
	}
	if err := f.editor().Undo(ctx, deleted); !errors.Is(err, ErrCannotUndo) {
		t.Errorf("twice: %v", err)
	}
	for range 2 {
		if _, err := f.editor().DeleteSuspended(ctx, ids[:1]); err != nil {
			t.Fatal(err)
		}
		if _, err := f.editor().Undelete(ctx, ids[:1]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.editor().DeleteSuspended(ctx, ids[:1]); err != nil {
		t.Fatal(err)
	}
	if err := f.editor().Undo(ctx, f.lastAudit()-2); !errors.Is(err, ErrCannotUndo) {
		t.Errorf("what another entry deleted: %v", err)
	}
}

// All that match are one entry and one undo, however many batches that takes; what came since is
// none of them.
func TestMatching(t *testing.T) {
	ctx := context.Background()
	for _, act := range []func(*Editor, Matching) (Matched, error){
		func(h *Editor, m Matching) (Matched, error) { return h.RecoverMatching(ctx, m) },
		func(h *Editor, m Matching) (Matched, error) { return h.DeleteMatching(ctx, m) },
	} {
		f := holding(t, 0)
		f.KeepDeleted(day)
		const many = 2*purgeBatch + 3
		for i := range many {
			f.receive(mail(fmt.Sprintf("m%d@many.test", i%40), "x", "x"))
		}
		_, other := f.receive(mail("eve@shop.test", "x", "x"))
		was := f.state()
		m, err := f.Matching(ctx, Query{From: "many.test"})
		if err != nil || m.Count != many {
			t.Fatal(m, err)
		}
		_, late := f.receive(mail("m1@many.test", "late", "x"))
		did, err := act(f.editor(), m)
		if err != nil || did.Done != many || did.Left != 0 {
			t.Fatal(did, err)
		}
		held := all(t, f.ListSuspended(ctx, Query{}))
		if len(held) != 2 || held[0].ID != late || held[1].ID != other {
			t.Errorf("held are %v", held)
		}
		e, err := f.AuditEntry(ctx, did.Audit)
		if err != nil || e.Messages != many || did.Audit != f.lastAudit() ||
			string(e.Before) != `{"matching":{"from":"many.test"},"count":403}` {
			t.Errorf("%+v %s, %v", e, e.Before, err)
		}
		if _, err := f.editor().DeleteSuspended(ctx, []int64{late}); err != nil {
			t.Fatal(err)
		}
		if err := f.editor().Undo(ctx, did.Audit); err != nil {
			t.Fatal(err)
		}
		if got := f.state(); got != was {
			t.Errorf("%.300s, want %.300s", got, was)
		}
		if e, err = f.AuditEntry(ctx, f.lastAudit()); err != nil || *e.Undoes != did.Audit ||
			e.Messages != many {
			t.Errorf("%+v, %v", e, err)
		}
	}
}

// More than somebody saw is not touched, and nothing that was damaged is lost.
func TestMatchingIsWhatWasSeen(t *testing.T) {
	ctx := context.Background()
	f := holding(t, 0)
	f.KeepDeleted(day)
	_, first := f.receive(mail("a@many.test", "x", "x"))
	_, second := f.receive(mail("b@many.test", "x", "x"))
	if _, err := f.editor().DeleteSuspended(ctx, []int64{first}); err != nil {
		t.Fatal(err)
	}
	m, err := f.Matching(ctx, Query{From: "many.test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.editor().Undelete(ctx, []int64{first}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.editor().DeleteMatching(ctx, m); !errors.Is(err, ErrMoreMatch) {
		t.Errorf("deleted: %v", err)
	}
	f.damage(`update suspended set author_name = x'ff' where id = 1`)
	m.Count = 2
	did, err := f.editor().RecoverMatching(ctx, m)
	if err != nil || did.Done != 1 || did.Left != 1 {
		t.Errorf("%+v, %v", did, err)
	}
	left := all(t, f.ListSuspended(ctx, Query{}))
	if len(left) != 1 || left[0].ID != first || slices.Contains([]int64{second}, left[0].ID) {
		t.Errorf("held are %v", left)
	}
}
