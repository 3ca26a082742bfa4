package store

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What is deleted is out of the queue, and comes back as it was until a day has passed.
func TestUndelete(t *testing.T) {
	ctx := context.Background()
	f := holding(t, 0)
	f.KeepDeleted(day)
	_, small := f.receive(mail("a@acme.test", "small", "x"))
	_, large := f.receive(mail("a@acme.test", "large", strings.Repeat("x", 2*inline)))
	was, err := f.Suspended(ctx, large)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.editor().DeleteSuspended(ctx, []int64{small, large}); err != nil {
		t.Fatal(err)
	}
	if held := all(t, f.ListSuspended(ctx, Query{})); len(held) != 0 {
		t.Errorf("still held: %v", held)
	}
	if _, err := f.Raw(ctx, large); !errors.Is(err, ErrNotFound) {
		t.Errorf("its content can be read: %v", err)
	}
	f.checkBalance("deleted", "2 accepted; 0 tickets, 0 held, 0 rejected, 0 deleted, 0 expired, "+
		"2 deleted and to be restored for a while")
	if stray := all(t, f.Stray(ctx)); len(stray) != 0 {
		t.Errorf("stray: %v", stray)
	}
	f.clock = f.clock.Add(23 * time.Hour)
	f.purge(Expiry{})
	missing, err := f.editor().Undelete(ctx, []int64{large, 99})
	if !errors.Is(err, ErrNotFound) || len(missing) != 1 || missing[0] != 99 {
		t.Errorf("%v, %v", missing, err)
	}
	if _, err := f.editor().Undelete(ctx, []int64{large}); err != nil {
		t.Fatal(err)
	}
	is, err := f.Suspended(ctx, large)
	if err != nil || !is.ExpiresAt.Equal(was.ExpiresAt) || is.DecisionID != was.DecisionID {
		t.Errorf("%+v, %v; was %+v", is, err, was)
	}
	raw, err := f.Raw(ctx, large)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(raw)
	if err = errors.Join(err, raw.Close()); err != nil || len(text) < 2*inline {
		t.Errorf("%d octets, %v", len(text), err)
	}
	f.checkBalance("restored", "2 accepted; 0 tickets, 1 held, 0 rejected, 0 deleted, 0 expired, "+
		"1 deleted and to be restored for a while")
}

// After the window it is gone for good with its content, and the audit log says so.
func TestDeletedForGood(t *testing.T) {
	ctx := context.Background()
	f := holding(t, 0)
	f.KeepDeleted(day)
	_, id := f.receive(mail("a@acme.test", "large", strings.Repeat("x", 2*inline)))
	if _, err := f.editor().DeleteSuspended(ctx, []int64{id}); err != nil {
		t.Fatal(err)
	}
	f.again(noon.Add(5 * day)) // a clock that jumped is not believed yet
	f.KeepDeleted(day)
	f.purge(Expiry{By: Server()})
	if files := f.contents(); len(files) != 1 {
		t.Errorf("the clock jumped: %v", files)
	}
	f.clock = f.clock.Add(day)
	f.purge(Expiry{By: Server()})
	if _, err := f.editor().Undelete(ctx, []int64{id}); !errors.Is(err, ErrNotFound) {
		t.Errorf("restored: %v", err)
	}
	if files := f.contents(); len(files) != 0 {
		t.Errorf("left: %v", files)
	}
	f.checkBalance("gone", "1 accepted; 0 tickets, 0 held, 0 rejected, 1 deleted, 0 expired")
	const want = `suspended.purge  null {"count":1,"unseen":0,"causes":{"not_on_whitelist":1}}`
	if got := f.audited(); !strings.HasSuffix(got, want) {
		t.Errorf("the log is %s", got)
	}
}

// contents are what is too large for its row.
func (f *fixture) contents() (names []string) {
	f.Helper()
	if f.isPostgres() {
		return all(f.T, each(context.Background(), f.DB, scanText,
			`select distinct decision_id from contents`))
	}
	names, err := filepath.Glob(filepath.Join(f.Dir(), "*.eml"))
	if err != nil {
		f.Fatal(err)
	}
	return names
}

