package store

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shortWaits are for a test that waits for their end.
var shortWaits = waits{connect: time.Second, answer: 1500 * time.Millisecond, patience: time.Second}

// openWaiting opens a database that waits for its server no longer than shortWaits.
func openWaiting(t *testing.T) *fixture {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	db, err := Open(at(t, path), Options{Now: func() time.Time { return noon }, waits: shortWaits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &fixture{T: t, DB: db, path: path, clock: noon}
}

// freeze stops who answers new connections to the server, and all who serve this database. thaw has
// them go on.
func freeze(t *testing.T, f *fixture) (thaw func()) {
	t.Helper()
	var stopped []int
	thaw = func() {
		for _, pid := range stopped {
			_ = syscall.Kill(pid, syscall.SIGCONT) // it may have ended
		}
		stopped = nil
	}
	t.Cleanup(thaw)
	pids := all(t, each(context.Background(), f.DB, scanText, `select pid::text from pg_stat_activity
		where datname = current_database() union all
		select split_part(pg_read_file('postmaster.pid'), chr(10), 1)`))
	for _, text := range pids {
		pid, err := strconv.Atoi(text)
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGSTOP)
		}
		if err != nil {
			thaw()
			t.Fatalf("stop process %s of the server: %v", text, err)
		}
		stopped = append(stopped, pid)
	}
	return thaw
}

// A server that has stopped and says nothing keeps nobody waiting for good, neither who reads nor who
// writes; once it goes on so do they, and each message is there once when its sender has tried again.
func TestServerFrozen(t *testing.T) {
	onServerOnly(t)
	f := openWaiting(t)
	const messages = 3
	window := func(r *Record) { r.Window = Always }
	raw := func(n int) string { return mail("a@acme.test", fmt.Sprint(n), "x") }
	f.receive(raw(0), window)
	var caught []*Record // when the server stops
	for n := range messages {
		r, p, err := f.gather(raw(n), window)
		if err == nil {
			err = f.decide(p, r)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer r.Content.Close()
		caught = append(caught, r)
	}
	thaw := freeze(t, f)
	if _, err := f.Profile(address(t, "a@acme.test")); !isPassing(err) {
		t.Errorf("who reads has %v", err)
	}
	for n, r := range caught {
		if _, err := f.Commit(context.Background(), r); err == nil {
			t.Errorf("message %d is taken by a server that has stopped", n)
		}
	}
	thaw()
	for n := range messages {
		_, _, err := f.tryReceive(raw(n), window)
		for tries := 0; err != nil && tries < 20; tries++ {
			_, _, err = f.tryReceive(raw(n), window)
		}
		if err != nil {
			t.Errorf("message %d: %v", n, err)
		}
	}
	subjects := map[string]int{}
	for _, ticket := range all(t, f.ListTickets(context.Background(), Query{})) {
		subjects[ticket.Subject]++
	}
	for n := range messages {
		if got := subjects[fmt.Sprint(n)]; got != 1 {
			t.Errorf("message %d is there %d times", n, got)
		}
	}
}

// A query that takes long is no sign of a server that has stopped, nor is a transaction that writes
// much.
func TestServerSlow(t *testing.T) {
	onServerOnly(t)
	f := openWaiting(t)
	_, err := f.read.Exec(fmt.Sprintf("select pg_sleep(%v)", 2*shortWaits.answer.Seconds()))
	if err != nil {
		t.Errorf("who reads: %v", err)
	}
	raw := mail("a@acme.test", "large", strings.Repeat("0123456789abcdef", contentPiece/16*5))
	_, id := f.receive(raw)
	content, err := f.Raw(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(content); err != nil || string(got) != raw {
		t.Errorf("%d octets of %d, %v", len(got), len(raw), err)
	}
}

// Who has stopped in the middle of a transaction keeps the others from writing for two seconds alone.
func TestTurnOfTheStopped(t *testing.T) {
	onServerOnly(t)
	f := open(t)
	stopped, err := Open(at(t, f.path), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer stopped.Close()
	other := &tx{w: stopped.writer}
	if err := stopped.engine.begin(other); err != nil {
		t.Fatal(err)
	}
	f.receive(mail("a@acme.test", "after", "x"))
	if err := stopped.engine.commit(other); !isPassing(err) {
		t.Errorf("what was not ended in time: %v", err)
	}
}
