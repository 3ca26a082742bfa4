package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// A TargetStatus is a target with what waits for it.
type TargetStatus struct {
	Target
	Configured bool       `json:"configured"` // the last server's settings have it
	PausedAt   *time.Time `json:"paused_at"`
	PausedWhy  string     `json:"paused_why"`
	Waiting    int64      `json:"waiting"`
	Failed     int64      `json:"failed"`
	Unknown    int64      `json:"unknown"`
	Oldest     *time.Time `json:"oldest"` // of those that wait
}

const statusColumns = targetColumns + `, configured, paused_at, paused_why,
	(select count(*) from handoffs h where h.target = targets.name and h.state = 'waiting'),
	(select count(*) from handoffs h where h.target = targets.name
		and h.state in ('failed', 'unknown') and h.state = 'failed'),
	(select count(*) from handoffs h where h.target = targets.name
		and h.state in ('failed', 'unknown') and h.state = 'unknown'),
	(select h.created_at from handoffs h where h.target = targets.name and h.state = 'waiting'
		order by h.id limit 1)`

// Targets are all that the settings name and those that something still waits for, by name.
func (db *DB) Targets(ctx context.Context) (all []TargetStatus, err error) {
	for g, err := range each(ctx, db, scanTargetStatus, `select `+statusColumns+
		` from targets order by name`) {
		if err != nil {
			return nil, fmt.Errorf("targets of hand-offs: %w", err)
		}
		all = append(all, g)
	}
	return all, nil
}

// TargetStatus is one of the Targets, or ErrNotFound.
func (db *DB) TargetStatus(ctx context.Context, name string) (TargetStatus, error) {
	return one(ctx, db, scanTargetStatus, `select `+statusColumns+` from targets where name = $1`,
		name)
}

func scanTargetStatus(row scanner) (s TargetStatus, err error) {
	var paused int64
	var oldest sql.NullInt64
	s.Target, err = scanTarget(also{row, []any{&s.Configured, &paused, &s.PausedWhy, &s.Waiting,
		&s.Failed, &s.Unknown, &oldest}})
	s.PausedAt = timeOrNull(paused)
	if oldest.Valid {
		s.Oldest = timeOrNull(oldest.Int64)
	}
	return s, err
}

// timeOrNull is nil for 0.
func timeOrNull(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	at := fromMillis(ms)
	return &at
}
