package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gatepost/policy"
)

// ErrCrowded says that a decision no longer stands, since other messages of its sender were
// stored after it was made: ask Stored and decide again. Nothing was written.
var ErrCrowded = errors.New("more of this sender came meanwhile: decide again")

// window is how long the messages of a band are counted together, from the first of them.
const window = time.Hour

// A bandKey is a band as the table names it.
type bandKey struct{ address, client string }

// unknownClient stands for the neighbourhood of a client that is not known.
const unknownClient = "-"

func newBandKey(b policy.SenderRate) bandKey {
	k := bandKey{address: b.Address.String()}
	switch {
	case b.Proven:
	case b.Client.IsValid():
		k.client = b.Client.String()
	default:
		k.client = unknownClient
	}
	return k
}

// A band is the row of a band in a transaction: read once, written once for a whole batch.
type band struct {
	started  int64 // Unix milliseconds
	stored   int
	there    bool // in the table, with this start
	unstored bool // not as it stands here
}

// isOpen reports whether the band still counts at a time. One that begins far ahead was
// made by a clock that was wrong, and would stand for ever.
func (b *band) isOpen(at int64) bool {
	age := at - b.started
	return -window.Milliseconds() < age && age < window.Milliseconds()
}

const bandQuery = `select started_at, stored from bands where address = $1 and client = $2`

// isLimited reports whether a sender's rate is.
func (db *DB) isLimited(b policy.SenderRate) bool {
	return db.settings.Load().PerHour > 0 && !b.Address.IsZero()
}

// Stored is how many messages of a band were stored in the hour that began with its first;
// 0 once that hour is over, for the zero Address, and where nobody's rate is limited.
func (db *DB) Stored(b policy.SenderRate, at time.Time) (int, error) {
	if !db.isLimited(b) {
		return 0, nil
	}
	k, row := newBandKey(b), band{}
	err := db.engine.await(context.Background(), func() error {
		return db.engine.ask(db.bands, bandQuery, func(of scanner) error {
			return of.Scan(&row.started, &row.stored)
		}, k.address, k.client)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("band of the sender: %w", damaged(err))
	}
	if !row.isOpen(at.UnixMilli()) {
		return 0, nil
	}
	return row.stored, nil
}

// admit counts a message that is to be stored in its sender's band, or refuses it with
// ErrCrowded if its decision was made for fewer. It comes before all that a commit writes.
func (db *DB) admit(t *tx, r *Record) error {
	of := r.Facts.Rate()
	if !db.isLimited(of) {
		return nil
	}
	b, err := t.band(newBandKey(of))
	if err != nil {
		return fmt.Errorf("band of the sender: %w", err)
	}
	at := r.Envelope.ReceivedAt.UnixMilli()
	if !b.isOpen(at) {
		*b = band{started: at}
	}
	if room := r.Decision.Room; room > 0 && b.stored >= room {
		return ErrCrowded
	}
	b.stored++
	b.unstored = true
	return nil
}

// band is a row of the table, or an empty one, to be changed in place.
func (t *tx) band(k bandKey) (*band, error) {
	if b := t.bands[k]; b != nil {
		return b, nil
	}
	b := t.newBand(k)
	if err := b.scan(t.row(bandQuery, k.address, k.client)); err != nil {
		delete(t.bands, k)
		return nil, err
	}
	return b, nil
}

func (t *tx) askBand(k bandKey) {
	if t.bands[k] == nil {
		t.wait(t.newBand(k).scan, bandQuery, k.address, k.client)
	}
}

func (t *tx) newBand(k bandKey) *band {
	if t.bands == nil {
		t.bands = map[bandKey]*band{}
	}
	b := &band{}
	t.bands[k] = b
	return b
}

func (b *band) scan(row scanner) error {
	err := row.Scan(&b.started, &b.stored)
	b.there = err == nil
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return damaged(err)
}

// flushBands writes what was counted. To set the start again would write its index, too.
func (t *tx) flushBands() error {
	for k, b := range t.bands {
		var err error
		switch {
		case !b.unstored:
		case b.there:
			err = t.exec(`update bands set stored = $1 where address = $2 and client = $3`,
				b.stored, k.address, k.client)
		default:
			err = t.exec(`insert into bands (address, client, started_at, stored)
				values ($1, $2, $3, $4) on conflict (address, client) do update
				set started_at = excluded.started_at, stored = excluded.stored`,
				k.address, k.client, b.started, b.stored)
		}
		if err != nil {
			return fmt.Errorf("band of a sender: %w", err)
		}
	}
	return nil
}
