package store

import (
	"context"
	"errors"
	"fmt"
)

var errNothingBack = fmt.Errorf("%w: nothing of it can be held again: it was recovered or deleted "+
	"once more, is deleted for good, or is a ticket with comments", ErrCannotUndo)

// undoMail holds again what an entry recovered or deleted, and undoes the change of a list that
// went with it in the first of its transactions. Mail waits for each, so that they are short. If
// one fails the rest stays as it was, and can be undone by trying again.
func (h *Editor) undoMail(ctx context.Context, id int64) error {
	if err := h.db.engine.checkQueue(ctx); err != nil {
		return err
	}
	var by, last int64 // the entry that says so, and the last message that was looked at
	for more := true; more; {
		b := undoBatch{audit: id, by: by, last: last}
		err := h.do(ctx, func(t *tx) error {
			b = undoBatch{audit: id, by: by, last: last}
			return b.run(h, t)
		})
		if err != nil {
			return err
		}
		by, last, more = b.by, b.last, b.more
	}
	return nil
}

// An undoBatch is one transaction of undoing what was done to held messages.
type undoBatch struct {
	audit, by, last int64
	more            bool
}

func (b *undoBatch) run(h *Editor, t *tx) error {
	was, generation, err := t.undoable(b.audit)
	if err != nil {
		if b.by > 0 && was.UndoneBy != nil { // somebody else did the rest
			return nil
		}
		return err
	}
	c := &queueChange{h: h, t: t, action: Undone, id: b.by}
	said := auditedDone{}
	var rules int64
	if b.by == 0 && generation > 0 {
		list, err := h.undoneRules(t, b.audit, generation)
		if err != nil {
			return err
		}
		if said.Rules, rules, err = c.keepRules(list); err != nil {
			return err
		}
	}
	if err := b.holdAgain(c); err != nil {
		return err
	}
	if b.by == 0 {
		if err := c.noteUndo(was, said, rules); err != nil {
			return err
		}
	}
	if b.by = c.id; b.more {
		return nil
	}
	if b.by == 0 {
		return errNothingBack
	}
	return t.markUndone(b.audit, b.by)
}

// noteUndo writes the entry of the undoing, if anything was undone yet.
func (c *queueChange) noteUndo(was AuditEntry, said auditedDone, rules int64) error {
	if len(c.rows) == 0 && rules == 0 {
		return nil
	}
	e := event{id: c.id, action: c.action, subject: was.Subject, undoes: &was.ID, generation: rules}
	if rules > 0 {
		e.after = said
	}
	_, err := c.h.note(c.t, e)
	return err
}

// againQuery are the messages of an entry that can be held again, behind the last: what is
// deleted, and by this entry, and what is the ticket or the comment that this entry made. A
// ticket with comments stays.
const againQuery = `select m.message, m.author, m.ticket, m.created_at, m.expires_at
	from audit_mail m left join tickets t on t.id = m.ticket and t.status = 'new'
			and not exists (select 1 from comments k where k.ticket = t.id)
		left join comments c on c.id = m.ticket and c.message = m.message
		left join deleted d on d.id = m.message and m.ticket = 0 and not exists
			(select 1 from audit_mail l where l.message = m.message and l.audit > m.audit)
	where m.audit = $1 and m.message > $2 and m.expires_at > 0
		and (t.id is not null or c.id is not null or d.id is not null) order by m.message limit $3`

