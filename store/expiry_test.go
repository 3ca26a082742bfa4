package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gatepost/policy"
)

const day = 24 * time.Hour

// A clock is believed as far as time was seen to pass, or once it has said the same a day
// later. Each step is what the clock says since noon, what passed since the last step, and
// what is believed then.
func TestCalendar(t *testing.T) {
	type step struct{ wall, passed, sure time.Duration }
	const minute = time.Minute
	for name, steps := range map[string][]step{
		"as it goes":     {{0, 0, 0}, {minute, minute, minute}, {day, day - minute, day}},
		"set by an hour": {{0, 0, 0}, {minute + time.Hour, minute, minute + time.Hour}},
		"and no more":    {{0, 0, 0}, {2 * time.Hour, minute, minute}},
		"20 days and back": {{0, 0, 0}, {20 * day, minute, minute},
			{20*day + minute, minute, 2 * minute}, {3 * minute, minute, 3 * minute}},
		"20 days for good": {{0, 0, 0}, {20 * day, 0, 0},
			{20*day + 22*time.Hour, 22 * time.Hour, 22 * time.Hour},
			{21 * day, 2 * time.Hour, 21 * day}},
		"the least of it": {{0, 0, 0}, {20 * day, 0, 0},
			{4*day + 12*time.Hour, 12 * time.Hour, 12 * time.Hour},
			{31 * day, 12 * time.Hour, 5 * day}, {31 * day, 0, 5 * day}, {32 * day, day, 32 * day}},
		"further each time": {{0, 0, 0}, {20 * day, 0, 0}, {40 * day, minute, minute},
			{80 * day, minute, 2 * minute}},
		"set back":          {{0, 0, 0}, {-20 * day, minute, minute}, {-20*day + day, day, -20*day + day}},
		"back and forth":    {{0, 0, 0}, {-20 * day, 0, 0}, {20 * day, 23 * time.Hour, 23 * time.Hour}},
		"an empty battery":  {{0, 0, 0}, {-9000 * day, minute, minute}, {2 * minute, minute, 2 * minute}},
		"it was off a week": {{0, 0, 0}, {7 * day, 0, 0}, {8 * day, day, 8 * day}},
	} {
		var c calendar
		for i, s := range steps {
			c = c.after(glance{wall: noon.Add(s.wall).UnixMilli(), passed: s.passed})
			if got := time.Duration(c.Sure-noon.UnixMilli()) * time.Millisecond; got != s.sure {
				t.Errorf("%s, step %d: %v is believed, want %v", name, i, got, s.sure)
			}
		}
	}
}

// Who only looks now and then, as a timer does that runs a command, looks a second time a day
// later as well.
func TestCalendarOfCommands(t *testing.T) {
	var c calendar
	for i, s := range []struct{ wall, sure time.Duration }{{0, 0}, {day, 0},
		{2*day - time.Minute, day}, {3 * day, day}, {3*day + time.Hour, day}, {4 * day, 3 * day}} {
		c = c.after(glance{wall: noon.Add(s.wall).UnixMilli(), first: true})
		if got := time.Duration(c.Sure-noon.UnixMilli()) * time.Millisecond; got != s.sure {
			t.Errorf("look %d: %v is believed, want %v", i, got, s.sure)
		}
	}
}

// again is the database opened by another process, whose clock says something else.
func (f *fixture) again(clock time.Time) {
	f.Helper()
	if err := f.Close(); err != nil {
		f.Fatal(err)
	}
	f.clock = clock
	db, err := Open(at(f.T, f.path), Options{Now: func() time.Time { return f.clock }})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	f.DB = db
}

func (f *fixture) purge(e Expiry) Purged {
	f.Helper()
	p, err := f.Purge(context.Background(), e)
	if err != nil {
		f.Fatal(err)
	}
	return p
}

// holding is a database that holds n messages, and was looked at when they came.
func holding(t *testing.T, n int) *fixture {
	f := &fixture{T: t, path: filepath.Join(t.TempDir(), "gatepost.db"), clock: noon}
	db, err := Open(at(t, f.path), Options{Create: true,
		Now: func() time.Time { return f.clock }})
	if err != nil {
		t.Fatal(err)
	}
	f.DB = db
	f.rules(policy.Block, "*")
	for i := range n {
		f.receive(mail("a@acme.test", fmt.Sprint(i), ""))
	}
	f.purge(Expiry{})
	return f
}

