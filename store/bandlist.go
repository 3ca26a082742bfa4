package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// A SenderBand is how many messages of one sender were stored within the hour that stands.
type SenderBand struct {
	Address string    `json:"address"`
	Client  string    `json:"client"` // its neighbourhood; empty if proven, or unknown
	Proven  bool      `json:"proven"`
	Stored  int       `json:"stored"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`

	Profile policy.Profile `json:"-"` // what is known of the address now
}

// Bands are those whose hour is not over, the largest first.
func (db *DB) Bands(ctx context.Context) iter.Seq2[SenderBand, error] {
	now := db.now()
	return each(ctx, db, scanBand, `select address, client, stored, started_at, role, suspended
		from bands
		left join users on email = address
		where started_at > $1 and started_at < $2 order by stored desc, address, client`,
		now.Add(-window).UnixMilli(), now.Add(window).UnixMilli())
}

func scanBand(row scanner) (b SenderBand, err error) {
	var started int64
	var role sql.NullString
	var suspended sql.NullBool
	err = row.Scan(&b.Address, &b.Client, &b.Stored, &started, &role, &suspended)
	if err == nil {
		b.Profile, err = newProfile(role, suspended)
	}
	b.Since = fromMillis(started)
	b.Until = b.Since.Add(window)
	switch b.Client {
	case "":
		b.Proven = true
	case unknownClient:
		b.Client = ""
	}
	return b, err
}

// ResetBands forgets what was counted of an address, from wherever it came, and says how
// many bands that were.
func (h *Editor) ResetBands(ctx context.Context, a message.Address) (int, error) {
	var n int64
	err := h.do(ctx, func(t *tx) (err error) {
		n, err = t.change(`delete from bands where address = $1`, a.String())
		if err != nil || n == 0 {
			return err
		}
		_, err = h.note(t, event{action: RateReset, subject: a.String(),
			before: auditedBands{n}})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("reset the bands of %s: %w", a, err)
	}
	return int(n), nil
}

// auditedBands is what the audit log says of bands that were forgotten.
type auditedBands struct {
	Bands int64 `json:"bands"`
}

// purgeBands deletes those whose hour is over, so many at a time.
func (db *DB) purgeBands(ctx context.Context, limit int) error {
	now := db.now()
	for {
		n, err := db.deleteBands(ctx, `delete from bands where (address, client) in (
			select address, client from bands where started_at <= $1 or started_at >= $2
			limit $3)`, now.Add(-window).UnixMilli(), now.Add(window).UnixMilli(), limit)
		if err != nil || n < limit || n == 0 {
			return err
		}
	}
}

func (db *DB) deleteBands(ctx context.Context, query string, args ...any) (n int, err error) {
	err = db.writer.do(ctx, func(t *tx) error {
		deleted, err := t.change(query, args...)
		n = int(deleted)
		return err
	})
	return n, err
}
