package store

import (
	"context"
	"errors"

	"gatepost/policy"
)

// RevertRules makes both lists what they were at a generation, with the notes and the times that
// their entries had, and says what that did to each; their order and age are not kept. What was taken and
// what was put back are two changes, each in the audit log by itself: of an entry with another
// note or time it is both. Since is as in SetRules. ErrNoGeneration if what they were is not known.
func (h *Editor) RevertRules(ctx context.Context, generation, since int64) (
	did map[policy.ListName]Replaced, err error) {
	err = h.do(ctx, func(t *tx) error {
		did = map[policy.ListName]Replaced{}
		var first, now int64
		err := errors.Join(t.row(firstKnownQuery).Scan(&first),
			t.row(`select value from meta where name = 'generation'`).Scan(&now))
		if err != nil {
			return damaged(err)
		}
		if err := known(generation, first, now); err != nil {
			return err
		}
		if since != AnyGeneration && since != now {
			return ErrRulesChanged
		}
		back := reversal{editor: h, t: t, to: generation, from: now}
		taken, err := back.do(takeQuery)
		put, err2 := back.do(putQuery)
		for list := range taken {
			did[list] = Replaced{Added: put[list], Removed: taken[list]}
		}
		return errors.Join(err, err2)
	})
	return did, err
}

// A reversal takes back what was changed of the lists after a generation, up to that which stands.
type reversal struct {
	editor   *Editor
	t        *tx
	to, from int64
}

// takeQuery takes from a list $4 what was not on it at generation $1, or with another note or time.
const takeQuery = `update rules set removed = true, generation = $3
	where list = $4 and not removed and (target, keyword) in (
		select t.target, t.keyword from ` + touched + ` t join audit_rules w on w.audit = t.first
			and w.list = t.list and w.target = t.target and w.keyword = t.keyword
		where t.list = $4 and (w.added or w.note <> rules.note
			or w.expires_at is distinct from rules.expires_at))`

// putQuery puts back on a list what was on it and is not.
const putQuery = `insert into rules (list, keyword, target, text, note, position, generation, since,
		removed, created_at, expires_at)
	select w.list, w.keyword, w.target, w.text, w.note, w.position, $3, $3, false, w.created_at,
		w.expires_at
	from ` + touched + ` t join audit_rules w on w.audit = t.first
		and w.list = t.list and w.target = t.target and w.keyword = t.keyword and not w.added
	where t.list = $4
	on conflict (list, target, keyword) do update set text = excluded.text, note = excluded.note,
		position = excluded.position, generation = excluded.generation, since = excluded.since,
		removed = false, created_at = excluded.created_at, expires_at = excluded.expires_at
	where rules.removed`

// do makes one of the two changes, of both lists, and says how many entries that was.
func (r reversal) do(query string) (entries map[policy.ListName]int, err error) {
	entries = map[policy.ListName]int{}
	c, err := r.editor.newChange(r.t, "")
	if err != nil {
		return nil, err
	}
	changed := int64(0)
	for _, list := range []policy.ListName{policy.Block, policy.Allow} {
		c.list = string(list)
		n, err := r.t.change(query, r.to, r.from, c.generation, c.list)
		if err != nil {
			return nil, err
		}
		entries[list], changed = int(n), changed+n
		if n == 0 {
			continue
		}
		_, err = r.editor.noteRules(r.t, c, event{action: RulesReverted, subject: c.list})
		if err != nil {
			return nil, err
		}
	}
	if changed == 0 {
		return entries, c.giveBack()
	}
	return entries, nil
}
