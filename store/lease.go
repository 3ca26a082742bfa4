package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// A Carried is how a try ended: what becomes of the hand-off.
type Carried struct {
	ID    int64
	State string    // done, failed, unknown, or waiting for the next try
	Said  string    // the other side's words
	Due   time.Time // of the next try
}

// The states of a hand-off.
const (
	HandoffWaiting   = "waiting"
	HandoffDone      = "done"
	HandoffFailed    = "failed"
	HandoffUnknown   = "unknown" // it may have arrived
	HandoffDiscarded = "discarded"
)

// mostSaid bounds what is kept of the other side's words, in runes.
const mostSaid = 1000

// A Run carries what the outbox has. There is one at a time: that of the server, or of the node that
// has this duty.
type Run struct {
	db *DB
	id int64
}

// StartRun frees what an earlier run had in hand.
func (db *DB) StartRun(ctx context.Context) (*Run, error) {
	r := &Run{db: db}
	err := db.writer.do(ctx, func(t *tx) error {
		return t.row(`update meta set value = value + 1 where name = 'courier_run'
			returning value`).Scan(&r.id)
	})
	if err != nil {
		return nil, fmt.Errorf("begin to carry: %w", damaged(err))
	}
	return r, nil
}

// Handed has something in it once this process has written what is to be carried on.
func (db *DB) Handed() <-chan struct{} { return db.writer.handed }

// dueQuery finds what may be tried: of one thread the first that waits. Of a target that is paused
// none of its messages is looked at: whoever writes wakes who takes, and there may be a million.
const dueQuery = `select h.id from targets g cross join handoffs h
	where g.name = $1 and g.paused_at = 0 and h.target = $1 and h.state = 'waiting'
	and h.due_at <= $2 and h.lease <> $3 and not exists (select 1 from handoffs p
		indexed by handoffs_thread where p.thread = h.thread and p.target = h.target
		and p.recipient = h.recipient and p.id < h.id and p.state = 'waiting')
	order by h.due_at limit $4`

// Take takes into hand what is due of a target, up to a limit, the oldest first; nothing while it
// is paused. Where nothing is, nothing is written.
func (r *Run) Take(ctx context.Context, target string, limit int) ([]Lease, error) {
	var ids []int64
	for id, err := range each(ctx, r.db, scanCount, dueQuery, target, r.db.now().UnixMilli(), r.id,
		limit) {
		if err != nil {
			return nil, fmt.Errorf("hand-offs to %s: %w", target, err)
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	// From here on they are in hand, and nobody else takes them: ctx does not count any more.
	ctx = context.WithoutCancel(ctx)
	var taken []string
	err = r.db.writer.ride(ctx, func(t *tx) (err error) {
		taken, err = t.texts(`update handoffs set lease = $1, attempts = attempts + 1
			where id in (select value from json_each($2)) and state = 'waiting' and lease <> $1
			returning cast(id as text)`, r.id, string(list))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("hand-offs to %s: %w", target, err)
	}
	return r.read(ctx, "["+strings.Join(taken, ",")+"]", len(taken))
}

// Content reads a message byte for byte as it was received, whatever became of it since.
func (db *DB) Content(ctx context.Context, message int64) (io.ReadCloser, error) {
	type content struct {
		decision string
		raw      []byte
	}
	c, err := one(ctx, db, func(row scanner) (c content, err error) {
		return c, row.Scan(&c.decision, &c.raw)
	}, `select decision_id, raw from messages where id = $1
		union all select key, raw from notices where id = $1`, message)
	if err != nil {
		return nil, fmt.Errorf("message %d: %w", message, err)
	}
	return db.openContent(ctx, message, c.decision, c.raw)
}

// End writes how tries ended. What was discarded meanwhile stays so, unless it arrived; and so does
// what another run has in hand by now.
func (r *Run) End(ctx context.Context, all ...Carried) error {
	now, ctx := r.db.now().UnixMilli(), whateverDuty(ctx)
	err := r.db.writer.ride(ctx, func(t *tx) error {
		for _, c := range all {
			ended := now
			if c.State == HandoffWaiting {
				ended = 0
			}
			err := t.exec(`update handoffs set state = $2, said = $3, due_at = $4, lease = 0,
				tried_at = $5, first_at = case when first_at = 0 then $5 else first_at end, ended_at = $6
				where id = $1 and (state = 'waiting' and lease = $7 or $2 = 'done')`, c.ID, c.State,
				said(c.Said), c.Due.UnixMilli(), now, ended, r.id)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("how hand-offs ended: %w", err)
	}
	return nil
}

// GiveBack frees what was taken and not tried.
func (r *Run) GiveBack(ctx context.Context, ids []int64) error {
	list, err := json.Marshal(ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	return r.giveBack(ctx, string(list))
}

func (r *Run) giveBack(ctx context.Context, list string) error {
	return r.db.writer.do(ctx, func(t *tx) error {
		return t.exec(`update handoffs set lease = 0, attempts = attempts - 1
			where id in (select value from json_each($1)) and lease = $2`, list, r.id)
	})
}

// Hasten makes all that waits for a target due: it takes mail again.
func (r *Run) Hasten(ctx context.Context, target string) error {
	now := r.db.now().UnixMilli()
	return r.db.writer.do(ctx, func(t *tx) error {
		return t.exec(`update handoffs set due_at = $2 where target = $1 and state = 'waiting'
			and due_at > $2`, target, now)
	})
}
