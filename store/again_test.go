package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/policy"
)

// again has a message be one with the same before it.
func again(changes ...variation) variation {
	return func(r *Record) {
		r.Window = 24 * time.Hour
		for _, c := range changes {
			c(r)
		}
	}
}

func to(recipients ...string) variation {
	return func(r *Record) { r.Envelope.Recipients = recipients }
}

func reversePath(path string) variation {
	return func(r *Record) { r.Envelope.MailFrom, r.Envelope.NullPath = path, path == "" }
}

// stays receives a message and wants it to be the one with that id; 0 for one of its own.
func (f *fixture) stays(what string, first int64, raw string, changes ...variation) (
	*Record, int64) {
	f.Helper()
	r, id := f.receive(raw, again(changes...))
	if is := r.First != ""; is != (first != 0) || is && id != first {
		f.Errorf("%s: message %d, the same as %q; want it to be %d", what, id, r.First, first)
	}
	return r, id
}

// TestAgain has what makes a message another, and what does not.
func TestAgain(t *testing.T) {
	f := open(t)
	f.rules(policy.Block, "held.test")
	for _, c := range []struct{ kind, raw string }{
		{"ticket", mail("ann@acme.test", "one", "text")},
		{"held", mail("bob@held.test", "two", "text")},
		{"large", mail("bob@held.test", "three", strings.Repeat("x", 2*inline))},
		{"large ticket", mail("ann@acme.test", "four", strings.Repeat("x", 2*inline))},
	} {
		r, id := f.stays(c.kind, 0, c.raw)
		again, _ := f.stays(c.kind+" again", id, c.raw)
		if again.First != r.ID {
			t.Errorf("%s: the same as %s, want %s", c.kind, again.First, r.ID)
		}
		f.stays(c.kind+" for another", id, c.raw, to("sales@acme.test"))
		f.stays(c.kind+" of another client", id, c.raw, from(netip.MustParseAddr("192.0.2.9")))
		f.stays(c.kind+" of another reverse-path", 0, c.raw, reversePath("x@mail.test"))
		f.stays(c.kind+" of the null reverse-path", 0, c.raw, reversePath(""))
		f.stays(c.kind+" with another text", 0, c.raw+"more\r\n")
		f.stays(c.kind+" by another relay", 0, "Received: from a.test by b.test; now\r\n"+c.raw)
		f.stays(c.kind+" where that is off", 0, c.raw, func(r *Record) { r.Window = 0 })
	}
	nameless := "From: ann@acme.test\r\n\r\nThe door is open.\r\n"
	f.stays("nameless", 0, nameless)
	f.stays("nameless again", 0, nameless)
	_, id := f.receive(nameless, func(r *Record) { r.Window = time.Second })
	f.stays("nameless, of a file", id, nameless, func(r *Record) { r.Window = Always })
	f.checkBalance("received", "40 accepted; 15 tickets, 12 held, 0 rejected, 0 deleted, 0 expired, "+
		"13 sent again")
	if n := len(f.contents()); n != 12 {
		t.Errorf("%d contents are kept", n)
	}
	if s, err := f.Status(context.Background()); err != nil || s.Day["duplicate"] != 13 ||
		s.Day["ticket"]+s.Day["suspend"] != 27 {
		t.Errorf("%v, %v", s.Day, err)
	}
}

// TestAgainLater has the window begin with the first.
func TestAgainLater(t *testing.T) {
	f := open(t)
	raw := mail("ann@acme.test", "one", "text")
	_, id := f.stays("first", 0, raw)
	f.clock = noon.Add(24 * time.Hour)
	f.stays("a day later", id, raw)
	f.clock = noon.Add(24*time.Hour + time.Millisecond)
	f.stays("of a file", id, raw, func(r *Record) { r.Window = Always })
	_, later := f.stays("beyond a day", 0, raw)
	f.clock = noon.Add(26 * time.Hour)
	f.stays("after that one", later, raw)
	f.clock = noon.Add(-24 * time.Hour) // and it is set right
	f.stays("before the first", id, raw)
}

// TestAgainByIndex has no message be looked for through all of them, nor through any number of
// its like.
func TestAgainByIndex(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	for query, args := range map[string]int{alikeQuery: 2, firstQuery: 10} {
		plan, err := f.read.QueryContext(ctx, "explain query plan "+sqlite{}.text(query),
			make([]any, args)...)
		if err != nil {
			t.Fatal(err)
		}
		for plan.Next() {
			var id, parent, unused int
			var detail string
			if err := plan.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(detail, "SCAN") {
				t.Errorf("%s: %s", query, detail)
			}
		}
		if err := plan.Close(); err != nil {
			t.Error(err)
		}
	}
	raw := mail("ann@acme.test", "one", "text")
	for n := range mostAlike {
		f.stays("of another reverse-path", 0, raw, reversePath(fmt.Sprintf("r%d@mail.test", n)))
	}
	_, id := f.stays("of one more", 0, raw, reversePath("last@mail.test"))
	f.stays("which is not looked at", 0, raw, reversePath("r0@mail.test"))
	f.stays("which is", id, raw, reversePath("last@mail.test"))
}

