package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"gatepost/policy"
)

// Generation is that of the lists, which every change of them moves: what SetRules compares.
func (db *DB) Generation(ctx context.Context) (int64, error) {
	return one(ctx, db, scanCount, `select value from meta where name = 'generation'`)
}

// Rules are the entries of a list, in the order they were entered.
func (db *DB) Rules(ctx context.Context, list policy.ListName) iter.Seq2[Rule, error] {
	return each(ctx, db, scanRule, `select r.text, r.note, r.created_at, r.expires_at,
			coalesce(r.expires_at <= $2, false), coalesce(h.hits, 0), h.last_at
		from rules r left join rule_hits h
			on h.list = r.list and h.target = r.target and h.keyword = r.keyword
		where r.list = $1 and not r.removed order by r.generation, r.position`, string(list),
		db.now().UnixMilli())
}

func scanRule(row scanner) (r Rule, err error) {
	var created int64
	var expires, last sql.NullInt64
	err = row.Scan(&r.Entry, &r.Note, &created, &expires, &r.Expired, &r.Hits.Count, &last)
	r.CreatedAt, r.ExpiresAt, r.Hits.Last = fromMillis(created), timeOrNil(expires), timeOrNil(last)
	return r, err
}

// A Life is why an entry is on a list, and for how long.
type Life struct {
	Note      string
	ExpiresAt *time.Time // from then on it decides nothing; nil: never
}

func (l Life) expires() sql.NullInt64 {
	if l.ExpiresAt == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: l.ExpiresAt.UnixMilli(), Valid: true}
}

// ErrOver says that an entry was to be over its time before it was there.
var ErrOver = errors.New("an entry cannot expire in the past: name a time that is to come")

// AddRules adds the entries that are not there yet, or over their time, and says how many. ErrOver
// if their time is over already.
func (h *Editor) AddRules(ctx context.Context, list policy.ListName, entries []policy.Entry,
	life Life) (added int, err error) {
	if life.ExpiresAt != nil && life.ExpiresAt.UnixMilli() <= h.now() {
		return 0, ErrOver
	}
	err = h.changeRules(ctx, RulesAdded, list, func(c *change) error {
		if added, err = c.add(entries, life); err == nil && added == 0 {
			err = c.giveBack()
		}
		return err
	})
	return added, err
}

// ErrRulesChanged says that somebody else changed the lists meanwhile.
var ErrRulesChanged = errors.New("the lists were changed meanwhile: read them again, then save")

// AnyGeneration is that of who replaces whatever there is. All others are above it.
const AnyGeneration = -1

// A NewList is what a list is to become.
type NewList struct {
	Name    policy.ListName
	Entries []policy.Entry
}

// Replaced is how many entries came on a list, and how many went from it.
type Replaced struct{ Added, Removed int }

// SetRules replaces lists whole, all of them or none, under one generation; each is in the
// audit log by itself. Entries that stay keep their notes. Since is the generation at which
// the author saw the lists: if they were changed since, that is ErrRulesChanged, unless what
// is set stands already.
func (h *Editor) SetRules(ctx context.Context, since int64, lists ...NewList) (
	did []Replaced, err error) {
	err = h.do(ctx, func(t *tx) error {
		did, err = h.setLists(t, since, lists)
		return err
	})
	return did, err
}

func (h *Editor) setLists(t *tx, since int64, lists []NewList) (did []Replaced, err error) {
	did = make([]Replaced, len(lists))
	var c *change
	for i, l := range lists {
		stands, err := t.stands(l)
		if err != nil {
			return nil, err
		}
		if stands {
			continue
		}
		if c == nil {
			if c, err = h.changeSince(t, since); err != nil {
				return nil, err
			}
		}
		c.list = string(l.Name)
		if did[i], err = c.set(l.Entries); err != nil {
			return nil, err
		}
		if err := h.noteSet(t, c); err != nil {
			return nil, err
		}
	}
	return did, nil
}

