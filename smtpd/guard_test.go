package smtpd

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestPostpone: whatever was set before, a deadline is never early, and late by a sixteenth
// at most; one that has passed takes effect.
func TestPostpone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var set, was time.Time
		now := time.Unix(0, 0)
		for range 20 {
			now = now.Add(time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "later")))
			span := time.Duration(rapid.Int64Range(-1e11, 1e12).Draw(t, "span"))
			postpone(func(at time.Time) error { set = at; return nil }, &was, now, now.Add(span))
			if span < 0 && !set.Before(now) || span >= 0 && set.Sub(now) < span ||
				span >= 0 && set.Sub(now) > span+span/16 || set != was {
				t.Fatalf("%v are asked for, %v given", span, set.Sub(now))
			}
		}
	})
}
