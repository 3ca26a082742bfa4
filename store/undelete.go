package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// heldColumns are what a held message takes with it to the table of what was deleted, and back.
const heldColumns = `id, cause, author_name, author_email, subject, recipient, created_at,
	expires_at, search, keys`

// restoredColumns are those of what is held again: with its time, but until $2 at least. Octets
// that are no time are above any.
const restoredColumns = `id, cause, author_name, author_email, subject, recipient, created_at,
	case when expires_at < $2 then $2 else expires_at end, search, keys`

// surely is the later of the time $2 and the one that we have seen pass.
const surely = `(select max(at) from (select cast($2 as bigint) as at
	union all select value from meta where name = 'sure') times)`

// graceOfRestored is for how long what is restored is held at least: its time may have come
// while it was deleted, and whoever wants it back is to find it.
const graceOfRestored = 24 * time.Hour

// KeepDeleted says how long what a person deletes can be restored; 0 is not at all.
func (db *DB) KeepDeleted(d time.Duration) { db.undelete.Store(int64(d)) }

// DeletedKept is how long what a person deletes can be restored.
func (db *DB) DeletedKept() time.Duration { return time.Duration(db.undelete.Load()) }

// withhold moves a held message to where it can be restored from. A clock that is behind the
// time we have seen pass makes that no shorter.
func (t *tx) withhold(id, now int64) error {
	err := t.exec(`insert into deleted (`+heldColumns+`, deleted_at) select `+heldColumns+`,
		`+surely+`
		from suspended where id = $1`, id, now)
	if err != nil {
		return fmt.Errorf("set held message %d aside: %w", id, err)
	}
	return t.dequeue(id)
}

// Undelete holds deleted messages again, each with its id and until its time, but for a day at
// least. One whose row is damaged is held as it stands. If any is not
// there nothing is restored, missing says which, and the error is ErrNotFound.
func (h *Editor) Undelete(ctx context.Context, ids []int64) (missing []int64, err error) {
	err = h.changeQueue(ctx, func(t *tx) error {
		missing = nil
		c := &queueChange{h: h, t: t, action: Restored}
		for _, id := range ids {
			err := c.undelete(id)
			if errors.Is(err, ErrNotFound) {
				missing = append(missing, id)
			} else if err != nil {
				return err
			}
		}
		if missing != nil {
			return fmt.Errorf("deleted message %d: %w", missing[0], ErrNotFound)
		}
		return c.noteRestored()
	})
	return missing, err
}

func (c *queueChange) undelete(id int64) error {
	var now int64
	was := queueRow{message: id}
	_, err := scanParts(c.t.row(`select author_email, created_at, expires_at,
			`+surely+`
		from deleted where id = $1`, id, c.h.now()), part{"author_email", &was.was.Author},
		part{"created_at", &was.createdAt}, part{"expires_at", &was.expiresAt}, part{"now", &now})
	if err != nil {
		return absent(err)
	}
	_, err = c.t.change(`insert into suspended (`+heldColumns+`) select `+restoredColumns+`
		from deleted where id = $1`, id, now+graceOfRestored.Milliseconds())
	if c.h.db.engine.isConstraint(err) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		return fmt.Errorf("restore message %d: %w", id, err)
	}
	c.t.queue = true
	if err := c.t.exec(`delete from deleted where id = $1`, id); err != nil {
		return err
	}
	return c.add(was)
}

// noteRestored writes the entry of what was restored: it says no more than which.
func (c *queueChange) noteRestored() error {
	e := event{id: c.id, action: Restored}
	switch len(c.rows) {
	case 0:
		return nil
	case 1:
		e.subject = fmt.Sprint(c.rows[0].message)
	default:
		e.after = map[string]int{"count": len(c.rows)}
	}
	_, err := c.h.note(c.t, e)
	return err
}

// purgeDeleted removes what was deleted so long before until that it cannot be restored any
// more, up to limit, and says how many.
func (db *DB) purgeDeleted(ctx context.Context, e Expiry, until time.Time, limit int) (
	n int, err error) {
	var files []string
	err = db.writer.do(ctx, func(t *tx) (err error) {
		all := taken{Causes: map[string]int{}}
		if files, err = db.purgeTaken(t, until.Add(-db.DeletedKept()), limit, &all); err != nil {
			return err
		}
		n = all.Count
		return db.By(e.By).noteTaken(t, Purging, all)
	})
	if err != nil {
		return 0, err
	}
	return n, db.contents.remove(files)
}

// purgeTaken names the files to remove once that is on disk.
func (db *DB) purgeTaken(t *tx, before time.Time, limit int, all *taken) (files []string, err error) {
	const those = ` from deleted d where d.deleted_at <= $1 order by d.deleted_at, d.id limit $2`
	causes, err := t.texts(`select d.cause`+those, before.UnixMilli(), limit)
	if err != nil {
		return nil, err
	}
	for _, cause := range causes {
		t.total(totalDeleted)
		all.add(cause)
	}
	decisions, err := t.texts(`select decision_id from messages where raw is null
		and id in (select d.id`+those+`)`, before.UnixMilli(), limit)
	if err != nil {
		return nil, err
	}
	for _, decision := range decisions {
		files = append(files, contentName(decision))
	}
	t.erased = t.erased || len(causes) > 0
	if err := db.buryDeleted(t, those, before.UnixMilli(), limit); err != nil {
		return nil, err
	}
	ids, err := t.texts(`select cast(d.id as text)`+those, before.UnixMilli(), limit)
	if err != nil {
		return nil, err
	}
	for _, text := range ids {
		id, _ := strconv.ParseInt(text, 10, 64)
		if err := errors.Join(t.forgetHandoffs(id), t.forgetFacts(id)); err != nil {
			return nil, err
		}
	}
	for _, table := range []string{"messages", "deleted"} {
		err := t.exec(`delete from `+table+` where id in (select d.id`+those+`)`,
			before.UnixMilli(), limit)
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}