// TestAgainDated has the index be in the order of the Date, and a message of an older layout, of
// which that was not kept, be found all the same.
func TestAgainDated(t *testing.T) {
	f := open(t)
	raw := "Date: Sun, 29 Nov 2026 12:00:00 +0000\r\n" + mail("ann@acme.test", "one", "text")
	_, id := f.stays("first", 0, raw)
	var dated int64
	if err := f.read.QueryRow("select dated from messages").Scan(&dated); err != nil ||
		dated != time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC).Unix() {
		t.Errorf("dated %d, %v", dated, err)
	}
	f.stays("again", id, raw)
	if _, err := f.writer.conn.ExecContext(t.Context(), "update messages set dated = 0"); err != nil {
		t.Fatal(err)
	}
	f.stays("after an upgrade", id, raw)
}

// TestAgainFate has a message stay one with the first only while that is there, and not be
// held with it where it would be let in.
func TestAgainFate(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.KeepDeleted(time.Hour)
	f.rules(policy.Block, "held.test")
	recovered, deleted, expired := mail("a@held.test", "1", ""), mail("a@held.test", "2", ""),
		mail("a@held.test", "3", strings.Repeat("x", 2*inline))
	_, id := f.stays("held", 0, recovered)
	if _, err := f.editor().Recover(ctx, id); err != nil {
		t.Fatal(err)
	}
	f.stays("recovered", id, recovered)

	_, id = f.stays("held", 0, deleted)
	if _, err := f.editor().DeleteSuspended(ctx, []int64{id}); err != nil {
		t.Fatal(err)
	}
	_, next := f.stays("deleted", 0, deleted)
	if _, err := f.editor().Undelete(ctx, []int64{id}); err != nil {
		t.Fatal(err)
	}
	f.stays("deleted and restored", next, deleted)

	r, id := f.stays("held", 0, expired)
	f.stays("whose file is there", id, expired)
	if err := os.Truncate(f.contentPath(r.ID), inline); err != nil {
		t.Fatal(err)
	}
	_, next = f.stays("whose file is cut", 0, expired)
	f.stays("whose file is whole", next, expired)
	f.damage(fmt.Sprintf("delete from suspended where id in (%d, %d)", id, next))
	f.stays("that nothing lists", 0, expired)

	small := mail("a@held.test", "4", "text")
	_, id = f.stays("held", 0, small)
	f.damage(fmt.Sprintf("update messages set raw = x'%x' where id = %d",
		bytes.Repeat([]byte("y"), len(small)), id))
	_, id = f.stays("whose octets have changed", 0, small)
	f.damage(fmt.Sprintf("update messages set recipients = 'x' where id = %d", id))
	f.stays("whose row is damaged", 0, small)

	f.rules(policy.Allow, "a@held.test")
	hand := f.editor()
	entries, err := policy.ParseList(policy.Block, "held.test")
	if err == nil {
		_, err = hand.RemoveRules(ctx, policy.Block, entries, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	_, id = f.stays("that is let in now", 0, small)
	f.rules(policy.Block, "suspend:a@held.test")
	f.stays("let in, and held now", id, small)
	f.rules(policy.Block, "reject:b@held.test")
	for range 2 {
		f.stays("rejected", 0, mail("b@held.test", "5", "text"))
	}
	if b, err := f.Balance(ctx); err != nil || b.Rejected != 2 {
		t.Errorf("%s, %v", b, err)
	}
}

// TestAgainMerged has the recipients of each copy be told with the message.
func TestAgainMerged(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "held.test")
	raw := mail("a@held.test", "one", "text")
	r, id := f.stays("held", 0, raw, to("a@acme.test"))
	queue := f.queueMoves()
	f.stays("again", id, raw, to("A@acme.test"))
	if f.queueMoves() != queue {
		t.Error("the queue has changed, though nothing did")
	}
	f.stays("split", id, raw, to("b@acme.test", "a@acme.test", "c@acme.test", "b@acme.test"))
	if f.queueMoves() == queue {
		t.Error("nobody is told of further recipients")
	}
	s, err := f.Suspended(ctx, id)
	if want := []string{"a@acme.test", "b@acme.test", "c@acme.test"}; err != nil ||
		!slices.Equal(s.Recipients, want) || s.Recipient != "a@acme.test" {
		t.Errorf("%q of %q, %v", s.Recipients, s.Recipient, err)
	}
	e, err := f.Explain(ctx, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := policy.Fact{Name: "sent again",
		Value: "at 2026-03-01T12:00:00Z from 192.0.2.1, to b@acme.test, c@acme.test"}
	if n := len(e.Facts); n < 2 || e.Facts[n-1] != want || e.Facts[n-2].Name == want.Name {
		t.Errorf("%+v", e.Facts)
	}
	for n := range mostMerged/100 - 1 {
		f.stays("many", id, raw, to(hundred(n)...))
	}
	_, next := f.stays("too many", 0, raw, to(hundred(mostMerged)...))
	f.stays("and those once more", next, raw, to(hundred(mostMerged)...))
}

func hundred(n int) (recipients []string) {
	for i := range 100 {
		recipients = append(recipients, fmt.Sprintf("r%d-%d@acme.test", n, i))
	}
	return recipients
}

func (f *fixture) queueMoves() (n int64) {
	f.Helper()
	if err := f.read.QueryRow(`select value from meta where name = 'queue'`).Scan(&n); err != nil {
		f.Fatal(err)
	}
	return n
}

// TestAgainAtOnce has copies come at once: into one transaction, and from other processes. One
// is stored.
func TestAgainAtOnce(t *testing.T) {
	const copies, others = 20, 2
	f := openWith(t, t.TempDir()+"/gatepost.db", policy.Settings{PerHour: 3})
	gate := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() { // holds the writer until the rest has gathered behind it
		_ = f.writer.do(context.Background(), func(*tx) error { <-gate; return nil })
	})
	raw := mail("a@acme.test", "one", strings.Repeat("x", 2*inline))
	ids := make([]int64, copies)
	for i := range copies {
		wait.Go(func() {
			var err error
			if _, ids[i], err = f.tryReceive(raw, again(to(fmt.Sprintf("r%d@acme.test", i)))); err != nil {
				t.Error(err)
			}
		})
	}
	for o := range others {
		wait.Go(func() {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "GATEPOST_TEST_AGAIN="+at(t, f.path),
				fmt.Sprintf("GATEPOST_TEST_NAME=other%d", o))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("other process %d: %v: %s", o, err, out)
			}
		})
	}
	close(gate)
	wait.Wait()
	f.checkBalance("at once", fmt.Sprintf("%d accepted; 1 tickets, 0 held, 0 rejected, 0 deleted, "+
		"0 expired, %d sent again", copies+others*changesEach, copies+others*changesEach-1))
	ticket := all(t, f.ListTickets(context.Background(), Query{}))[0]
	if len(ticket.Recipients) != copies+others || slices.ContainsFunc(ids, func(id int64) bool {
		return id != ticket.ID
	}) {
		t.Errorf("ticket %d for %q; sent as %d", ticket.ID, ticket.Recipients, ids)
	}
	if n := f.stored(); n != 1 {
		t.Errorf("%d are counted of the sender", n)
	}
	if n := len(f.contents()); n != 1 {
		t.Errorf("%d contents are kept", n)
	}
}