// A clock that jumps deletes nothing by itself, and what it deletes once it is believed is a
// twentieth of the queue at a time.
func TestPurgeAfterAJump(t *testing.T) {
	f := holding(t, 41)
	f.again(noon.Add(20 * day))
	if p := f.purge(Expiry{}); p.Deleted != 0 || p.Waiting != 41 || p.Ahead != 20*day {
		t.Errorf("at the first look: %+v", p)
	}
	f.again(noon.Add(time.Minute))
	if p := f.purge(Expiry{}); p != (Purged{}) {
		t.Errorf("set back: %+v", p)
	}
	f.again(noon.Add(20 * day))
	f.purge(Expiry{})
	f.clock = f.clock.Add(day)
	if p := f.purge(Expiry{}); p != (Purged{Deleted: 3, Waiting: 38}) {
		t.Errorf("a day later: %+v", p)
	}
	runs := 1
	for f.purge(Expiry{}).Waiting > 0 {
		runs++
	}
	if runs < 20 {
		t.Errorf("all were gone after %d runs", runs)
	}
}

// What comes while the clock is far behind is kept as long as anything else.
func TestKeptFromAnEarlyClock(t *testing.T) {
	f := holding(t, 1)
	f.again(time.UnixMilli(0))
	_, id := f.receive(mail("b@acme.test", "early", ""))
	s, err := f.Suspended(context.Background(), id)
	if err != nil || s.ExpiresAt.Before(noon.Add(14*day)) {
		t.Errorf("it expires at %v, %v", s.ExpiresAt, err)
	}
}

// A database from before knows when its last mail came, and believes no clock beyond that.
func TestJumpBeforeTheFirstLook(t *testing.T) {
	f := holding(t, 1)
	f.script(`delete from meta where name = 'sure'`)
	f.again(noon.Add(20 * day))
	if p := f.purge(Expiry{}); p.Deleted != 0 {
		t.Errorf("%+v", p)
	}
}

// What nobody has seen stays beyond its time, and a day longer once somebody has.
func TestKeepUnseen(t *testing.T) {
	ctx := context.Background()
	unseen := Expiry{KeepUnseen: true}
	f := holding(t, 1)
	look := func() {
		if err := f.Looked(ctx); err != nil {
			t.Fatal(err)
		}
	}
	f.clock = noon.Add(30 * day)
	if p := f.purge(unseen); p.Deleted != 0 || p.Waiting != 1 {
		t.Errorf("nobody has seen it: %+v", p)
	}
	look()
	f.receive(mail("b@acme.test", "later", ""))
	f.clock = f.clock.Add(23 * time.Hour)
	look()
	if p := f.purge(unseen); p.Deleted != 0 {
		t.Errorf("just seen: %+v", p)
	}
	f.clock = f.clock.Add(2 * time.Hour)
	if p := f.purge(unseen); p.Deleted != 1 {
		t.Errorf("seen a day ago: %+v", p)
	}
	f.clock = f.clock.Add(14 * day)
	if p := f.purge(unseen); p.Deleted != 0 || p.Waiting != 1 {
		t.Errorf("what came after that look: %+v", p)
	}
	look()
	look()
	f.clock = f.clock.Add(day)
	if p := f.purge(unseen); p.Deleted != 1 {
		t.Errorf("seen as well: %+v", p)
	}
}

// The audit log says what was taken; a run that takes nothing says nothing.
func TestPurgeIsAudited(t *testing.T) {
	ctx := context.Background()
	f := holding(t, 1)
	if err := f.Looked(ctx); err != nil {
		t.Fatal(err)
	}
	f.receive(mail("b@acme.test", "came after the look", ""))
	f.receive(mail("c@acme.test", "its cause is none of ours", ""))
	f.script(`update suspended set cause = '` + "\x1b" + `c' where id = 3`)
	f.clock = noon.Add(20 * day)
	f.purge(Expiry{By: Server()}) // the clock is believed a day later
	f.clock = f.clock.Add(day)
	for range 4 {
		f.purge(Expiry{By: Server()}) // a twentieth of three is one
		f.clock = f.clock.Add(time.Hour)
	}
	want := `rules.add block null {"count":1,"entries":["*"]}
suspended.expire  null {"count":1,"unseen":0,"causes":{"not_on_whitelist":1}}
suspended.expire  null {"count":1,"unseen":1,"causes":{"not_on_whitelist":1}}
suspended.expire  null {"count":1,"unseen":1,"causes":{"unknown":1}}`
	if got := f.audited(); got != want {
		t.Errorf("the log is\n%s\nwant\n%s", got, want)
	}
	e := all(t, f.AuditLog(ctx, AuditQuery{Limit: 1}))
	if e[0].Actor != "gatepost" || e[0].Via != "server" || e[0].Undoable {
		t.Errorf("%+v", e[0])
	}
}

