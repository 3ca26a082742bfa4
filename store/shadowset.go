package store

import (
	"context"
	"errors"
	"fmt"

	"gatepost/policy"
)

// ErrShadowConflicts says that the lists were changed where the shadow changes them.
var ErrShadowConflicts = errors.New("since the shadow was set, the lists were changed where it " +
	"changes them: set it anew")

// shadowSubject is that of what sets and drops the shadow.
const shadowSubject = "shadow"

// SetShadow puts a shadow in the place of the one that there is. Generation is that of the lists
// from which the changes were made. Its counts begin at zero.
func (h *Editor) SetShadow(ctx context.Context, generation int64, changes []ShadowChange) error {
	return h.do(ctx, func(t *tx) error {
		was, err := h.clearShadow(t)
		if err != nil {
			return err
		}
		if err := t.readSequence(); err != nil {
			return err
		}
		var number int64
		err = t.row(`update meta set value = value + 1 where name = 'shadows' returning value`).
			Scan(&number)
		if err != nil {
			return fmt.Errorf("shadow: %w", damaged(err))
		}
		err = t.exec(`insert into shadow (number, set_at, set_by, generation, last_message, rejected)
			values ($1, $2, $3, $4, $5,
				cast($6 as bigint) + (select value from meta where name = '`+totalRejected+`'))`,
			number, h.now(), h.actor.Name, generation, t.sequence, t.totals[totalRejected])
		if err != nil {
			return err
		}
		for _, c := range changes {
			err := t.exec(`insert into shadow_changes (list, keyword, target, text, removed)
				values ($1, $2, $3, $4, $5)`, string(c.List), c.Keyword.String(), c.Target,
				c.String(), c.Removed)
			if err != nil {
				return fmt.Errorf("shadow: %s: %w", c, err)
			}
		}
		is, err := t.auditedShadow()
		if err == nil {
			_, err = h.note(t, event{action: ShadowSet, subject: shadowSubject, before: was, after: is})
		}
		return err
	})
}

// DropShadow takes the shadow of that number away, or ErrNoShadow. The lists stay as they are.
func (h *Editor) DropShadow(ctx context.Context, number int64) error {
	return h.do(ctx, func(t *tx) error {
		if err := t.mustBeShadow(number); err != nil {
			return err
		}
		was, err := h.clearShadow(t)
		if err == nil {
			_, err = h.note(t, event{action: ShadowDropped, subject: shadowSubject, before: was})
		}
		return err
	})
}

// PromoteShadow makes the changes of the shadow of that number to the lists, as one change that
// can be undone, and takes it away. ErrNoShadow if it is not set any more; ErrShadowConflicts if
// the lists were changed meanwhile where it changes them. What stands already is no conflict.
func (h *Editor) PromoteShadow(ctx context.Context, number int64) (did Replaced, err error) {
	err = h.do(ctx, func(t *tx) error {
		did, err = h.promote(t, number)
		return err
	})
	return did, err
}

func (h *Editor) promote(t *tx, number int64) (did Replaced, err error) {
	if err := t.mustBeShadow(number); err != nil {
		return did, err
	}
	var conflicts int
	err = t.row(`select count(*) from (` + conflictsQuery + `) c`).Scan(&conflicts)
	if err != nil {
		return did, damaged(err)
	}
	if conflicts > 0 {
		return did, ErrShadowConflicts
	}
	c, err := h.newChange(t, "")
	if err != nil {
		return did, err
	}
	if did, err = c.makeShadowed(); err != nil {
		return did, fmt.Errorf("promote the shadow: %w", err)
	}
	was, err := h.clearShadow(t)
	if err != nil {
		return did, err
	}
	lists, err := t.texts(`select distinct list from rules where generation = $1`, c.generation)
	if err != nil {
		return did, err
	}
	if len(lists) == 0 { // all of it stands already
		_, err = h.note(t, event{action: ShadowDropped, subject: shadowSubject, before: was})
		return did, errors.Join(err, c.giveBack())
	}
	c.list = oneOrBoth(lists)
	_, err = h.noteRules(t, c, event{action: ShadowPromoted, subject: c.list})
	return did, err
}

// makeShadowed makes the changes of the shadow.
func (c *change) makeShadowed() (did Replaced, err error) {
	removed, err := c.t.change(`update rules set removed = true, generation = $1
		where not removed and (list, target, keyword) in
			(select list, target, keyword from shadow_changes where removed)`, c.generation)
	if err != nil {
		return did, err
	}
	added, err := c.t.change(`insert into rules (list, keyword, target, text, note, position,
			generation, since, removed, created_at)
		select list, keyword, target, text, '', row_number() over (order by target, keyword),
			$1, $1, false, $2 from shadow_changes where not removed
		on conflict (list, target, keyword) do update set text = excluded.text, note = '',
			position = excluded.position, generation = excluded.generation,
			since = excluded.since, removed = false, created_at = excluded.created_at
		where rules.removed`, c.generation, c.now)
	return Replaced{Added: int(added), Removed: int(removed)}, err
}

func (t *tx) mustBeShadow(number int64) error {
	var stands int64
	if err := t.row(shadowNumberQuery).Scan(&stands); err != nil {
		return damaged(err)
	}
	if stands == 0 || stands != number {
		return ErrNoShadow
	}
	return nil
}

// clearShadow takes away the shadow and its counts, and says what it was.
func (h *Editor) clearShadow(t *tx) (was any, err error) {
	if was, err = t.auditedShadow(); err != nil {
		return nil, err
	}
	for _, table := range []string{"shadow", "shadow_changes", "shadow_rejections"} {
		if err := t.exec(`delete from ` + table); err != nil {
			return nil, err
		}
	}
	return was, nil
}

// auditedShadow is what the audit log shows of the shadow.
func (t *tx) auditedShadow() (any, error) {
	var e auditedEntries
	err := t.row(`select count(*) from shadow_changes`).Scan(&e.Count)
	if err != nil || e.Count == 0 {
		return nil, damaged(err)
	}
	e.Entries, err = t.texts(`select case when removed then '-' else '+' end || list || ' ' || text
		from shadow_changes order by list, target, keyword limit $1`, shownEntries)
	return e, err
}

// A Shadowed is what the shadow of that number would have made of a message that is rejected
// silently.
type Shadowed struct {
	Number int64
	Action policy.Action
	Cause  policy.Cause // of what it would have held
}

// countShadowed counts it, with those of the rest of the batch.
func (t *tx) countShadowed(s Shadowed) {
	if s.Number == 0 {
		return
	}
	if t.shadowed == nil {
		t.shadowed = map[Shadowed]int64{}
	}
	t.shadowed[s]++
}

// flushShadowed writes the counts. Those of a shadow that was dropped meanwhile are void.
func (t *tx) flushShadowed() error {
	for s, n := range t.shadowed {
		err := t.exec(`insert into shadow_rejections (action, cause, messages)
			select $1, $2, $3 where (select number from shadow) = $4
			on conflict (action, cause) do update set messages = shadow_rejections.messages + excluded.messages`,
			s.Action.String(), s.Cause.String(), n, s.Number)
		if err != nil {
			return fmt.Errorf("shadow: %w", err)
		}
	}
	return nil
}