// sendAgain is another process of TestAgainAtOnce.
func sendAgain(path, name string) error {
	for range changesEach {
		db, err := Open(path, Options{Settings: policy.Settings{PerHour: 3}})
		if err != nil {
			return err
		}
		f := &fixture{DB: db, clock: noon}
		_, _, err = f.tryReceive(mail("a@acme.test", "one", strings.Repeat("x", 2*inline)),
			again(to(name+"@acme.test")))
		if err := errors.Join(err, db.Close()); err != nil {
			return err
		}
	}
	return nil
}

// TestAgainOverTheLimit has what was stored be acknowledged, though its sender may send no
// more.
func TestAgainOverTheLimit(t *testing.T) {
	f := openWith(t, t.TempDir()+"/gatepost.db", policy.Settings{PerHour: 1})
	raw := mail("a@acme.test", "one", "text")
	_, id := f.stays("first", 0, raw)
	f.stays("again, which counts for nothing", id, raw)
	f.stays("second, held", 0, mail("a@acme.test", "two", "text"))
	r, p, err := f.gather(raw, again(to("b@acme.test")))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Content.Close()
	if err := f.decide(p, r); err != nil || r.Decision.Action != policy.Defer {
		t.Fatalf("%v, %v", r.Decision.Action, err)
	}
	if there, err := f.Again(context.Background(), r); !there || err != nil || r.First == "" {
		t.Errorf("%v, %v", there, err)
	}
	r.Envelope.MailFrom = "other@mail.test"
	if there, err := f.Again(context.Background(), r); there || err != nil || r.First != "" {
		t.Errorf("another: %v, %v", there, err)
	}
	f.checkBalance("over the limit", "4 accepted; 1 tickets, 1 held, 0 rejected, 0 deleted, "+
		"0 expired, 2 sent again")
}
