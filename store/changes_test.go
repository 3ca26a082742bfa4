package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"gatepost/policy"
)

func TestRecoverMany(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "*")
	_, a := f.receive(mail("a@acme.test", "a", ""))
	_, b := f.receive(mail("b@acme.test", "b", ""))
	if _, err := f.editor().Recover(ctx, a); err != nil {
		t.Fatal(err)
	}
	done, err := f.editor().RecoverMany(ctx, []int64{a, 77, b, 78, b})
	var failures Failures
	if !errors.Is(err, ErrNotFound) || !errors.As(err, &failures) || len(failures) != 2 ||
		failures[0].ID != 77 || failures[1].ID != 78 {
		t.Errorf("%v", err)
	}
	var got []string
	for _, r := range done {
		got = append(got, fmt.Sprint(r.SuspendedID, r.Ticket.Subject, r.Ticket.ID))
	}
	if fmt.Sprint(got) != "[1a3 2b4 2b4]" {
		t.Errorf("recovered %v", got)
	}
	if done, err := f.editor().RecoverMany(ctx, []int64{a, b}); err != nil || len(done) != 2 {
		t.Errorf("again: %+v, %v", done, err)
	}
}

// The version moves with every change of the queue, whoever makes it, and with nothing else.
func TestChanges(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f, other := openAt(t, path), openAt(t, path)
	f.rules(policy.Block, "held.test")
	version := int64(-1)
	for _, c := range []struct {
		name string
		does func() error
		want string
	}{
		{"at first", func() error { return nil }, "map[]"},
		{"held", func() error { other.receive(mail("a@held.test", "x", "")); return nil },
			"map[blocklisted:1]"},
		{"a ticket", func() error { other.receive(mail("a@fine.test", "x", "")); return nil }, ""},
		{"held again", func() error { f.receive(mail("a@held.test", "x", "")); return nil },
			"map[blocklisted:2]"},
		{"recovered", func() error { _, err := other.editor().Recover(ctx, 1); return err },
			"map[blocklisted:1]"},
		{"recovered again", func() error { _, err := f.editor().RecoverMany(ctx, []int64{1}); return err }, ""},
		{"pinged", func() error { return other.Ping(ctx) }, ""},
		{"deleted", func() error { _, err := f.editor().DeleteSuspended(ctx, []int64{3}); return err },
			"map[]"},
		{"held once more", func() error { f.receive(mail("a@held.test", "x", "")); return nil },
			"map[blocklisted:1]"},
		{"expired", func() error {
			other.clock = other.clock.AddDate(0, 1, 0)
			_, err := other.Purge(ctx, Expiry{})
			return err
		}, "map[]"},
	} {
		if err := c.does(); err != nil {
			t.Fatal(err)
		}
		v, counts, err := f.Changes(ctx, version)
		got := ""
		if counts != nil {
			got = fmt.Sprint(counts)
		}
		if err != nil || got != c.want || (v == version) != (c.want == "") || v < version {
			t.Errorf("%s: version %d after %d, %q, %v", c.name, v, version, got, err)
		}
		version = v
	}
}

func TestPlot(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "held.test", "reject:drop.test")
	for _, at := range []struct {
		from    string
		minutes int
	}{{"a@held.test", 0}, {"a@drop.test", 1}, {"a@fine.test", 59}, {"a@fine.test", 60},
		{"a@held.test", 61}, {"a@held.test", 130}} {
		f.clock = noon.Add(time.Duration(at.minutes) * time.Minute)
		f.receive(mail(at.from, "x", ""), func(r *Record) {
			r.Undeclared = true
			r.Facts.Unread = []policy.Unread{{Field: "X-Spam", Setting: "smtp.filter"}}
		})
	}
	points, err := f.Plot(ctx, noon, time.Hour)
	want := "[12:00 map[reject:domain:1 suspend:1 ticket:1] 13:00 map[suspend:1 ticket:1] " +
		"14:00 map[suspend:1]]"
	var got []string
	for _, p := range points {
		got = append(got, fmt.Sprint(p.At.Format("15:04"), " ", p.Counts))
	}
	if fmt.Sprint(got) != want || err != nil {
		t.Errorf("%v, want %s, %v", got, want, err)
	}
	for _, step := range []time.Duration{0, -time.Hour, time.Second} {
		points, err = f.Plot(ctx, noon.AddDate(-9, 0, 0), step)
		if err != nil || len(points) == 0 || len(points) > maxPoints {
			t.Errorf("by %s: %d points, %v", step, len(points), err)
		}
	}
	if points, err = f.Plot(ctx, noon.AddDate(1, 0, 0), time.Hour); err != nil || len(points) != 0 {
		t.Errorf("of the future: %v, %v", points, err)
	}
}
