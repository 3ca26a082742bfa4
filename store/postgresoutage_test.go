package store

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"gatepost/policy"
)

func (c *cutter) refuses() bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.shut {
		c.refused++
	}
	return c.shut
}

func (c *cutter) lead(startup pgproto3.FrontendMessage) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if m, is := startup.(*pgproto3.StartupMessage); is && c.instead != "" {
		m.Parameters["database"] = c.instead
	}
}

// refuse has everybody who is connected be thrown out, and nobody come in, or lets them in again. It
// gives how many were refused since the last call.
func (c *cutter) refuse(f *fixture, is bool) (refused int) {
	f.Helper()
	c.lock.Lock()
	c.shut, refused, c.refused = is, c.refused, 0
	c.lock.Unlock()
	if is {
		onDatabase(f.T, f.path, `select pg_terminate_backend(pid) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid()`)
	}
	return refused
}

// openBehind opens a database through a cutter.
func openBehind(t *testing.T, w waits) (*cutter, *fixture) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	c, through := cutting(t, path)
	db, err := Open(through, Options{Now: func() time.Time { return noon }, waits: w,
		Settings: policy.Settings{PerHour: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, &fixture{T: t, DB: db, path: path, clock: noon}
}

// What a message has to know is asked again while no server is there, as what it is to write is written
// again: it is taken late, and not put off.
func TestMessageBeginsInAnOutage(t *testing.T) {
	onServerOnly(t)
	c, f := openBehind(t, usualWaits)
	window := func(r *Record) { r.Window = Always }
	raw := mail("a@acme.test", "first", "x")
	stored, _ := f.receive(raw, window)
	r, p, err := f.gather(raw, window)
	if err == nil {
		err = f.decide(p, r)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Content.Close()
	reply := "In-Reply-To: <first@mail.test>\r\n" + mail("a@acme.test", "more", "x")
	for what, ask := range map[string]func() error{
		"facts": func() error {
			r, _, err := f.gather(reply)
			if err == nil && r.Facts.Thread.Ticket == 0 {
				t.Error("the ticket is not found that it replies to")
			}
			return err
		},
		"band": func() error {
			n, err := f.Stored(r.Facts.Rate(), noon)
			if err == nil && n != 1 {
				t.Errorf("%d are counted", n)
			}
			return err
		},
		"the same before": func() error {
			id, err := f.FirstLike(t.Context(), r)
			if err == nil && id != stored.ID {
				t.Errorf("the same as %q", id)
			}
			return err
		},
		"the whole": func() error {
			_, _, err := f.tryReceive(mail("b@acme.test", "second", "x"))
			return err
		},
	} {
		c.refuse(f, true)
		done := make(chan error)
		go func() { done <- ask() }()
		for tried := 0; tried < 4; time.Sleep(time.Millisecond) {
			c.lock.Lock()
			tried = c.refused
			c.lock.Unlock()
			select {
			case err := <-done:
				t.Fatalf("%s: it did not wait: %v", what, err)
			default:
			}
		}
		c.refuse(f, false)
		if err := <-done; err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Once it has lasted for as long as anybody waits, each message tries but once, until something was
// written again.
func TestOutageLasts(t *testing.T) {
	onServerOnly(t)
	c, f := openBehind(t, shortWaits)
	receive := func() error {
		_, _, err := f.tryReceive(mail("a@acme.test", "late", "x"))
		return err
	}
	c.refuse(f, true)
	if err := receive(); !isPassing(err) {
		t.Fatalf("taken without a server: %v", err)
	}
	patient := c.refuse(f, true)
	if err := receive(); !isPassing(err) {
		t.Fatalf("taken without a server: %v", err)
	}
	if tried := c.refuse(f, false); tried > 2 || patient <= 2 {
		t.Errorf("the server was asked %d times by the first, and %d by who came later", patient, tried)
	}
	if err := receive(); err != nil {
		t.Fatal(err)
	}
	if o := f.unwritten.Load(); o != nil {
		t.Errorf("it is not over: %v", o.why)
	}
}

// A server that stops while its database is gone has nothing left to fail in.
func TestClosedInAnOutage(t *testing.T) {
	onServerOnly(t)
	c, f := openBehind(t, usualWaits)
	f.receive(mail("a@acme.test", "first", "x"))
	c.refuse(f, true)
}

// A server that becomes read-only is one that another is to be named instead of.
func TestBecomesReadOnly(t *testing.T) {
	onServerOnly(t)
	f := openWaiting(t)
	f.receive(mail("a@acme.test", "first", "x"))
	f.nodeRows(`do $$ begin execute format('alter database %I set default_transaction_read_only = on',
		current_database()); end $$`)
	onDatabase(t, f.path, `select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid()`)
	_, _, err := f.tryReceive(mail("a@acme.test", "second", "x"))
	if err == nil || !strings.Contains(err.Error(), namePrimary) {
		t.Errorf("a message: %v", err)
	}
	if err := f.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), namePrimary) {
		t.Errorf("ready: %v", err)
	}
}

// Of several hosts the driver asks no other once one has no such database: it is said which, and that. A
// server that comes to be so while mail is taken is waited for like one that is gone.
func TestHostWithoutDatabase(t *testing.T) {
	onServerOnly(t)
	c, f := openBehind(t, usualWaits)
	c.lock.Lock()
	c.instead = "nowhere"
	c.lock.Unlock()
	_, through := cutting(t, f.path)
	u, err := url.Parse(through)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = c.Addr().String() + "," + u.Host
	_, err = Open(u.String(), Options{})
	for _, want := range []string{u.Host + "/", c.Addr().String() + " ", "nowhere", "those behind it"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}

	c.refuse(f, true)
	c.refuse(f, false)
	done := make(chan error)
	go func() {
		_, _, err := f.tryReceive(mail("a@acme.test", "first", "x"))
		done <- err
	}()
	for _, why := f.Outage(); sqlState(why) != "3D000"; _, why = f.Outage() {
		select {
		case err := <-done:
			t.Fatalf("it did not wait: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	c.lock.Lock()
	c.instead = ""
	c.lock.Unlock()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