// expires has a queue of n whose time is over.
func expires(t *testing.T, n int) *fixture {
	t.Helper()
	f := holding(t, n)
	f.clock = noon.Add(20 * day)
	return f
}

// What a server takes each minute is said once an hour, and when it stops. A person's run says so
// at once, and says nothing of what a server took.
func TestExpiryIsSaidHourly(t *testing.T) {
	f := expires(t, 90)
	for range 61 { // minutes
		f.purge(Expiry{By: Server()})
		f.clock = f.clock.Add(time.Minute)
	}
	f.receive(mail("b@acme.test", "later", ""))
	f.clock = f.clock.Add(16 * day)
	f.purge(Expiry{By: Actor{Name: "ann", Via: "cli"}})
	want := `rules.add block null {"count":1,"entries":["*"]}
suspended.expire  null {"count":5,"unseen":5,"causes":{"not_on_whitelist":5}}
suspended.expire  null {"count":85,"unseen":85,"causes":{"not_on_whitelist":85},"since":"2026-03-21T12:01:00Z"}
suspended.expire  null {"count":1,"unseen":1,"causes":{"not_on_whitelist":1}}`
	if got := f.audited(); got != want {
		t.Errorf("the log is\n%s\nwant\n%s", got, want)
	}
}

// Whenever a server is killed, what it took is said by the next, each once.
func TestExpiryIsSaidAfterAKill(t *testing.T) {
	ctx := context.Background()
	f := expires(t, 60)
	said := 0
	for run := range 12 {
		f.purge(Expiry{By: Server()})
		f.clock = f.clock.Add(7 * time.Minute)
		killed := filepath.Join(t.TempDir(), "gatepost.db")
		for _, suffix := range []string{"", "-wal"} {
			if err := copyFile(f.path+suffix, killed+suffix); err != nil {
				t.Fatal(err)
			}
		}
		next := openAt(t, killed)
		for range 2 {
			if err := next.SayTaken(ctx); err != nil {
				t.Fatal(err)
			}
		}
		b, err := next.Balance(ctx)
		if n := next.saidExpired(); err != nil || int64(n) != b.Expired || n <= said {
			t.Errorf("run %d: %d are said to have expired, after %d: %s, %v", run, n, said, b, err)
		} else {
			said = n
		}
	}
}

// saidExpired is how many messages the audit log says have expired.
func (f *fixture) saidExpired() (n int) {
	f.Helper()
	for _, e := range all(f.T, f.AuditLog(context.Background(), AuditQuery{})) {
		var after taken
		if e.Action == Expired {
			if err := json.Unmarshal(e.After, &after); err != nil {
				f.Error(err)
			}
		}
		n += after.Count
	}
	return n
}

// What is counted of every cause there is leaves meta on one page.
func TestExpiryFitsAPage(t *testing.T) {
	f := openAt(t, filepath.Join(t.TempDir(), "gatepost.db"))
	all := taken{Unseen: 1 << 40, Causes: map[string]int{"unknown": 1 << 40}}
	for cause := range policy.EachCause() {
		all.Causes[cause.String()] = 1 << 40
	}
	all.Count = len(all.Causes) << 40
	err := f.writer.do(context.Background(), func(t *tx) error {
		server := f.By(Server())
		return errors.Join(server.noteTaken(t, Expired, all), server.noteTaken(t, Purging, all),
			server.noteTaken(t, HandedOff, all))
	})
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	octets, err := os.ReadFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(leavesOf(octets, rootOf(t, f.path, "meta"))); n != 1 {
		t.Errorf("meta has %d pages for %d causes", n, len(all.Causes))
	}
}
