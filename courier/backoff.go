package courier

import (
	"math/rand/v2"
	"time"
)

// A Backoff is how long to wait between tries: twice as long at most each time, and any part of
// that by chance (full jitter), so that what failed together does not come back together.
type Backoff struct {
	First, Most time.Duration
}

// After is how long to wait after the nth failure, from 1.
func (b Backoff) After(n int) time.Duration {
	return time.Duration(rand.Int64N(int64(b.ceiling(n)) + 1))
}

func (b Backoff) ceiling(n int) time.Duration {
	span := b.First
	for ; n > 1 && span < b.Most; n-- {
		span *= 2
	}
	return min(span, b.Most)
}
