package courier

import (
	"log/slog"
	"testing"
	"time"

	"gatepost/store"
)

// What a target says of itself has all of it rest; what it says of one message does not.
func TestLearn(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name  string
		tries []Result
		same  bool // of one message, else each of another
		least time.Duration
		rests bool
	}{
		{"taken", []Result{{Outcome: Done}}, false, 0, false},
		{"deferred", []Result{{Said: "451 later"}}, false, 0, false},
		{"one message deferred often", repeat(Result{Said: "451 later"}, 30), true, 0, false},
		{"all deferred", repeat(Result{Said: "451 later"}, 10), false, 0, true},
		{"down", []Result{{Down: true}}, false, 0, true},
		{"asked for an hour", []Result{{After: time.Hour}}, false, time.Hour, true},
		{"asked for a year", []Result{{After: 9000 * time.Hour}}, false, mostAfter, true},
		{"paused", []Result{{Down: true, Pause: true}}, false, 0, false},
		{"unknown", []Result{{Outcome: Unknown}}, false, 0, false},
		{"all unknown", repeat(Result{Outcome: Unknown}, 10), false, 0, true},
		{"refused", append(repeat(Result{}, 9), Result{Outcome: Fail}, Result{}), false, 0, false},
	} {
		e := &Engine{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}
		e.defaults()
		l := &lane{e: e}
		for i := range c.tries {
			lease := &store.Lease{ID: int64(i + 1)}
			if c.same {
				lease.ID = 1
			}
			l.learn(lease, &c.tries[i])
		}
		if l.down != c.rests || l.resting() < c.least &&
			c.rests || l.resting() > max(c.least, e.Rest.Most) {
			t.Errorf("%s: down %v, rests for %s", c.name, l.down, l.resting())
		}
	}
}

func repeat(r Result, n int) (all []Result) {
	for range n {
		all = append(all, r)
	}
	return all
}