// noteSet notes that a list was set. Another order or spelling alone takes nothing from it, and
// puts nothing on it, but others who saw it as it was are told of it.
func (h *Editor) noteSet(t *tx, c *change) error {
	id, err := h.noteRules(t, c, event{action: RulesSet, subject: c.list})
	if err == nil && id == 0 {
		_, err = h.note(t, event{action: RulesOrdered, subject: c.list, generation: c.generation})
	}
	return err
}

// stands reports whether a list is that already, entry by entry and in that order.
func (t *tx) stands(l NewList) (bool, error) {
	texts, err := t.texts(`select text from rules where list = $1 and not removed
		order by generation, position limit $2`, string(l.Name), len(l.Entries)+1)
	return slices.EqualFunc(texts, l.Entries, func(text string, e policy.Entry) bool {
		return text == e.Text
	}), err
}

// changeSince begins a change by who saw the lists at a generation.
func (h *Editor) changeSince(t *tx, since int64) (*change, error) {
	c, err := h.newChange(t, "")
	if err == nil && since != AnyGeneration && since != c.generation-1 {
		err = ErrRulesChanged
	}
	return c, err
}

func (c *change) set(entries []policy.Entry) (r Replaced, err error) {
	kept, err := c.count(entries)
	if err != nil {
		return r, err
	}
	before, err := c.t.change(`update rules set removed = true, generation = $1
		where list = $2 and not removed`, c.generation, c.list)
	if err != nil {
		return r, err
	}
	_, err = c.add(entries, Life{})
	return Replaced{Added: len(entries) - kept, Removed: int(before) - kept}, err
}

// RemoveRules removes entries; why, if it is said, is kept in the history of the lists. If any is
// not on the list nothing is removed, missing says which, and the error is ErrNotFound.
func (h *Editor) RemoveRules(ctx context.Context, list policy.ListName, entries []policy.Entry,
	why string) (missing []policy.Entry, err error) {
	err = h.changeRules(ctx, RulesRemoved, list, func(c *change) error {
		c.why = why
		missing, err = c.remove(entries)
		switch {
		case err == nil && missing != nil:
			err = fmt.Errorf("%w: %s", ErrNotFound, missing[0])
		case err == nil && len(entries) == 0:
			err = c.giveBack()
		}
		return err
	})
	return missing, err
}

// ReplaceRules takes entries off a list and puts others there, all under one generation, with the
// note of the first that goes, and for as long. If any is not on the list nothing is changed, and the error is
// ErrNotFound.
func (h *Editor) ReplaceRules(ctx context.Context, list policy.ListName,
	remove, add []policy.Entry) error {
	return h.changeRules(ctx, RulesSet, list, func(c *change) error {
		var life Life
		if len(remove) > 0 {
			var expires sql.NullInt64
			err := c.t.row(`select note, expires_at from rules where list = $1 and target = $2
				and keyword = $3 and not removed`, c.list, remove[0].Target,
				remove[0].Keyword.String()).Scan(&life.Note, &expires)
			if err != nil {
				return absent(err)
			}
			life.ExpiresAt = timeOrNil(expires)
		}
		missing, err := c.remove(remove)
		if err == nil && missing != nil {
			err = fmt.Errorf("%w: %s", ErrNotFound, missing[0])
		}
		if err == nil {
			_, err = c.add(add, life)
		}
		return err
	})
}

// BothLists is the subject in the audit log of a change that was made of both at once.
const BothLists = "lists"

// A change is one change of a list, or of both, at once or one after the other, under a
// generation of its own.
type change struct {
	t          *tx
	list       string
	generation int64
	now        int64
	why        string // something was taken off the list
}

func (h *Editor) changeRules(ctx context.Context, action Action, list policy.ListName,
	do func(*change) error) error {
	return h.do(ctx, func(t *tx) error {
		c, err := h.newChange(t, list)
		if err != nil {
			return err
		}
		if err := do(c); err != nil {
			return err
		}
		_, err = h.noteRules(t, c, event{action: action, subject: c.list})
		return err
	})
}

