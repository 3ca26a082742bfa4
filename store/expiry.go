package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const (
	// purgeShare is the part of the queue that one run of Purge deletes at most: whoever sees
	// that too much goes has time to end it.
	purgeShare = 20
	// purgeBatch is how many are deleted in one transaction: mail waits for it.
	purgeBatch = 200
	// graceOfSeen is for how long something that is past its time stays once it was seen.
	graceOfSeen = 24 * time.Hour
)

// An Expiry is how held messages expire.
type Expiry struct {
	// KeepUnseen keeps what nobody has seen, also beyond its time, and for a day after.
	KeepUnseen bool
	// KeepHandedOff is for how long a ticket stays once every target has all of it; 0 for good.
	KeepHandedOff time.Duration
	// By is who has them expire, for the audit log.
	By Actor
}

// A Purged is what a run of Purge has done, and left.
type Purged struct {
	Deleted   int           `json:"purged"`
	Waiting   int           `json:"waiting"` // expired by the clock, and still there
	HandedOff int           `json:"-"`       // tickets and comments that went since every target had them
	Ahead     time.Duration `json:"-"`       // of the clock before the time that we have seen pass
}

// Expiring are how many held messages are to expire by a time, and when the next of all does;
// nil if none is held.
func (db *DB) Expiring(ctx context.Context, by time.Time) (n int64, next *time.Time, err error) {
	var first sql.NullInt64
	_, err = one(ctx, db, func(row scanner) (none struct{}, err error) {
		return none, row.Scan(&first, &n)
	}, `select (select min(expires_at) from suspended),
		(select count(*) from suspended where expires_at <= $1)`, by.UnixMilli())
	if err != nil {
		return 0, nil, fmt.Errorf("what expires next: %w", err)
	}
	if first.Valid {
		at := fromMillis(first.Int64)
		next = &at
	}
	return n, next, nil
}

// Purge deletes held messages whose time is over, but no more than a twentieth of the queue
// and at least one; and the sessions that have ended and the counts that nothing shows any
// more. Time counts once it has passed while a process looked, which a server does each
// minute; of a clock that is further ahead, once it says the same a day later. It also deletes
// tickets that every target has, if that is asked for.
func (db *DB) Purge(ctx context.Context, e Expiry) (p Purged, err error) {
	c, until, err := db.lookAtClock(ctx)
	if err != nil {
		return p, fmt.Errorf("purge: %w", err)
	}
	now := db.now().UnixMilli()
	p.Ahead = c.ahead(now)
	held, err := one(ctx, db, func(row scanner) (n int, err error) {
		return n, row.Scan(&n, &p.Waiting)
	}, `select count(*), count(*) filter (where expires_at <= $1) from suspended`, now)
	if err != nil {
		return p, fmt.Errorf("purge: %w", err)
	}
	room := (held + purgeShare - 1) / purgeShare
	for room > p.Deleted {
		n, err := db.purgeHeld(ctx, e, until, min(room-p.Deleted, purgeBatch))
		p.Deleted += n
		if err != nil {
			return p, fmt.Errorf("purge: %w", err)
		}
		if n == 0 {
			break
		}
	}
	p.Waiting = max(p.Waiting-p.Deleted, 0)
	for n := purgeBatch; n == purgeBatch; {
		if n, err = db.purgeDeleted(ctx, e, until, purgeBatch); err != nil {
			return p, fmt.Errorf("purge what was deleted: %w", err)
		}
	}
	if e.KeepHandedOff > 0 {
		if p.HandedOff, err = db.purgeHandedOff(ctx, e, until); err != nil {
			return p, fmt.Errorf("purge what was handed off: %w", err)
		}
	}
	if err := db.purgeRest(ctx, until); err != nil {
		return p, fmt.Errorf("purge: %w", err)
	}
	if err := db.engine.emptyLog(ctx); err != nil {
		return p, fmt.Errorf("purge: %w", err)
	}
	return p, nil
}

// purgeHeld deletes up to limit held messages whose time was over at until, and says how many;
// what it took is counted for the audit log, or said there, by the same transaction.
func (db *DB) purgeHeld(ctx context.Context, e Expiry, until time.Time, limit int) (
	n int, err error) {
	var ids []int64
	for id, err := range each(ctx, db, scanCount, `select id from suspended
		where expires_at <= $1 and ($2 or id <= `+seenQuery+`)
		order by expires_at limit $4`, until.UnixMilli(), !e.KeepUnseen,
		until.Add(-graceOfSeen).UnixMilli(), limit) {
		if err != nil {
			return 0, err
		}
		ids = append(ids, id)
	}
	var files []string
	err = db.writer.do(ctx, func(t *tx) error {
		files = nil
		all := taken{Causes: map[string]int{}}
		for _, id := range ids {
			file, err := db.take(t, id, &all)
			if errors.Is(err, ErrNotFound) || errors.Is(err, ErrDamaged) {
				continue // recovered or deleted meanwhile, or for a person to look at
			}
			if err != nil {
				return err
			}
			if file != "" {
				files = append(files, file)
			}
		}
		n = all.Count
		return db.By(e.By).noteTaken(t, Expired, all)
	})
	if err != nil {
		return 0, err
	}
	return n, db.contents.remove(files)
}

func (db *DB) purgeRest(ctx context.Context, until time.Time) error {
	err := db.writer.do(ctx, func(t *tx) error {
		err := errors.Join(purgeSessions(t, until), db.forgetTombstones(t, until),
			db.sayTaken(t, false), t.forgetNotices(until), db.By(Server()).noteExpired(t))
		if err != nil {
			return err
		}
		return t.exec(`delete from counters where minute < $1`, minute(until.Add(-countersKept)))
	})
	if err != nil {
		return err
	}
	return db.purgeBands(ctx, purgeBatch)
}

// seenQuery is the last id of what somebody had seen by the time $3: of the look that is
// under way if it is as old as that, else of the one before.
const seenQuery = `coalesce((select l.value from meta l join meta a on a.name = 'look_at'
	where l.name = 'look' and a.value <= $3), (select value from meta where name = 'seen'), 0)`

// Looked takes down that somebody was shown the suspended queue as it is. One look a day is
// enough: what came after it waits for the next. When ctx ends first the write is left to end
// by itself.
func (db *DB) Looked(ctx context.Context) error {
	now := db.now()
	if at := db.looked.Load(); at != nil && now.Sub(*at) < time.Hour {
		return nil
	}
	err := db.writeWithin(ctx, func(t *tx) error {
		var last, at, sure int64
		err := t.row(`select coalesce(sum(value) filter (where name = 'look'), 0),
			coalesce(sum(value) filter (where name = 'look_at'), 0),
			coalesce(sum(value) filter (where name = 'sure'), 0)
			from meta where name in ('look', 'look_at', 'sure')`).Scan(&last, &at, &sure)
		if err != nil {
			return damaged(err)
		}
		if sure == 0 {
			sure = now.UnixMilli()
		}
		if at != 0 && sure-at < graceOfSeen.Milliseconds() {
			return nil
		}
		return errors.Join(t.setMeta("seen", last), t.setMeta("look_at", sure),
			t.exec(`insert into meta (name, value)
				select 'look', value from meta where name = 'sequence'
				on conflict (name) do update set value = excluded.value`))
	})
	if err != nil {
		return fmt.Errorf("take down a look at the queue: %w", err)
	}
	db.looked.Store(&now)
	return nil
}
