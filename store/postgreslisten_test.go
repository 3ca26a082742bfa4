package store

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gatepost/policy"
)

// hears waits until a node was told that people are to look, after something was done.
func (f *fixture) hears(what string, do func()) {
	f.Helper()
	changed := f.Changed()
	do()
	select {
	case <-changed:
	case <-time.After(time.Minute):
		f.Fatalf("%s: it was not told", what)
	}
}

// What one node or a command changes another is told, also once its connection was broken.
func TestListen(t *testing.T) {
	onServerOnly(t)
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "gatepost.db")
	one, _ := node(t, path, "mx1")
	two, _ := node(t, path, "mx2")
	one.rules(policy.Block, "held.test")
	one.receive(mail("ann@acme.test", "a ticket, which makes a profile", "x"))
	token := one.session(address(t, "ann@acme.test"))
	two.hears("a held message", func() { one.receive(mail("a@held.test", "1", "x")) })
	two.hears("the end of a session", func() {
		if err := one.EndSession(ctx, token); err != nil {
			t.Error(err)
		}
	})
	if _, err := two.Session(ctx, token); err == nil {
		t.Error("a session that was ended on another node lets in")
	}
	two.hears("a connection that broke", func() {
		two.nodeRows(`select pg_terminate_backend(pid) from pg_stat_activity
			where datname = current_database() and query in ('listen gatepost', 'select 1')`)
	})
	two.hears("a held message after that", func() { one.receive(mail("a@held.test", "2", "x")) })
}

// The next message of a node is judged by what another has changed of the lists, whether or not it was
// told; and what was received on both counts for the sender's rate.
func TestNodesJudgeAlike(t *testing.T) {
	onServerOnly(t)
	path := filepath.Join(t.TempDir(), "gatepost.db")
	one, _ := node(t, path, "mx1")
	two, _ := node(t, path, "mx2")
	action := func(f *fixture, from string) policy.Action {
		r, _ := f.receive(mail(from, fmt.Sprint(from, f.writer.node, f.clock), "x"))
		return r.Decision.Action
	}
	for i := range 5 {
		sender := fmt.Sprintf("a@%d.test", i)
		if got := action(two, sender); got != policy.Ticket {
			t.Fatalf("%s: %v", sender, got)
		}
		one.rules(policy.Block, fmt.Sprintf("%d.test", i))
		if got := action(two, sender); got != policy.Suspend {
			t.Errorf("%s, once another node has blocked it: %v", sender, got)
		}
	}
	const most = 3
	one.Configure(policy.Settings{PerHour: most})
	two.Configure(policy.Settings{PerHour: most})
	var let int
	for i := range 2 * most {
		f := []*fixture{one, two}[i%2]
		if r, _ := f.receive(mail("b@rate.test", fmt.Sprint(i), "x")); r.Decision.Action == policy.Ticket {
			let++
		}
	}
	if let != most {
		t.Errorf("%d of one sender passed on both nodes, want %d", let, most)
	}
}

// Attempts to sign in count on all nodes together, also those that are made at once.
func TestAttemptsOfNodes(t *testing.T) {
	onServerOnly(t)
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "gatepost.db")
	one, _ := node(t, path, "mx1")
	two, _ := node(t, path, "mx2")
	client := netip.MustParseAddr("2001:db8::1")
	most := Attempts{Window: time.Hour, PerAccount: 4, PerNetwork: 6}
	take := func(f *fixture, account string) (wait time.Duration, undo func(context.Context) error) {
		t.Helper()
		wait, undo, err := f.TakeAttempt(ctx, account, client, most)
		if err != nil {
			t.Error(err)
		}
		return wait, undo
	}
	let := make(chan func(context.Context) error, 20)
	var all sync.WaitGroup
	for i := range cap(let) {
		all.Go(func() {
			if wait, undo := take([]*fixture{one, two}[i%2], "ann@acme.test"); wait == 0 {
				let <- undo
			} else if wait > most.Window {
				t.Errorf("wait for %v", wait)
			}
		})
	}
	all.Wait()
	if len(let) != most.PerAccount {
		t.Fatalf("%d attempts were let through, want %d", len(let), most.PerAccount)
	}
	if err := (<-let)(ctx); err != nil {
		t.Fatal(err)
	}
	if wait, _ := take(two, "ann@acme.test"); wait != 0 {
		t.Error("what did not fail counts")
	}
	for i := range 3 {
		wait, _ := take(one, fmt.Sprint("bob", i))
		if blocked := wait != 0; blocked != (i == 2) {
			t.Errorf("account %d waits %v", i, wait)
		}
	}
	two.clock = noon.Add(most.Window)
	if wait, _ := take(two, "ann@acme.test"); wait != 0 {
		t.Errorf("wait for %v once the time is over", wait)
	}
}

// A key that several nodes make at once is one.
func TestMakeSecret(t *testing.T) {
	onServerOnly(t)
	path := filepath.Join(t.TempDir(), "gatepost.db")
	one, two := openAt(t, path), openAt(t, path)
	var keys [8][]byte
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			var err error
			keys[i], err = []*fixture{one, two}[i%2].MakeSecret(t.Context(), "k", []byte{byte(i)})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, key := range keys {
		if len(key) != 1 || !bytes.Equal(key, keys[0]) {
			t.Fatalf("the keys are %v", keys)
		}
	}
}
