package store

import (
	"context"
	"errors"
	"fmt"
)

// A Matching is all held messages that a query selects, as they were when somebody looked: what
// came later is none of them.
type Matching struct {
	Query Query // its order and its limit count for nothing
	Last  int64 // the highest id that there was
	Count int64 // how many there were
}

// ErrMoreMatch says that more is held of what a query selects than somebody saw: some was
// restored since.
var ErrMoreMatch = errors.New("more messages match than did when you looked: look again")

// Matching is what a query selects now.
func (db *DB) Matching(ctx context.Context, q Query) (m Matching, err error) {
	m.Query = q
	m.Last, err = one(ctx, db, scanCount, `select value from meta where name = 'sequence'`)
	if err == nil {
		m.Count, err = db.countMatching(ctx, m)
	}
	if err != nil {
		return m, fmt.Errorf("count what matches: %w", err)
	}
	return m, nil
}

func (m Matching) where() (string, []any) {
	where, args := m.Query.where("s")
	return and(where, fmt.Sprintf("s.id <= $%d", len(args)+1)), append(args, m.Last)
}

func (db *DB) countMatching(ctx context.Context, m Matching) (int64, error) {
	where, args := m.where()
	return one(ctx, db, scanCount, `select count(*) from suspended s`+where, args...)
}

// A Matched is what was done to the messages of a Matching.
type Matched struct {
	Audit    int64 // the entry of the audit log, 0 if nothing was done
	Done     int
	Left     int // not recovered: their rows or contents are damaged, or they may be harmful
	Profiles int // made
}

// RecoverMatching recovers all that match, under one entry of the audit log, in batches: mail
// waits for each. What somebody else recovers or deletes meanwhile is left to them.
func (h *Editor) RecoverMatching(ctx context.Context, m Matching) (Matched, error) {
	return h.matching(ctx, m, Recovered, func(c *queueChange, id int64) (string, error) {
		_, err := c.recover(id)
		return "", err
	})
}

// DeleteMatching deletes all that match in the same way.
func (h *Editor) DeleteMatching(ctx context.Context, m Matching) (Matched, error) {
	return h.matching(ctx, m, Deleted, (*queueChange).delete)
}

func (h *Editor) matching(ctx context.Context, m Matching, action Action,
	act func(*queueChange, int64) (string, error)) (did Matched, err error) {
	if err := h.db.engine.checkQueue(ctx); err != nil {
		return did, err
	}
	n, err := h.db.countMatching(ctx, m)
	if err == nil && n > m.Count {
		err = ErrMoreMatch
	}
	if err != nil {
		return did, err
	}
	b := matchBatch{h: h, m: m, action: action, act: act}
	for more := true; more; {
		if more, err = b.next(ctx, &did); err != nil {
			return did, fmt.Errorf("after %d of %d messages: %w", did.Done, n, err)
		}
	}
	return did, nil
}

// A matchBatch is one transaction after the other of what is done to a Matching.
type matchBatch struct {
	h      *Editor
	m      Matching
	action Action
	act    func(*queueChange, int64) (file string, err error)
	last   int64 // the message that the batch before ended with
}

// next does the next batch, and reports whether there may be another.
func (b *matchBatch) next(ctx context.Context, did *Matched) (more bool, err error) {
	where, args := b.m.where()
	where += fmt.Sprintf(" and s.id > $%d order by s.id", len(args)+1)
	var ids []int64
	for id, err := range each(ctx, b.h.db, scanCount, `select s.id from suspended s`+where+
		atMost(purgeBatch), append(args, b.last)...) {
		if err != nil {
			return false, err
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return false, nil
	}
	b.last = ids[len(ids)-1]
	var files []string
	var now Matched
	err = b.h.do(ctx, func(t *tx) (err error) {
		now = *did
		files, err = b.run(t, ids, &now)
		return err
	})
	if err != nil {
		return false, err
	}
	*did = now
	return len(ids) == purgeBatch, b.h.db.contents.remove(files)
}

func (b *matchBatch) run(t *tx, ids []int64, did *Matched) (files []string, err error) {
	c := &queueChange{h: b.h, t: t, action: b.action, id: did.Audit}
	for _, id := range ids {
		file, err := b.act(c, id)
		switch {
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrRecovered):
		case errors.Is(err, ErrContentGone), errors.Is(err, ErrDamaged),
			errors.Is(err, ErrMalware):
			did.Left++
		case err != nil:
			return nil, err
		}
		if file != "" {
			files = append(files, file)
		}
	}
	for _, r := range c.rows {
		if did.Done++; r.madeProfile {
			did.Profiles++
		}
	}
	if len(c.rows) == 0 || did.Audit > 0 {
		return files, nil
	}
	did.Audit = c.id
	_, err = b.h.note(t, event{id: c.id, action: b.action, before: b.m.audited(), undoable: c.undoable()})
	return files, err
}

// auditedMatching is what the audit log says of a Matching: what was asked for. How many it was
// in the end is how many messages the entry is about.
type auditedMatching struct {
	Matching auditedQuery `json:"matching"`
	Count    int64        `json:"count"`
}

type auditedQuery struct {
	Cause  string `json:"cause,omitempty"`
	From   string `json:"from,omitempty"`
	Search string `json:"search,omitempty"`
}

func (m Matching) audited() auditedMatching {
	return auditedMatching{auditedQuery{m.Query.Cause, m.Query.From, m.Query.Search}, m.Count}
}
