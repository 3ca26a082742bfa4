package httpd

import (
	"testing"
	"time"

	"gatepost/policy"
)

// A stillClock stands still until it is moved.
type stillClock struct{ at time.Time }

func (c *stillClock) now() time.Time { return c.at }

func (c *stillClock) move(d time.Duration) { c.at = c.at.Add(d) }

func rangesOf(t *testing.T, text string) *policy.Ranges {
	t.Helper()
	r, err := policy.ParseRanges(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