func (b *undoBatch) holdAgain(c *queueChange) error {
	rows, err := c.t.again(b.audit, b.last)
	if err != nil {
		return err
	}
	for _, r := range rows {
		b.last = r.message
		if r.ticket > 0 {
			err = c.takeBack(b.audit, r)
		} else {
			err = c.undelete(r.message)
		}
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	b.more = len(rows) == purgeBatch
	return nil
}

func (t *tx) again(audit, last int64) (all []queueRow, err error) {
	stmt, err := t.stmt(againQuery)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(t.context(), audit, last, purgeBatch)
	if err != nil {
		return nil, damaged(err)
	}
	defer rows.Close()
	for rows.Next() {
		var r queueRow
		err := rows.Scan(&r.message, &r.was.Author, &r.ticket, &r.createdAt, &r.expiresAt)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, damaged(rows.Err())
}

// takeBack makes a held message again of the ticket or the comment that was made of it. The time
// that it was that does not count towards its expiry. The profile that was made with it goes,
// unless somebody has made more of it, or it has other tickets, or comments since.
func (c *queueChange) takeBack(audit int64, r queueRow) error {
	table, ticket, err := c.t.madeOf(r.ticket)
	if err != nil {
		return err
	}
	var w words
	var cause, keys string
	var made int64
	damage, err := scanParts(c.t.row(`select m.cause, t.author_name, t.author_email, t.subject,
			t.recipient, t.keys, m.message_id, t.created_at
		from `+table+` t join messages m on m.id = t.message where t.id = $1 and t.message = $2`,
		r.ticket, r.message),
		part{"cause", &cause}, part{"author_name", &w.author.Name},
		part{"author_email", &w.author.Email}, part{"subject", &w.subject},
		part{"recipient", &w.recipient}, part{"keys", &keys}, part{"message_id", &w.messageID},
		part{"created_at", &made})
	if err != nil || damage != nil {
		return errors.Join(absent(err), ErrDamaged)
	}
	if err := c.t.withdraw(r.message, ticket, "its recovery was undone"); err != nil {
		return err
	}
	if err := c.t.exec(`delete from `+table+` where id = $1`, r.ticket); err != nil {
		return err
	}
	if err := c.t.forgetThread(w.messageID, r.message); err != nil {
		return err
	}
	c.t.queue = true
	err = c.t.exec(`insert into suspended (`+heldColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8,
		$9, $10)`, r.message, cause, w.author.Name, w.author.Email, w.subject, w.recipient, r.createdAt,
		r.expiresAt+max(0, c.h.now()-made), w.search(), keys)
	if err != nil {
		return fmt.Errorf("hold message %d again: %w", r.message, err)
	}
	if err := c.unmakeProfile(audit, r.ticket, r.was.Author); err != nil {
		return err
	}
	return c.add(queueRow{message: r.message, was: auditedMessage{Author: w.author.Email},
		createdAt: r.createdAt, expiresAt: r.expiresAt})
}

// madeOf is which table has what was made of a held message, and the ticket that it is of.
func (t *tx) madeOf(id int64) (table string, ticket int64, err error) {
	err = absent(t.row(`select ticket from comments where id = $1`, id).Scan(&ticket))
	if errors.Is(err, ErrNotFound) {
		return "tickets", id, nil
	}
	return "comments", ticket, err
}

// unmakeProfile looks at those comments only that are newer than what was made with the profile.
func (c *queueChange) unmakeProfile(audit, made int64, author string) error {
	var id int64
	err := c.t.row(`select u.id from users u where u.email = $1 and u.made_by = 'recover'
		and u.role = 'end-user' and not u.suspended and u.password = '' and u.updated_at = u.created_at
		and not exists (select 1 from tokens k where k.owner = u.id)
		and not exists (select 1 from tickets t where t.requester = u.email)
		and not exists (select 1 from comments k where k.id > $3 and k.author_email = u.email
			and not k.claimed)
		and exists (select 1 from audit_mail m where m.audit = $2 and m.author = $1 and m.made_profile)`,
		author, audit, made).Scan(&id)
	if err = absent(err); errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.t.removeUser(id)
}

// A KeptProfile is one that a recovery made, and that stays although it was undone.
type KeptProfile struct {
	Email     string
	Commented bool // its owner has, on a ticket; else it has other tickets, or was changed
}

// mostKeptProfiles is how many of them are named.
const mostKeptProfiles = 20

// KeptProfiles are those that an entry of the audit log made and that are there still: the first
// 20 by their address.
func (db *DB) KeptProfiles(ctx context.Context, audit int64) (all []KeptProfile, err error) {
	scan := func(row scanner) (k KeptProfile, err error) {
		return k, row.Scan(&k.Email, &k.Commented)
	}
	for k, err := range each(ctx, db, scan, `select distinct u.email, exists (select 1
			from comments k where k.author_email = u.email and not k.claimed)
		from audit_mail m join users u on u.email = m.author and u.made_by = 'recover'
		where m.audit = $1 and m.made_profile order by u.email`+atMost(mostKeptProfiles), audit) {
		if err != nil {
			return nil, fmt.Errorf("profiles of audit entry %d: %w", audit, err)
		}
		all = append(all, k)
	}
	return all, nil
}
