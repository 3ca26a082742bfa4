package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"gatepost/message"
)

// A Handoff is one message on its way to one target.
type Handoff struct {
	ID         int64      `json:"id"`
	Target     string     `json:"target"`
	Event      string     `json:"event"`
	Ticket     int64      `json:"ticket"` // or the held message; 0 of what is about neither
	Recipient  string     `json:"recipient"`
	Key        string     `json:"key"`
	State      string     `json:"state"`
	Attempts   int        `json:"attempts"`
	InHand     bool       `json:"in_hand"` // a server tries, or tried when it was killed
	Said       string     `json:"said"`
	CreatedAt  time.Time  `json:"created_at"`
	DueAt      *time.Time `json:"due_at"` // null unless it waits
	FirstAt    *time.Time `json:"first_at"`
	TriedAt    *time.Time `json:"tried_at"`
	EndedAt    *time.Time `json:"ended_at"`
	DecisionID string     `json:"decision_id"` // empty once the message is deleted for good
	Subject    string     `json:"subject"`
}

// HandoffStates are all that a hand-off can be in.
func HandoffStates() []string {
	return []string{HandoffWaiting, HandoffDone, HandoffFailed, HandoffUnknown, HandoffDiscarded}
}

// UnendedHandoffs are the states of what is not over, and of what somebody should see to.
func UnendedHandoffs() []string { return []string{HandoffWaiting, HandoffFailed, HandoffUnknown} }

// A HandoffQuery selects hand-offs. Its zero value is all of them.
type HandoffQuery struct {
	Target string
	States []string // any of them; none is all
	Ticket int64    // or held message
	Limit  int      // 0 is no limit
}

const handoffColumns = `h.id, h.target, h.event, h.ticket, h.recipient, h.key, h.state, h.attempts,
	h.lease > 0, h.said, h.created_at, h.due_at, h.first_at, h.tried_at, h.ended_at,
	coalesce((select m.decision_id from messages m where m.id = h.message), ''),
	coalesce((select c.subject from comments c where c.message = h.message),
		(select t.subject from tickets t where t.id = h.ticket),
		(select s.subject from suspended s where s.id = h.ticket),
		(select n.subject from notices n where n.id = h.message), '')`

func scanHandoff(row scanner) (h Handoff, err error) {
	var created, due, first, tried, ended int64
	err = row.Scan(&h.ID, &h.Target, &h.Event, &h.Ticket, &h.Recipient, &h.Key, &h.State,
		&h.Attempts, &h.InHand, &h.Said, &created, &due, &first, &tried, &ended, &h.DecisionID,
		&h.Subject)
	h.CreatedAt = fromMillis(created)
	h.FirstAt, h.TriedAt, h.EndedAt = timeOrNull(first), timeOrNull(tried), timeOrNull(ended)
	if h.State == HandoffWaiting {
		h.DueAt = timeOrNull(due)
	} else {
		h.InHand = false
	}
	return h, err
}

// conditions are what a hand-off must meet.
func (q HandoffQuery) conditions() (c conditions) {
	if q.Target != "" {
		c.add(`h.target = $`, q.Target)
	}
	if q.States != nil {
		c.texts = append(c.texts, inStates(q.States))
	}
	if q.Ticket != 0 {
		c.add(`h.ticket = $`, q.Ticket)
		c.add(`h.thread = coalesce((select t.message from tickets t where t.id = $),
			`+fmt.Sprintf("%d", q.Ticket)+`)`, q.Ticket)
	}
	return c
}

// Handoffs yields the hand-offs that q selects, the newest first.
func (db *DB) Handoffs(ctx context.Context, q HandoffQuery) iter.Seq2[Handoff, error] {
	c := q.conditions()
	return each(ctx, db, scanHandoff, `select `+handoffColumns+` from handoffs h`+c.where()+
		` order by h.id desc`+atMost(q.Limit), c.args...)
}

// mostShown is how many hand-offs are shown with their ticket.
const mostShown = 200

