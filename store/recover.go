package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"gatepost/message"
	"gatepost/policy"
)

// Recover makes a ticket of a held message, from its bytes as they were received, and a
// profile of its sender, since the vendor does; but not where the cause says that the
// sender may be a robot or a forger. Recovering twice gives the first ticket and
// ErrRecovered.
func (db *DB) Recover(ctx context.Context, id int64) (r Recovery, err error) {
	err = db.writer.do(ctx, func(t *tx) error {
		r, err = db.recover(t, id)
		return err
	})
	if err != nil && !errors.Is(err, ErrRecovered) {
		return r, err
	}
	ticket, e := db.Ticket(ctx, r.Ticket.ID)
	r.Ticket = ticket
	return r, errors.Join(err, e)
}

func (db *DB) recover(t *tx, id int64) (Recovery, error) {
	r := Recovery{SuspendedID: id}
	err := t.row(`select id from tickets where suspended_id = $1`, id).Scan(&r.Ticket.ID)
	if err == nil {
		return r, fmt.Errorf("held message %d was %w: ticket %d", id, ErrRecovered, r.Ticket.ID)
	}
	var cause, email, name, decision string
	var inFile bool
	err = t.row(`select s.cause, s.author_email, s.author_name, m.decision_id, m.raw is null
		from suspended s join messages m on m.id = s.id where s.id = $1`, id).
		Scan(&cause, &email, &name, &decision, &inFile)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fmt.Errorf("held message %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return r, damaged(err)
	}
	if _, err := os.Stat(db.contentPath(decision)); inFile && err != nil {
		return r, db.contentGone(id)
	}
	if r.Ticket.ID, err = t.nextID(); err != nil {
		return r, err
	}
	now := db.now()
	err = t.exec(`insert into tickets (id, message, suspended_id, author_name, author_email,
			claimed, proven, subject, recipient, status, via, created_at)
		select $1, s.id, s.id, s.author_name, s.author_email, m.claimed,
			m.authentication = 'pass', s.subject, s.recipient, 'new', 'recovered', $2
		from suspended s join messages m on m.id = s.id where s.id = $3`,
		r.Ticket.ID, now.UnixMilli(), id)
	if err != nil {
		return r, fmt.Errorf("ticket: %w", err)
	}
	if err := t.exec(`delete from suspended where id = $1`, id); err != nil {
		return r, err
	}
	c, known := policy.ParseCause(cause)
	address, err := message.ParseAddress(email)
	if err != nil || !known || !c.ProfileOnRecover() {
		return r, nil
	}
	r.MadeProfile, err = insertUser(t, NewUser{Email: address, Name: name, MadeBy: "recover"}, now)
	return r, err
}
