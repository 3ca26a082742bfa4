package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

// kept are the ids of the messages whose facts are kept, and their senders, the newest first.
func (f *fixture) kept(since time.Time, limit int) string {
	f.Helper()
	var all []string
	for k, err := range f.KeptFacts(context.Background(), since, limit) {
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, fmt.Sprint(k.ID, " ", k.Facts.Sender.Address))
	}
	return strings.Join(all, ", ")
}

// Facts are kept of what is kept, and of nothing that is rejected; those of what is gone as long
// as it is known what became of it.
func TestKeptFacts(t *testing.T) {
	f := open(t)
	f.KeepTombstones(5 * day)
	_, ticket := f.receive(mail("ann@acme.test", "one", "x"))
	f.rules(policy.Block, "bob@acme.test cid@acme.test reject:spam.test")
	_, deleted := f.receive(mail("bob@acme.test", "two", "x"))
	f.receive(mail("eve@spam.test", "three", "x"))
	_, expired := f.receive(mail("cid@acme.test", "four", "x"))
	all := fmt.Sprintf("%d cid@acme.test, %d bob@acme.test, %d ann@acme.test", expired, deleted, ticket)
	wants := func(when, want string) {
		t.Helper()
		if got := f.kept(time.Time{}, 0); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	wants("before", all)
	if got := f.kept(time.Time{}, 1); got != fmt.Sprint(expired, " cid@acme.test") {
		t.Errorf("the last one: %q", got)
	}
	if got := f.kept(noon.Add(time.Hour), 0); got != "" {
		t.Errorf("since an hour later: %q", got)
	}
	f.delete(deleted)
	wants("deleted", all)
	f.pass(noon.Add(4 * day))
	wants("four days later", all)
	f.pass(noon.Add(15 * day))
	wants("expired", fmt.Sprintf("%d cid@acme.test, %d ann@acme.test", expired, ticket))
	f.pass(noon.Add(30 * day))
	wants("forgotten", fmt.Sprint(ticket, " ann@acme.test"))
}

// Where it is not kept what became of a message, nothing is kept of it.
func TestNoFactsWithoutTombstones(t *testing.T) {
	for _, undelete := range []time.Duration{0, day} {
		f := open(t)
		f.KeepDeleted(undelete)
		f.rules(policy.Block, "*")
		_, id := f.receive(mail("bob@acme.test", "two", "x"))
		f.receive(mail("cid@acme.test", "three", "x"))
		f.delete(id)
		f.pass(noon.Add(3 * day))
		if got := f.kept(time.Time{}, 0); got != "2 cid@acme.test" {
			t.Errorf("with %v to undelete: deleted, %q", undelete, got)
		}
		f.pass(noon.Add(30 * day))
		if got := f.kept(time.Time{}, 0); got != "" {
			t.Errorf("with %v to undelete: expired, %q", undelete, got)
		}
	}
}

// What was stored by an older layout has no facts: it is named while it is there, and counted
// once it is gone.
func TestFactless(t *testing.T) {
	f := open(t)
	f.KeepTombstones(90 * day)
	f.rules(policy.Block, "*")
	f.receive(mail("ann@acme.test", "one", "x"))
	_, gone := f.receive(mail("bob@acme.test", "two", "x"))
	f.script(`delete from facts; update meta set value = 2 where name = 'facts_from'`)
	f.receive(mail("cid@acme.test", "three", "x"))
	f.delete(gone)
	var ids []int64
	for id, err := range f.Factless(context.Background(), time.Time{}, 0) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if fmt.Sprint(ids) != "[1]" {
		t.Errorf("without facts: %v", ids)
	}
	n, err := f.GoneFactless(context.Background(), time.Time{})
	if err != nil || n != 1 {
		t.Errorf("gone without facts: %d, %v", n, err)
	}
}
