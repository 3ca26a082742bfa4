package store

import (
	"encoding/json"
	"errors"
	"fmt"
)

// noteOrgs keeps what a change made of each organisation, and writes the event.
func (h *Editor) noteOrgs(c *orgChange, e event) (id int64, err error) {
	if id, err = c.t.nextAudit(); err != nil {
		return 0, err
	}
	for _, d := range c.done {
		before, err := json.Marshal(d.before)
		after, err2 := json.Marshal(d.after)
		if err := errors.Join(err, err2); err != nil {
			return 0, fmt.Errorf("audit: %w", err)
		}
		err = c.t.exec(`insert into audit_organizations (audit, organization, before, after)
			values ($1, $2, $3, $4)`, id, d.id, string(before), string(after))
		if err != nil {
			return 0, fmt.Errorf("audit: %w", err)
		}
	}
	e.id, e.generation, e.undoable = id, c.generation, true
	e.subject, e.before, e.after = auditedOrgs(c.done)
	return h.note(c.t, e)
}

// auditedOrgs is what the audit log shows: of one organisation what it was and is, of several
// how many, and the names of the first.
func auditedOrgs(done []orgDone) (subject string, before, after any) {
	if d := done[0]; len(done) == 1 {
		if d.after == nil {
			return orgSubject + " " + d.before.Name, d.before, nil
		}
		return orgSubject + " " + d.after.Name, d.before, d.after
	}
	var was, is auditedEntries
	for _, d := range done {
		if d.after == nil {
			was.list(d.before.Name)
		} else {
			is.list(d.after.Name)
		}
	}
	return orgSubject + "s", was.orNone(), is.orNone()
}

// orgSubject begins the subject of an event about organisations.
const orgSubject = "organisation"

func (e *auditedEntries) list(name string) {
	if e.Count++; e.Count <= shownEntries {
		e.Entries = append(e.Entries, name)
	}
}

func (e *auditedEntries) orNone() any {
	if e.Count == 0 {
		return nil
	}
	return e
}

// undoOrgs makes each organisation what it was before a change, if it still is what that made
// of it.
func (h *Editor) undoOrgs(t *tx, audit int64, e event) (int64, error) {
	return h.changeOrgs(t, e, func(c *orgChange) error {
		done, err := t.keptOrgs(audit)
		if err != nil {
			return err
		}
		for _, d := range done {
			stands, err := c.state(d.id)
			if err != nil {
				return err
			}
			if !stands.same(d.after) {
				return errChangedSince
			}
			err = c.put(d.id, d.before)
			if errors.Is(err, ErrExists) { // another has taken the name meanwhile
				err = fmt.Errorf("%w: %w", ErrCannotUndo, err)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// keptOrgs is what a change made of organisations.
func (t *tx) keptOrgs(audit int64) (done []orgDone, err error) {
	stmt, err := t.stmt(`select organization, before, after from audit_organizations
		where audit = $1 order by organization`)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(t.context(), audit)
	if err != nil {
		return nil, damaged(err)
	}
	defer rows.Close()
	for rows.Next() {
		var d orgDone
		var before, after string
		if err := rows.Scan(&d.id, &before, &after); err != nil {
			return nil, err
		}
		if err := errors.Join(json.Unmarshal([]byte(before), &d.before),
			json.Unmarshal([]byte(after), &d.after)); err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
		done = append(done, d)
	}
	return done, damaged(rows.Err())
}
