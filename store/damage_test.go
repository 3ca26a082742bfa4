package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"gatepost/policy"
)

// damages are what can become of one of the two rows of a held message, the second of three, and
// whether it can be recovered all the same.
var damages = []struct {
	name, column, change string
	recovers             bool
}{
	{"no JSON", "reply_to", `update messages set reply_to = 'oops{' where id = 2`, true},
	{"JSON of another type", "recipients", `update messages set recipients = '{"a":1}' where id = 2`, true},
	{"octets", "subject", `update suspended set subject = x'ff00fe' where id = 2`, false},
	{"no text", "author_name", `update suspended set author_name = cast(x'fffe' as text) where id = 2`, false},
	{"octets in half of it", "why", `update messages set why = x'07' where id = 2`, true},
	{"a text", "created_at", `update suspended set created_at = 'noon' where id = 2`, true},
	{"a text that expires", "expires_at", `update suspended set expires_at = x'00' where id = 2`, true},
	{"a size", "size", `update messages set size = 'large' where id = 2`, true},
	{"a claim", "", `update messages set claimed = 'maybe' where id = 2`, false},
	{"its reasons", "", `update messages set reasons = '{{{' where id = 2`, true},
	{"its proof", "", `update messages set proof = '{{{' where id = 2`, true},
	{"its client", "", `update messages set client = 'nobody' where id = 2`, true},
	{"half of it gone", "decision_id", `delete from messages where id = 2`, false},
	{"its name", "decision_id", `update messages set decision_id = x'01' where id = 2`, false},
}

// A row that cannot be read is listed as damaged, in every order, and hides no other; the
// others are shown, recovered, expire and are deleted as ever.
func TestDamagedRow(t *testing.T) {
	ctx := context.Background()
	for _, c := range damages {
		t.Run(c.name, func(t *testing.T) {
			f := open(t)
			f.rules(policy.Block, "*")
			for _, subject := range []string{"one", "two", "three"} {
				f.receive(mail("a@acme.test", subject, "hello"))
			}
			f.damage(c.change)
			var listed []int64
			for s, err := range f.ListSuspended(ctx, Query{}) {
				if err != nil {
					t.Fatal(err)
				}
				listed = append(listed, s.ID)
				f.checkDamage(s, c.column)
			}
			if !slices.Equal(listed, []int64{3, 2, 1}) {
				t.Errorf("listed: %v", listed)
			}
			for _, sort := range orders {
				all := f.walkForward(Query{Sort: sort}, PageRequest{Size: 1}, nothing)
				if slices.Sort(all); !slices.Equal(all, []int64{1, 2, 3}) {
					t.Errorf("by %s: %v", sort, all)
				}
			}
			done, err := f.editor().RecoverMany(ctx, []int64{1, 2, 3})
			if c.recovers != (err == nil) || len(done) < 2 {
				t.Errorf("recovered %d, %v", len(done), err)
			}
			if !c.recovers && !errors.Is(err, ErrDamaged) {
				t.Errorf("%v, want that it is damaged", err)
			}
			f.clock = f.clock.AddDate(1, 0, 0)
			if _, err := f.Purge(ctx, Expiry{}); err != nil {
				t.Error(err)
			}
			for tk, err := range f.ListTickets(ctx, Query{}) {
				if err != nil {
					t.Errorf("ticket %d: %v", tk.ID, err)
				}
			}
		})
	}
}

func (f *fixture) checkDamage(s Suspended, column string) {
	f.Helper()
	want := ""
	if s.ID == 2 {
		want = column
	}
	if got := s.Damaged.String(); got != want && !strings.Contains(got, column) {
		f.Errorf("message %d is damaged in %q, want %q", s.ID, got, want)
	}
	if s.ID != 2 && (s.Damaged != nil || s.Subject == "") {
		f.Errorf("message %d: %+v", s.ID, s)
	}
}

// damage changes the database behind our back.
func (f *fixture) damage(change string) {
	f.Helper()
	if f.isPostgres() {
		onDatabase(f.T, f.path, change)
		return
	}
	db, err := openSQLite(f.path, writing)
	if err == nil {
		_, err = db.Exec("pragma foreign_keys = off; " + change)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		f.Fatal(err)
	}
}

// A content that is missing costs the message only.
func TestContentOfOneMissing(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "*")
	r, _ := f.receive(mail("a@acme.test", "big", strings.Repeat("x", 2*inline)))
	f.receive(mail("a@acme.test", "small", "x"))
	f.loseContent(r.ID)
	done, err := f.editor().RecoverMany(ctx, []int64{1, 2})
	if len(done) != 1 || !errors.Is(err, ErrContentGone) {
		t.Errorf("recovered %d, %v", len(done), err)
	}
}
