package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// countersKept is how far back decisions are counted: what a plot can show.
const countersKept = 31 * 24 * time.Hour

// Status reports the state of the store.
func (db *DB) Status(ctx context.Context) (Status, error) {
	var s Status
	var oldest sql.NullInt64
	var started int64
	_, err := one(ctx, db, func(row scanner) (none struct{}, err error) {
		return none, row.Scan(&s.Generation, &started, &s.Held, &s.Tickets, &s.Comments, &s.Users,
			&oldest)
	}, `select
		(select value from meta where name = 'generation'),
		(select value from meta where name = 'started_at'),
		(select count(*) from suspended), (select count(*) from tickets),
		(select count(*) from comments),
		(select count(*) from users), (select min(created_at) from suspended)`)
	if err != nil {
		return s, fmt.Errorf("status: %w", err)
	}
	if s.Expired, s.NextExpiry, err = db.Expiring(ctx, db.now()); err != nil {
		return s, err
	}
	c, err := one(ctx, db, scanCalendar, calendarQuery)
	if err != nil {
		return s, fmt.Errorf("status: %w", err)
	}
	s.Ahead = int64(c.ahead(db.now().UnixMilli()).Seconds())
	if oldest.Valid {
		at := fromMillis(oldest.Int64)
		s.OldestHeld = &at
	}
	if s.Serving, err = db.engine.locked(ctx); err != nil {
		return s, err
	}
	if s.Nodes, err = db.engine.nodes(ctx); err != nil {
		return s, err
	}
	if at := fromMillis(started); s.Serving {
		s.StartedAt = longest(s.Nodes, at)
	}
	if s.Hour, err = db.counts(ctx, time.Hour); err != nil {
		return s, err
	}
	if s.Day, err = db.counts(ctx, 24*time.Hour); err != nil {
		return s, err
	}
	s.UndeclaredRelay, s.Overlooked = s.Day[undeclaredRelay], s.Day[overlooked]
	for _, beside := range []string{undeclaredRelay, overlooked} {
		delete(s.Hour, beside)
		delete(s.Day, beside)
	}
	s.Hour.takeScans()
	s.Scanners = s.Day.takeScans()
	return s, nil
}

// What is counted beside the decision of a message.
const (
	undeclaredRelay = "undeclared relay"
	overlooked      = "overlooked field"
)

// counts sums what was counted in the last d, by kind.
func (db *DB) counts(ctx context.Context, d time.Duration) (Counts, error) {
	type count struct {
		kind string
		n    int64
	}
	counts := Counts{}
	for c, err := range each(ctx, db, func(row scanner) (c count, err error) {
		return c, row.Scan(&c.kind, &c.n)
	}, `select kind, sum(n) from counters where minute > $1 group by kind`,
		minute(db.now().Add(-d))) {
		if err != nil {
			return nil, fmt.Errorf("counters: %w", err)
		}
		counts[c.kind] = c.n
	}
	return counts, nil
}

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// timeOrNil is a time that may be none.
func timeOrNil(ms sql.NullInt64) *time.Time {
	if !ms.Valid {
		return nil
	}
	at := fromMillis(ms.Int64)
	return &at
}