func (h *Editor) newChange(t *tx, list policy.ListName) (*change, error) {
	c := &change{t: t, list: string(list), now: h.now()}
	err := t.row(`update meta set value = value + 1 where name = 'generation'
		returning value`).Scan(&c.generation)
	if err != nil {
		return nil, fmt.Errorf("generation: %w", damaged(err))
	}
	return c, nil
}

// giveBack undoes the generation of a change that changed nothing: it would only tell others
// that what they saw is no longer so.
func (c *change) giveBack() error {
	return c.t.exec(`update meta set value = value - 1 where name = 'generation'`)
}

// noteRules keeps what a change took from its list and put on it, however much that is, so
// that it can be undone; the id is 0 if that is nothing.
func (h *Editor) noteRules(t *tx, c *change, e event) (id int64, err error) {
	if id, err = t.nextAudit(); err != nil {
		return 0, err
	}
	if n, err := t.keepRules(c, id); err != nil || n == 0 {
		return 0, err
	}
	e.id, e.generation, e.undoable = id, c.generation, true
	if e.before, err = t.auditedEntries(id, false); err != nil {
		return 0, err
	}
	if e.after, err = t.auditedEntries(id, true); err != nil {
		return 0, err
	}
	if c.why != "" {
		e.after = auditedEntries{Entries: []string{}, Note: c.why}
	}
	return h.note(t, e)
}

// keepRules keeps what a change took from its list and put on it under an entry of the audit
// log, and says how much that is.
func (t *tx) keepRules(c *change, audit int64) (n int64, err error) {
	n, err = t.change(`insert into audit_rules (audit, list, keyword, target, text, note,
			position, created_at, added, expires_at)
		select $1, list, keyword, target, text, note, position, created_at, not removed, expires_at
		from rules where $3 in (list, '`+BothLists+`') and generation = $2 and (removed or since = $2)`,
		audit, c.generation, c.list)
	if err != nil {
		return 0, fmt.Errorf("audit: %w", err)
	}
	return n, nil
}

// auditedEntries is what the audit log shows of entries: how many, and the first of them.
type auditedEntries struct {
	Count   int      `json:"count"`
	Entries []string `json:"entries"`
	Note    string   `json:"note,omitempty"` // why they were removed
}

const shownEntries = 100

func (t *tx) auditedEntries(audit int64, added bool) (any, error) {
	var e auditedEntries
	err := t.row(`select count(*) from audit_rules where audit = $1 and added = $2`,
		audit, added).Scan(&e.Count)
	if err != nil || e.Count == 0 {
		return nil, damaged(err)
	}
	e.Entries, err = t.auditedTexts(audit, added)
	return e, err
}

// auditedTexts name the list where there are entries of both.
func (t *tx) auditedTexts(audit int64, added bool) ([]string, error) {
	return t.texts(`select case when (select min(list) from audit_rules where audit = $1)
			< (select max(list) from audit_rules where audit = $1) then list || ' ' else '' end || text
		from audit_rules where audit = $1 and added = $2
		order by position, target, keyword limit $3`, audit, added, shownEntries)
}

func (c *change) remove(entries []policy.Entry) (missing []policy.Entry, err error) {
	for _, e := range entries {
		n, err := c.t.change(`update rules set removed = true, generation = $1
			where list = $2 and target = $3 and keyword = $4 and not removed`,
			c.generation, c.list, e.Target, e.Keyword.String())
		if err != nil {
			return nil, fmt.Errorf("remove %s: %w", e, err)
		}
		if n == 0 {
			missing = append(missing, e)
		}
	}
	return missing, nil
}

// count says how many of the entries are on the list.
func (c *change) count(entries []policy.Entry) (n int, err error) {
	for _, e := range entries {
		var there int
		err := c.t.row(`select count(*) from rules where list = $1 and target = $2
			and keyword = $3 and not removed`, c.list, e.Target, e.Keyword.String()).Scan(&there)
		if err != nil {
			return 0, err
		}
		n += there
	}
	return n, nil
}
