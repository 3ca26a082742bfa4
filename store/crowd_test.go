package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/policy"
)

// The test binary doubles as the other processes of TestManyProcesses and TestAgainAtOnce.
func TestMain(m *testing.M) {
	if path := os.Getenv("GATEPOST_TEST_OTHER"); path != "" {
		if err := otherProcess(path, os.Getenv("GATEPOST_TEST_NAME")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if path := os.Getenv("GATEPOST_TEST_AGAIN"); path != "" {
		if err := sendAgain(path, os.Getenv("GATEPOST_TEST_NAME")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(runTests(m))
}

const changesEach = 40

// otherProcess adds rules one at a time, each by opening the database anew.
func otherProcess(path, name string) error {
	for i := range changesEach {
		db, err := Open(path, Options{})
		if err != nil {
			return err
		}
		e, err := policy.ParseEntry(policy.Block, fmt.Sprintf("%s-%d.test", name, i))
		if err == nil {
			_, err = db.By(Actor{}).AddRules(context.Background(), policy.Block, []policy.Entry{e}, Life{})
		}
		if err := errors.Join(err, db.Close()); err != nil {
			return err
		}
	}
	return nil
}

// A server under load and other processes on one database: no write is lost, none fails.
func TestManyProcesses(t *testing.T) {
	const clients, others = 8, 3
	f := open(t)
	stop := make(chan struct{})
	var load sync.WaitGroup
	counts := make([]int, clients)
	for c := range clients {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, _, err := f.tryReceive(mail(fmt.Sprintf("c%d@load.test", c), "x", "y")); err != nil {
					t.Errorf("client %d: %v", c, err)
					return
				}
				counts[c]++
			}
		})
	}
	var work sync.WaitGroup
	for o := range others {
		work.Go(func() {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "GATEPOST_TEST_OTHER="+at(t, f.path),
				fmt.Sprintf("GATEPOST_TEST_NAME=other%d", o))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("other process %d: %v: %s", o, err, out)
			}
		})
	}
	work.Wait()
	close(stop)
	load.Wait()
	sent := 0
	for _, n := range counts {
		sent += n
	}
	s, err := f.Status(context.Background())
	if err != nil || s.Tickets != int64(sent) {
		t.Errorf("%d tickets of %d messages, %v", s.Tickets, sent, err)
	}
	if n := len(all(t, f.Rules(context.Background(), policy.Block))); n != others*changesEach {
		t.Errorf("%d rules, want %d", n, others*changesEach)
	}
}

// One bad write in a batch does not sink the others.
func TestBadWriteAlone(t *testing.T) {
	f := open(t)
	bad := errors.New("bad")
	gate := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() { // holds the writer until the rest has gathered behind it
		_ = f.writer.do(context.Background(), func(*tx) error { <-gate; return nil })
	})
	errs := make([]error, 20)
	for i := range errs {
		wait.Go(func() {
			errs[i] = f.writer.do(context.Background(), func(t *tx) error {
				if i == 7 {
					return bad
				}
				return t.exec(`insert into meta (name, value) values ($1, 0)`, fmt.Sprint("n", i))
			})
		})
	}
	close(gate)
	wait.Wait()
	for i, err := range errs {
		if (i == 7) != errors.Is(err, bad) || i != 7 && err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	var n int
	if err := f.read.QueryRow(`select count(*) from meta where name like 'n%'`).Scan(&n); err != nil || n != 19 {
		t.Errorf("%d written, %v", n, err)
	}
}

// What is crowded out does not break up the batch that it came in.
func TestCrowdedLeavesTheBatchWhole(t *testing.T) {
	f := open(t)
	gate := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() { // holds the writer until the rest has gathered behind it
		_ = f.writer.do(context.Background(), func(*tx) error { <-gate; return nil })
	})
	const writes = 20
	var runs [writes]int
	var errs [writes]error
	for i := range writes {
		wait.Go(func() {
			errs[i] = f.writer.do(context.Background(), func(t *tx) error {
				if runs[i]++; i%2 == 0 {
					return fmt.Errorf("write %d: %w", i, ErrCrowded)
				}
				return t.exec(`insert into meta (name, value) values ($1, 0)`, fmt.Sprint("n", i))
			})
		})
	}
	close(gate)
	wait.Wait()
	for i := range writes {
		if runs[i] != 1 || (i%2 == 0) != errors.Is(errs[i], ErrCrowded) ||
			i%2 == 1 && errs[i] != nil {
			t.Errorf("write %d ran %d times: %v", i, runs[i], errs[i])
		}
	}
	n, err := one(context.Background(), f.DB, scanCount,
		`select count(*) from meta where name like 'n%'`)
	if err != nil || n != writes/2 {
		t.Errorf("%d written, %v", n, err)
	}
}

