package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
)

const ticketColumns = `t.id, m.decision_id, t.subject, t.author_name, t.author_email, t.claimed,
	m.reply_to, t.recipient, m.recipients, t.status, m.message_id, m.size, t.created_at, t.via, t.proven,
	case when t.claimed then '' else t.requester end, case when t.proven then m.proof else '' end`

const ticketFrom = ` from tickets t left join messages m on m.id = t.message`

func scanTicket(row scanner) (t Ticket, err error) {
	var created int64
	var proof string
	t.ReplyTo, t.Recipients = []string{}, []string{}
	t.Damaged, err = scanParts(row, part{"id", &t.ID}, part{"decision_id", &t.DecisionID},
		part{"subject", &t.Subject}, part{"author_name", &t.Requester.Name},
		part{"author_email", &t.Requester.Email}, part{"claimed", &t.Requester.Claimed},
		part{"reply_to", &t.ReplyTo}, part{"recipient", &t.Recipient}, part{"recipients", &t.Recipients},
		part{"status", &t.Status}, part{"message_id", &t.MessageID}, part{"size", &t.Size},
		part{"created_at", &created}, part{"via", &t.Via}, part{"proven", &t.Proven},
		part{"requester", &t.Requester.Profile}, part{"proof", &proof})
	a, unsound := readProof(proof)
	if unsound != nil {
		t.Damaged = append(t.Damaged, Damaged{"proof", []byte(proof)})
	}
	t.CreatedAt, t.Sealer = fromMillis(created), string(a.Sealer())
	return t, err
}

// ticketScan asks no index, which may not have what the table has.
const ticketScan = ` from tickets t not indexed left join messages m on m.id = t.message`

// ticketHalf reads what stands beside the message itself, where that cannot be read.
const ticketHalf = ` from tickets t left join (select * from messages limit 0) m`

// ListTickets yields the tickets that q selects; a cause selects none. Of a damaged database it
// yields those that can be read, and then the error.
func (db *DB) ListTickets(ctx context.Context, q Query) iter.Seq2[Ticket, error] {
	w := &tableScan[Ticket]{db: db, scan: scanTicket, columns: ticketColumns, alias: "t",
		whole: ticketScan, half: ticketHalf, limit: q.Limit,
		id: func(t Ticket) int64 { return t.ID }}
	w.where, w.args = q.where("t")
	o := q.order("t")
	return w.sorted(ctx, o.key, o.ticket)
}

// CountTickets says how many tickets q selects, its limit aside.
func (db *DB) CountTickets(ctx context.Context, q Query) (int64, error) {
	where, args := q.where("t")
	return one(ctx, db, scanCount, `select count(*) from tickets t`+where, args...)
}

// Ticket is one ticket, or ErrNotFound.
func (db *DB) Ticket(ctx context.Context, id int64) (Ticket, error) {
	return wholeOrHalf(ctx, db, scanTicket, ticketColumns, ticketFrom, ticketHalf, " where t.id = $1",
		id)
}

// Raw reads a held message, or the message of a ticket or a comment, byte for byte as it was received, or
// gives ErrNotFound.
func (db *DB) Raw(ctx context.Context, id int64) (io.ReadCloser, error) {
	type content struct {
		decision sql.NullString // a damaged row may have its content all the same
		raw      []byte
	}
	c, err := one(ctx, db, func(row scanner) (c content, err error) {
		return c, row.Scan(&c.decision, &c.raw)
	}, `select decision_id, raw from messages m where m.id = (
			select t.message from tickets t where t.id = $1
			union all select c.message from comments c where c.id = $1
			union all select s.id from suspended s where s.id = $1)`, id)
	if err != nil {
		return nil, err
	}
	return db.openContent(ctx, id, c.decision.String, c.raw)
}

// openContent reads what the row has of a message, or its content elsewhere if that is nil.
func (db *DB) openContent(ctx context.Context, id int64, decision string, raw []byte) (
	io.ReadCloser, error) {
	if raw != nil {
		return io.NopCloser(bytes.NewReader(raw)), nil
	}
	return db.contents.open(ctx, id, decision)
}

// ErrContentGone says that the file of a message's content is not there.
var ErrContentGone = errors.New("restore it from a backup")

func (db *DB) contentGone(id int64) error {
	return fmt.Errorf("the content of message %d is gone from %s: %w", id, db.Dir(),
		ErrContentGone)
}

// Explain tells a decision as it was made. ref is the id of a held message, ticket or comment,
// or that of the decision. ErrNotFound if nothing of it was kept.
func (db *DB) Explain(ctx context.Context, ref string) (Explanation, error) {
	const what = `select id, decision_id, action, cause, rule, why, sender, reasons,
		coalesce((select t.id from tickets t where t.suspended_id = messages.id),
			(select c.ticket from comments c where c.message = messages.id and c.via = 'recovered'), 0),
		coalesce((select c.id from comments c where c.message = messages.id), 0),
		exists (select 1 from deleted d where d.id = messages.id),
		authentication, results, trace, node from messages`
	id, err := strconv.ParseInt(ref, 10, 64)
	if err != nil {
		return one(ctx, db, scanExplanation, what+` where decision_id = $1`, ref)
	}
	return one(ctx, db, scanExplanation, what+` where id = coalesce(
		(select message from tickets where id = $1),
		(select message from comments where id = $1), $1)`, id)
}

func scanExplanation(row scanner) (e Explanation, err error) {
	var cause, rule, text string
	err = row.Scan(&e.ID, &e.DecisionID, &e.Decision, &cause, &rule, &e.Why, &e.Sender, &text,
		&e.Recovered, &e.Comment, &e.Deleted, &e.Authentication, &e.Results, &e.Trace, &e.Node)
	if err != nil {
		return e, err
	}
	var r reasons
	err = json.Unmarshal([]byte(text), &r)
	e.Cause, e.CauseID, e.Rule = orNull(cause), causeID(cause), orNull(rule)
	e.Facts, e.Trail = r.facts(), r.trail()
	return e, err
}