// Where nothing is to be restored it is gone at once.
func TestDeletedAtOnce(t *testing.T) {
	ctx := context.Background()
	f := holding(t, 0)
	_, id := f.receive(mail("a@acme.test", "large", strings.Repeat("x", 2*inline)))
	if _, err := f.editor().DeleteSuspended(ctx, []int64{id}); err != nil {
		t.Fatal(err)
	}
	if files := f.contents(); len(files) != 0 {
		t.Errorf("left: %v", files)
	}
	f.checkBalance("deleted", "1 accepted; 0 tickets, 0 held, 0 rejected, 1 deleted, 0 expired")
}

// What would have expired while it was deleted can be restored as long as anything else, and is
// held for a day from then.
func TestUndeleteWhatExpiredMeanwhile(t *testing.T) {
	ctx := context.Background()
	f := holding(t, 0)
	f.KeepDeleted(day)
	_, id := f.receive(mail("a@acme.test", "late", "x"))
	was, err := f.Suspended(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	f.pass(was.ExpiresAt.Add(-time.Hour))
	if _, err := f.editor().DeleteSuspended(ctx, []int64{id}); err != nil {
		t.Fatal(err)
	}
	f.pass(was.ExpiresAt.Add(22 * time.Hour))
	if _, err := f.editor().Undelete(ctx, []int64{id}); err != nil {
		t.Fatal(err)
	}
	f.pass(f.clock.Add(23 * time.Hour))
	if _, err := f.Suspended(ctx, id); err != nil {
		t.Errorf("23 hours after it was restored: %v", err)
	}
	f.pass(f.clock.Add(2 * time.Hour))
	if _, err := f.Suspended(ctx, id); !errors.Is(err, ErrNotFound) {
		t.Errorf("25 hours after it was restored: %v", err)
	}
	f.checkBalance("expired", "1 accepted; 0 tickets, 0 held, 0 rejected, 0 deleted, 1 expired")
}

// pass lets the time pass, with a look at the clock each hour as a server has each minute.
func (f *fixture) pass(until time.Time) {
	f.Helper()
	for f.clock.Before(until) {
		f.clock = f.clock.Add(min(time.Hour, until.Sub(f.clock)))
		f.purge(Expiry{})
	}
}

// A row that is damaged while it is deleted is held again as it stands, and shown as that; one
// that cannot be is named, and nothing is restored.
func TestUndeleteADamagedRow(t *testing.T) {
	for column, change := range map[string]string{
		"expires_at":   `update deleted set expires_at = x'ff' where id = 2`,
		"created_at":   `update deleted set created_at = 'noon' where id = 2`,
		"author_email": `update deleted set author_email = x'ff00' where id = 2`,
		"subject":      `update deleted set subject = x'ff00' where id = 2`,
		"decision_id":  `delete from messages where id = 2`,
	} {
		t.Run(column, func(t *testing.T) {
			ctx := context.Background()
			f := deletedThree(t)
			f.damage(change)
			if _, err := f.editor().Undelete(ctx, []int64{1, 2, 3}); err != nil {
				t.Fatal(err)
			}
			f.again(f.clock.Add(time.Hour))
			if p := f.purge(Expiry{}); p.Deleted != 0 {
				t.Errorf("expired at once: %+v", p)
			}
			s, err := f.Suspended(ctx, 2)
			if err != nil || !strings.Contains(s.Damaged.String(), column) {
				t.Errorf("damaged are %q, %v", s.Damaged, err)
			}
			if got := f.audited(); !strings.HasSuffix(got, `suspended.undelete  null {"count":3}`) {
				t.Errorf("the log is %s", got)
			}
		})
	}
}

func deletedThree(t *testing.T) *fixture {
	t.Helper()
	f := holding(t, 3)
	f.KeepDeleted(day)
	if _, err := f.editor().DeleteSuspended(context.Background(), []int64{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	return f
}

// What the queue has already is named as it is, and nothing is restored.
func TestUndeleteWhatCannotBe(t *testing.T) {
	ctx := context.Background()
	f := deletedThree(t)
	f.damage(`insert into suspended (` + heldColumns + `)
		select ` + heldColumns + ` from deleted where id = 2`)
	_, err := f.editor().Undelete(ctx, []int64{1, 2, 3})
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "message 2: its row is damaged") {
		t.Errorf("%v", err)
	}
	if _, err := f.Suspended(ctx, 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("restored all the same: %v", err)
	}
}
