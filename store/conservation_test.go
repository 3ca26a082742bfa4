package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gatepost/policy"
)

// What was accepted is what there is and what was taken out, whatever happens to it; each total
// moves with what it counts.
func TestConservation(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "held.test", "reject:spam.test")
	f.checkBalance("empty", "0 accepted; 0 tickets, 0 held, 0 rejected, 0 deleted, 0 expired")
	for i := range 3 {
		f.receive(mail(fmt.Sprintf("a%d@acme.test", i), "ticket", "x"))
		f.receive(mail("b@held.test", "held", strings.Repeat("x", 2*inline*i)))
		f.receive(mail("c@spam.test", "rejected", "x"))
	}
	f.receive(mail("b@held.test", "held", "expires"))
	f.checkBalance("received", "10 accepted; 3 tickets, 4 held, 3 rejected, 0 deleted, 0 expired")
	held := all(t, f.ListSuspended(ctx, Query{}))
	if _, err := f.editor().Recover(ctx, held[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.editor().Recover(ctx, held[0].ID); !errors.Is(err, ErrRecovered) {
		t.Fatal(err)
	}
	f.checkBalance("recovered twice",
		"10 accepted; 4 tickets, 3 held, 3 rejected, 0 deleted, 0 expired")
	if _, err := f.editor().DeleteSuspended(ctx, []int64{held[1].ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.editor().DeleteSuspended(ctx, []int64{held[2].ID, 99}); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	f.checkBalance("deleted one", "10 accepted; 4 tickets, 2 held, 3 rejected, 1 deleted, 0 expired")
	f.clock = f.clock.AddDate(0, 1, 0)
	for range 3 { // the first run only begins to believe the clock, and each takes one of two
		if _, err := f.Purge(ctx, Expiry{}); err != nil {
			t.Fatal(err)
		}
		f.clock = f.clock.AddDate(0, 0, 1)
	}
	f.checkBalance("expired", "10 accepted; 4 tickets, 0 held, 3 rejected, 1 deleted, 2 expired")
}

func (f *fixture) checkBalance(when, want string) {
	f.Helper()
	b, err := f.Balance(context.Background())
	if err != nil || b.String() != want || b.Difference() != 0 {
		f.Errorf("%s: %s: %d, %v; want %s", when, b, b.Difference(), err, want)
	}
}

// What goes by another way than ours is missed, and what comes so is seen.
func TestDifference(t *testing.T) {
	for change, want := range map[string]int64{
		"delete from suspended":                             2,
		"delete from tickets":                               1,
		"update meta set value = 0 where name = 'accepted'": -3,
	} {
		f := open(t)
		f.rules(policy.Block, "held.test")
		f.receive(mail("a@acme.test", "x", "x"))
		f.receive(mail("b@held.test", "x", "x"))
		f.receive(mail("b@held.test", "x", "x"))
		f.damage(change)
		if b, err := f.Balance(context.Background()); err != nil || b.Difference() != want {
			t.Errorf("%s: %d, %v; want %d", change, b.Difference(), err, want)
		}
	}
}