// HandoffsOf are those of a ticket and of its comments, or of a held message, the newest first:
// the newest 200, if there are more.
func (db *DB) HandoffsOf(ctx context.Context, id int64) ([]Handoff, error) {
	all := []Handoff{}
	for h, err := range db.Handoffs(ctx, HandoffQuery{Ticket: id, Limit: mostShown}) {
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// CountHandoffs says how many hand-offs q selects, its limit aside.
func (db *DB) CountHandoffs(ctx context.Context, q HandoffQuery) (int64, error) {
	c := q.conditions()
	return one(ctx, db, scanCount, `select count(*) from handoffs h`+c.where(), c.args...)
}

// inStates is a condition of which each part has an index, but for what has ended well.
func inStates(states []string) string {
	var any []string
	for _, state := range states {
		switch state {
		case HandoffWaiting, HandoffDone, HandoffDiscarded:
			any = append(any, `h.state = '`+state+`'`)
		case HandoffFailed, HandoffUnknown:
			any = append(any, `h.state in ('failed', 'unknown') and h.state = '`+state+`'`)
		}
	}
	return "(" + strings.Join(append(any, "false"), " or ") + ")"
}

// Handoff is one hand-off, or ErrNotFound.
func (db *DB) Handoff(ctx context.Context, id int64) (Handoff, error) {
	return one(ctx, db, scanHandoff, `select `+handoffColumns+` from handoffs h where h.id = $1`, id)
}

// StrandedHandoffs counts what waits although its message is nowhere any more, as where a damaged
// database was salvaged.
func (db *DB) StrandedHandoffs(ctx context.Context) (int64, error) {
	return one(ctx, db, scanCount, `select count(*) from handoffs h where h.state = 'waiting'
		and not exists (select 1 from messages m where m.id = h.message)
		and not exists (select 1 from notices n where n.id = h.message)`)
}

// ErrHandedOff says that a hand-off is done: another try would make a second ticket.
var ErrHandedOff = errors.New("it was handed over already")

// RetryHandoffs has hand-offs tried at once, and for the whole time anew. If one is not there or
// is done, nothing is changed.
func (h *Editor) RetryHandoffs(ctx context.Context, ids []int64) error {
	return h.changeHandoffs(ctx, RetriedHandoff, ids, `update handoffs set state = 'waiting',
		due_at = $2, first_at = 0, ended_at = 0 where id = $1 and state <> 'done'`)
}

// DiscardHandoffs ends hand-offs: they are tried no more. If one is not there or is done, nothing
// is changed. What a server has in hand may arrive all the same.
func (h *Editor) DiscardHandoffs(ctx context.Context, ids []int64) error {
	return h.changeHandoffs(ctx, DiscardedHandoff, ids, `update handoffs set state = 'discarded',
		ended_at = $2 where id = $1 and state <> 'done'`)
}

func (h *Editor) changeHandoffs(ctx context.Context, action Action, ids []int64, query string) error {
	return h.do(ctx, func(t *tx) error {
		for _, id := range ids {
			n, err := t.change(query, id, h.now())
			if err != nil {
				return err
			}
			if n == 0 {
				err := t.row(`select true from handoffs where id = $1`, id).Scan(new(bool))
				if err = absent(err); err == nil {
					err = ErrHandedOff
				}
				return fmt.Errorf("hand-off %d: %w", id, err)
			}
		}
		t.handed = true
		e := event{action: action, after: map[string]any{"count": len(ids),
			"handoffs": ids[:min(len(ids), shownEntries)]}}
		if len(ids) == 1 {
			e.subject, e.after = fmt.Sprint(ids[0]), nil
		}
		_, err := h.note(t, e)
		return err
	})
}

// PauseTarget keeps what waits for a target, and has nothing tried. One that is paused keeps its
// reason. ErrNotFound if there is no such target.
func (h *Editor) PauseTarget(ctx context.Context, name, why string) error {
	return h.changeTarget(ctx, event{action: PausedTarget, subject: name,
		after: map[string]string{"why": said(why)}}, `update targets set paused_at = $2, paused_why = $3
		where name = $1 and paused_at = 0`, h.now(), said(why))
}

// PauseTried is PauseTarget by a try that began at a time. If somebody has resumed the target since
// then the try says nothing of the settings as they are, and pauses nothing.
func (h *Editor) PauseTried(ctx context.Context, name, why string, began time.Time) error {
	return h.changeTarget(ctx, event{action: PausedTarget, subject: name,
		after: map[string]string{"why": said(why)}}, `update targets set paused_at = $2, paused_why = $3
		where name = $1 and paused_at = 0 and not exists (select 1 from audit
			where subject = $1 and action = $4 and at >= $5)`,
		h.now(), said(why), ResumedTarget, began.UnixMilli())
}

// ResumeTarget has what waits for a target tried at once, and for the whole time anew.
func (h *Editor) ResumeTarget(ctx context.Context, name string) error {
	return h.changeTarget(ctx, event{action: ResumedTarget, subject: name}, `update targets
		set paused_at = 0, paused_why = '' where name = $1 and paused_at > 0`)
}

func (h *Editor) changeTarget(ctx context.Context, e event, query string, args ...any) error {
	return h.do(ctx, func(t *tx) error {
		n, err := t.change(query, append([]any{e.subject}, args...)...)
		if err != nil {
			return err
		}
		if n == 0 {
			err := t.row(`select true from targets where name = $1`, e.subject).Scan(new(bool))
			return absent(err) // it is so already
		}
		if e.action == ResumedTarget {
			t.handed = true
			err := t.exec(`update handoffs set due_at = $2, first_at = 0
				where target = $1 and state = 'waiting'`, e.subject, h.now())
			if err != nil {
				return err
			}
		}
		_, err = h.note(t, e)
		return err
	})
}

// said is what is kept of the other side's words.
func said(text string) string { return firstRunes(message.Clean(strings.TrimSpace(text)), mostSaid) }
