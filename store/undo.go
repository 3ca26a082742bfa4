package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"gatepost/policy"
)

// ErrCannotUndo says that a change cannot be undone, or not any more.
var ErrCannotUndo = errors.New("cannot be undone")

// Undo takes back a change of a list, of organisations, of the IP restrictions, of a profile's suspension, or
// what was done to held messages, by its id in the audit log; all that the entry says, or nothing.
// ErrNotFound if there is no such entry; ErrCannotUndo if it is of another kind, was undone
// already, or what it changed has been changed since; ErrLockout if it would shut out whoever
// undoes it. What was undone can be undone again by undoing that, but for held messages.
func (h *Editor) Undo(ctx context.Context, auditID int64) error {
	was, err := h.db.AuditEntry(ctx, auditID)
	if err != nil {
		return fmt.Errorf("audit entry %d: %w", auditID, err)
	}
	if was.Messages > 0 {
		err = h.undoMail(ctx, auditID)
	} else {
		err = h.do(ctx, func(t *tx) error { return h.undo(t, auditID) })
	}
	if err != nil {
		return fmt.Errorf("audit entry %d %w", auditID, err)
	}
	return nil
}

func (h *Editor) undo(t *tx, id int64) error {
	was, generation, err := t.undoable(id)
	if err != nil {
		return err
	}
	e := event{action: Undone, undoes: &id}
	var by int64
	switch {
	case was.OfOrganizations():
		by, err = h.undoOrgs(t, was.ID, e)
	case generation > 0:
		e.subject = was.Subject
		by, err = h.undoRules(t, was.ID, generation, e)
	case was.Action == UserSuspended, was.Action == UserUnsuspended:
		by, err = h.undoSuspension(t, was, e)
	default:
		by, err = h.undoAccess(t, was, e)
	}
	return errors.Join(err, t.markUndone(id, by))
}

func (t *tx) markUndone(id, by int64) error {
	return t.exec(`update audit set undone_by = $1 where id = $2 and undone_by is null
		and cast($1 as bigint) > 0`,
		by, id)
}

// undoable is an entry that may be undone, as far as it says so itself.
func (t *tx) undoable(id int64) (was AuditEntry, generation int64, err error) {
	was, generation, err = t.audited(id)
	switch {
	case err != nil:
	case was.UndoneBy != nil:
		err = fmt.Errorf("%w: entry %d did so already", ErrCannotUndo, *was.UndoneBy)
	case !was.Undoable && was.Messages > 0:
		err = fmt.Errorf("%w: what it did to held mail is for good", ErrCannotUndo)
	case !was.Undoable:
		err = fmt.Errorf("%w: %s is no change of a list or of access", ErrCannotUndo, was.Action)
	}
	return was, generation, err
}

func (t *tx) audited(id int64) (e AuditEntry, generation int64, err error) {
	e, err = scanAudit(also{t.row(`select `+auditColumns+`, generation from audit where id = $1`,
		id), []any{&generation}})
	return e, generation, absent(err)
}

var errChangedSince = fmt.Errorf("%w: what it changed has been changed since", ErrCannotUndo)

// undoAccess puts the restrictions back that stood before.
func (h *Editor) undoAccess(t *tx, was AuditEntry, e event) (id int64, err error) {
	var before, after accessRow
	if err := errors.Join(json.Unmarshal(was.Before, &before),
		json.Unmarshal(was.After, &after)); err != nil {
		return 0, err
	}
	// What somebody else made of them since is not taken back, even if it is the same again. A
	// change and its undoing come to nothing.
	var later int
	err = t.row(`select count(*) from audit where subject = $1 and id > $2
		and undone_by is null and coalesce(undoes, 0) <= $2`, was.Subject, was.ID).Scan(&later)
	if err != nil {
		return 0, damaged(err)
	}
	stands, err := t.accessAt()
	if err != nil {
		return 0, err
	}
	if rowOf(stands.Access) != after || later > 0 {
		return 0, errChangedSince
	}
	access, err := before.access()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrCannotUndo, err)
	}
	// Only an admin gets here, and admins never bypass.
	from, _ := netip.ParseAddr(h.actor.Client)
	if err := h.checkLockout(access, from, policy.Admin); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrCannotUndo, err)
	}
	return h.writeAccess(t, after, before, e)
}

// undoRules takes from the list what the change of that generation put there, and puts back
// what it took. An entry that came back since by another change is that one's.
func (h *Editor) undoRules(t *tx, audit, generation int64, e event) (int64, error) {
	c, err := h.undoneRules(t, audit, generation)
	if err != nil {
		return 0, err
	}
	return h.noteRules(t, c, e)
}

// oneOrBoth is the subject of a change of these lists.
func oneOrBoth(lists []string) string {
	if len(lists) == 1 {
		return lists[0]
	}
	return BothLists
}

// undoneRules is undoRules without the entry of the audit log.
func (h *Editor) undoneRules(t *tx, audit, generation int64) (*change, error) {
	var changed int
	err := t.row(`select count(*) from audit_rules a left join rules r
			on r.list = a.list and r.target = a.target and r.keyword = a.keyword
		where a.audit = $1 and case when a.added then coalesce(r.removed or r.since <> $2, true)
			else not coalesce(r.removed, true) end`, audit, generation).Scan(&changed)
	if err != nil {
		return nil, damaged(err)
	}
	if changed > 0 {
		return nil, errChangedSince
	}
	lists, err := t.texts(`select distinct list from audit_rules where audit = $1`, audit)
	if err != nil || len(lists) == 0 {
		return nil, errors.Join(err, ErrCannotUndo)
	}
	c, err := h.newChange(t, policy.ListName(oneOrBoth(lists)))
	if err != nil {
		return nil, err
	}
	err = t.exec(`update rules set removed = true, generation = $1
		where not removed and since = $2 and (list, target, keyword) in (
			select list, target, keyword from audit_rules where audit = $3 and added)`,
		c.generation, generation, audit)
	if err != nil {
		return nil, err
	}
	err = t.exec(`insert into rules (list, keyword, target, text, note, position, generation,
			since, removed, created_at, expires_at)
		select list, keyword, target, text, note, position, $1, $1, false, created_at, expires_at
			from audit_rules where audit = $2 and not added
		on conflict (list, target, keyword) do update set text = excluded.text,
			note = excluded.note, position = excluded.position, generation = excluded.generation,
			since = excluded.since, removed = false, created_at = excluded.created_at,
			expires_at = excluded.expires_at`,
		c.generation, audit)
	return c, err
}
