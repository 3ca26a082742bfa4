package store

import (
	"context"
	"fmt"
	"time"
)

// maxPoints bounds a plot.
const maxPoints = 2000

// A Point is how many decisions of each kind were made from a time on, up to the next point.
type Point struct {
	At     time.Time `json:"at"`
	Counts Counts    `json:"counts"`
}

// Plot is the decisions from since until now, a point for each step, those without any too.
// Both are taken in whole minutes; a step that would give more than 2,000 points is longer.
// Nothing is known from more than 31 days ago.
func (db *DB) Plot(ctx context.Context, since time.Time, step time.Duration) ([]Point, error) {
	now := db.now()
	if oldest := now.Add(-countersKept); since.Before(oldest) {
		since = oldest
	}
	from, to := minute(since), minute(now)
	width := max(int64(step/time.Minute), 1, (to-from)/maxPoints+1)
	points := []Point{}
	for at := from; at <= to; at += width {
		points = append(points, Point{time.Unix(at*60, 0).UTC(), Counts{}})
	}
	type count struct {
		point int
		kind  string
		n     int64
	}
	for c, err := range each(ctx, db, func(row scanner) (c count, err error) {
		return c, row.Scan(&c.point, &c.kind, &c.n)
	}, `select (minute - $1) / $2, kind, sum(n) from counters
		where minute >= $1 and minute <= $3 and kind not in ($4, $5)
			and kind not like 'scan:%' group by 1, 2`,
		from, width, to, undeclaredRelay, overlooked) {
		if err != nil {
			return nil, fmt.Errorf("plot: %w", err)
		}
		points[c.point].Counts[c.kind] = c.n
	}
	return points, nil
}