// A probe does not wait for another process for ever, and those who can wait get their turn.
func TestWaitsForAnotherProcess(t *testing.T) {
	f := open(t)
	other := openAt(t, f.path)
	held, release := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		if err := other.writer.do(context.Background(), func(*tx) error {
			close(held)
			<-release
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	<-held
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := f.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ping while another process writes: %v", err)
	}
	for range 10 {
		wait.Go(func() {
			if err := f.Ping(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	close(release)
	wait.Wait()
}

// A panic in one write, or a transaction that was left open, stops nobody else.
func TestWriterGoesOn(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	err := f.writer.do(ctx, func(*tx) error { panic("a bug") })
	if err == nil || !strings.Contains(err.Error(), "a bug") {
		t.Errorf("a panic gave %v", err)
	}
	if _, err := f.writer.conn.ExecContext(ctx, "begin"); err != nil {
		t.Fatal(err)
	}
	if err := f.Ping(ctx); err != nil {
		t.Errorf("after a transaction that was left open: %v", err)
	}
}

func TestQuery(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "*", "plain.test")
	for _, m := range []string{
		mail("Ann Lee <ann@acme.test>", "broken printer", ""),
		mail("bob@mail.acme.test", "100% off_er", ""),
		mail("carl@plain.test", "printer again", ""),
	} {
		f.receive(m)
		f.clock = f.clock.Add(60 * 60 * 1e9)
	}
	for _, c := range []struct {
		q    Query
		want string
	}{
		{Query{}, "3 2 1"},
		{Query{Sort: "author"}, "1 2 3"},
		{Query{Sort: "subject"}, "2 1 3"},
		{Query{Sort: "cause"}, "3 2 1"},
		{Query{Cause: "blocklisted"}, "3"},
		{Query{From: "acme.test"}, "2 1"},
		{Query{From: "ann@acme.test"}, "1"},
		{Query{From: "me.test"}, ""},
		{Query{Search: "PRINTER"}, "3 1"},
		{Query{Search: "printer lee"}, "1"},
		{Query{Search: "%"}, "2"},
		{Query{Search: "_"}, "2"},
		{Query{Search: `\`}, ""},
		{Query{Before: noon.Add(60 * 60 * 1e9)}, "1"},
		{Query{After: noon}, "3 2"},
		{Query{Limit: 2}, "3 2"},
	} {
		var ids []string
		for _, s := range all(t, f.ListSuspended(ctx, c.q)) {
			ids = append(ids, fmt.Sprint(s.ID))
		}
		if got := strings.Join(ids, " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.q, got, c.want)
		}
		if n, err := f.CountSuspended(ctx, c.q); c.q.Limit == 0 && (err != nil || int(n) != len(ids)) {
			t.Errorf("%+v: counted %d of %d, %v", c.q, n, len(ids), err)
		}
	}
}

// TestQuerySpelling: an address is found in any of its spellings.
func TestQuerySpelling(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "*")
	f.receive(mail("Ann <ann..x@docomo.test>", "order", ""))
	for _, q := range []Query{
		{From: "ann..x@docomo.test"}, {From: `"Ann..x"@docomo.test`}, {From: "docomo.test"},
		{Search: "ann..x@docomo.test"}, {Search: `"ann..x"@docomo.test`},
		{Search: "order ann..x@docomo"},
	} {
		if n, err := f.CountSuspended(ctx, q); n != 1 || err != nil {
			t.Errorf("%+v: %d, %v", q, n, err)
		}
	}
	if n, err := f.CountSuspended(ctx, Query{Search: "ann.x@docomo.test"}); n != 0 || err != nil {
		t.Errorf("another address: %d, %v", n, err)
	}
}

func TestUsers(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	ann, bob := address(t, "ann@acme.test"), address(t, "bob@acme.test")
	if err := f.editor().AddUser(ctx, NewUser{Email: ann, Role: policy.Admin, MadeBy: "cli"}); err != nil {
		t.Fatal(err)
	}
	if err := f.editor().AddUser(ctx, NewUser{Email: ann, MadeBy: "cli"}); !errors.Is(err, ErrExists) {
		t.Errorf("again: %v", err)
	}
	for name, err := range map[string]error{
		"suspended": f.editor().SetSuspended(ctx, ann, true), "removed": f.editor().RemoveUser(ctx, ann),
		"demoted": f.editor().SetRole(ctx, ann, policy.Agent)} {
		if !errors.Is(err, ErrLastAdmin) {
			t.Errorf("the last admin %s: %v", name, err)
		}
	}
	n, err := f.editor().ImportUsers(ctx, []NewUser{{Email: ann, MadeBy: "import"},
		{Email: bob, Role: policy.Admin, MadeBy: "import"}})
	if err != nil || n.Added != 1 {
		t.Errorf("imported %+v, %v", n, err)
	}
	if err := f.editor().SetSuspended(ctx, ann, true); err != nil {
		t.Errorf("one of two admins: %v", err)
	}
	if p, err := f.Profile(ann); err != nil || !p.Known || !p.Suspended || p.Role != policy.Admin {
		t.Errorf("%+v, %v", p, err)
	}
	if err := f.editor().RemoveUser(ctx, address(t, "carl@acme.test")); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	if us := all(t, f.Users(ctx, "import")); len(us) != 1 || us[0].Email != "bob@acme.test" {
		t.Errorf("imported: %+v", us)
	}
	hash := HashPassword("correct horse")
	if err := f.editor().SetPassword(ctx, bob, hash); err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$") {
		t.Errorf("%s, %v", hash, err)
	}
}
