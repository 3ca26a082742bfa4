package store

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"gatepost/message"
	"gatepost/policy"
)

const suspendedColumns = `s.id, m.decision_id, s.subject, s.author_name, s.author_email,
	m.reply_to, s.recipient, m.recipients, s.cause, m.rule, m.why, m.authentication,
	m.message_id, m.client, m.size, s.created_at, s.expires_at, m.node`

// Whose other half is gone is held all the same.
const suspendedFrom = ` from suspended s left join messages m on m.id = s.id`

func scanSuspended(row scanner) (s Suspended, err error) {
	var rule string
	var created, expires int64
	s.ReplyTo, s.Recipients = []string{}, []string{}
	s.Damaged, err = scanParts(row, part{"id", &s.ID}, part{"decision_id", &s.DecisionID},
		part{"subject", &s.Subject}, part{"author_name", &s.Author.Name},
		part{"author_email", &s.Author.Email}, part{"reply_to", &s.ReplyTo},
		part{"recipient", &s.Recipient}, part{"recipients", &s.Recipients},
		part{"cause", &s.Cause}, part{"rule", &rule}, part{"why", &s.Why},
		part{"authentication", &s.Authentication}, part{"message_id", &s.MessageID},
		part{"client", &s.Client}, part{"size", &s.Size}, part{"created_at", &created},
		part{"expires_at", &expires}, part{"node", &s.Node})
	s.Rule, s.CauseID = orNull(rule), causeID(s.Cause)
	s.CreatedAt, s.ExpiresAt = fromMillis(created), fromMillis(expires)
	return s, err
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// causeID is the vendor's number of a cause, null where it has none.
func causeID(name string) *int {
	cause, _ := policy.ParseCause(name)
	id, ok := cause.ID()
	if !ok {
		return nil
	}
	return &id
}

// suspendedScan asks no index, which may not have what the table has.
const suspendedScan = ` from suspended s not indexed left join messages m on m.id = s.id`

// suspendedHalf reads what stands beside the message itself, where that cannot be read.
const suspendedHalf = ` from suspended s left join (select * from messages limit 0) m`

// ListSuspended yields the held messages that q selects. Of a damaged database it yields those
// that can be read, and then the error.
func (db *DB) ListSuspended(ctx context.Context, q Query) iter.Seq2[Suspended, error] {
	w := &tableScan[Suspended]{db: db, scan: scanSuspended, columns: suspendedColumns, alias: "s",
		whole: suspendedScan, half: suspendedHalf, limit: q.Limit,
		id: func(s Suspended) int64 { return s.ID }}
	w.where, w.args = q.where("s")
	o := q.order("s")
	return w.sorted(ctx, o.key, o.held)
}

// CountSuspended says how many held messages q selects, its limit aside.
func (db *DB) CountSuspended(ctx context.Context, q Query) (int64, error) {
	where, args := q.where("s")
	return one(ctx, db, scanCount, `select count(*) from suspended s`+where, args...)
}

func scanCount(row scanner) (n int64, err error) { return n, row.Scan(&n) }

// Suspended is one held message, or ErrNotFound.
func (db *DB) Suspended(ctx context.Context, id int64) (Suspended, error) {
	return wholeOrHalf(ctx, db, scanSuspended, suspendedColumns, suspendedFrom, suspendedHalf,
		" where s.id = $1", id)
}

// DeleteSuspended deletes held messages: with everything that was kept of them once it is over
// for how long they can be restored, see KeepDeleted. If any is
// not there nothing is deleted, missing says which, and the error is ErrNotFound.
func (h *Editor) DeleteSuspended(ctx context.Context, ids []int64) (missing []int64, err error) {
	return h.DeleteWith(ctx, ids, nil)
}

// DeleteWith is DeleteSuspended with a change of a list, unless that is nil: both are made or
// none.
func (h *Editor) DeleteWith(ctx context.Context, ids []int64, with *ListChange) (missing []int64,
	err error) {
	var files []string
	err = h.changeQueue(ctx, func(t *tx) error {
		files, missing = nil, nil
		c := &queueChange{h: h, t: t, action: Deleted}
		for _, id := range ids {
			file, err := c.delete(id)
			if errors.Is(err, ErrNotFound) {
				missing = append(missing, id)
			} else if err != nil {
				return err
			} else if file != "" {
				files = append(files, file)
			}
		}
		if missing != nil {
			return fmt.Errorf("held message %d: %w", missing[0], ErrNotFound)
		}
		return c.note(with)
	})
	if err != nil {
		return missing, err
	}
	return nil, h.db.contents.remove(files)
}

// auditedMessage is what the audit log says of a held message: nothing of its content.
type auditedMessage struct {
	DecisionID string `json:"decision_id"`
	Author     string `json:"author"`
	Cause      string `json:"cause"`
}

// delete names the file to remove once the deletion is on disk, if there is one.
func (c *queueChange) delete(id int64) (file string, err error) {
	was := queueRow{message: id}
	err = c.t.row(`select m.decision_id, s.author_email, s.cause, s.created_at, s.expires_at
		from suspended s join messages m on m.id = s.id where s.id = $1`, id).
		Scan(&was.was.DecisionID, &was.was.Author, &was.was.Cause, &was.createdAt, &was.expiresAt)
	if err != nil {
		return "", absent(err)
	}
	if _, err := message.ParseAddress(was.was.Author); err != nil {
		was.was.Author = "" // what stands there may be any words
	}
	if err := c.add(was); err != nil {
		return "", err
	}
	if c.h.db.DeletedKept() > 0 {
		return "", c.t.withhold(id, c.h.now())
	}
	c.t.total(totalDeleted)
	if err := c.h.db.bury(c.t, "suspended", id, EndedDeleted, c.h.actor.Name); err != nil {
		return "", err
	}
	return deleteSuspended(c.t, id)
}

// deleteSuspended names the file to remove once the deletion is on disk, if there is one.
func deleteSuspended(t *tx, id int64) (file string, err error) {
	var decision string
	var inFile bool
	err = t.row(`select m.decision_id, m.raw is null from suspended s
		join messages m on m.id = s.id where s.id = $1`, id).Scan(&decision, &inFile)
	if err != nil {
		return "", absent(err)
	}
	if err := t.dequeue(id); err != nil {
		return "", err
	}
	if inFile {
		file = contentName(decision)
	}
	t.erased = true
	return file, errors.Join(t.forgetHandoffs(id), t.forgetFacts(id),
		t.exec(`delete from messages where id = $1`, id))
}

// dequeue takes a message out of the queue.
func (t *tx) dequeue(id int64) error {
	t.queue = true
	return t.exec(`delete from suspended where id = $1`, id)
}
