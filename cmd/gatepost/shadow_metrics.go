package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"gatepost/store"
	"gatepost/trial"
)

const (
	// lastMeasured is how many of the newest messages that came since a shadow was set are decided
	// again for /metrics: a fifth of a second.
	lastMeasured = 10_000
	// measuredFor is how long what came out is shown before it is found out anew.
	measuredFor = time.Minute
)

// A shadowCount is what a shadow came to, as it was found out last. Its zero value is none.
type shadowCount struct {
	lock    sync.Mutex
	at      time.Time
	number  int64
	decided int
	moves   []trial.Count
}

// send sends how many messages the shadow decided and how many would have become what, and nothing
// if none is set.
func (s *shadowCount) send(ctx context.Context, db *store.DB, now time.Time, gauge sender) {
	s.lock.Lock()
	defer s.lock.Unlock()
	is, err := db.Shadow(ctx)
	if err != nil { // ErrNoShadow, or what gatepost_store_up says
		return
	}
	if s.number != is.Number || now.Sub(s.at) >= measuredFor {
		if err := s.measure(ctx, db); err != nil {
			return
		}
		s.at = now
	}
	gauge("shadow_messages", "Messages that the shadow decided: the newest since it was set.",
		float64(s.decided))
	for _, m := range s.moves {
		gauge("shadow_moves", "Messages that the shadow would have made something else of.",
			float64(m.Messages), "from", m.From.Action.String(), "from_cause", m.From.Cause.String(),
			"to", m.To.Action.String(), "to_cause", m.To.Cause.String())
	}
}

func (s *shadowCount) measure(ctx context.Context, db *store.DB) error {
	is, diff, err := trial.Shadow(ctx, db, lastMeasured)
	if errors.Is(err, store.ErrNoShadow) {
		s.number, s.decided, s.moves = 0, 0, nil
		return err
	}
	if err == nil {
		s.number, s.decided, s.moves = is.Number, diff.Decided, diff.Moves()
	}
	return err
}
