package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

// Recover makes a ticket of a held message, from its bytes as they were received, and a
// profile of its sender, since the vendor does; but not where the cause says that the
// sender may be a robot or a forger. Recovering twice gives the first ticket and
// ErrRecovered.
func (h *Editor) Recover(ctx context.Context, id int64) (r Recovery, err error) {
	return h.RecoverWith(ctx, id, nil)
}

// RecoverWith is Recover with a change of a list, unless that is nil: both are made or none.
func (h *Editor) RecoverWith(ctx context.Context, id int64, with *ListChange) (r Recovery, err error) {
	err = h.changeQueue(ctx, func(t *tx) error {
		c := &queueChange{h: h, t: t, action: Recovered}
		if r, err = c.recover(id); err != nil {
			return err
		}
		return c.note(with)
	})
	if err != nil && !errors.Is(err, ErrRecovered) {
		return r, err
	}
	ticket, e := h.db.Ticket(ctx, r.Ticket.ID)
	r.Ticket = ticket
	return r, errors.Join(err, e)
}

// RecoverMany recovers each of the held messages that can be, under one entry of the audit log;
// one that was recovered before counts as recovered. If others cannot be, the error is Failures.
func (h *Editor) RecoverMany(ctx context.Context, ids []int64) (done []Recovery, err error) {
	var failures Failures
	err = h.changeQueue(ctx, func(t *tx) error {
		done, failures = nil, nil
		c := &queueChange{h: h, t: t, action: Recovered}
		for _, id := range ids {
			r, err := c.recover(id)
			switch {
			case err == nil, errors.Is(err, ErrRecovered):
				done = append(done, r)
			case errors.Is(err, ErrNotFound), errors.Is(err, ErrContentGone),
				errors.Is(err, ErrDamaged):
				failures = append(failures, Failure{id, err}) // nothing was changed
			default:
				return err
			}
		}
		return c.note(nil)
	})
	if err != nil {
		return nil, err
	}
	for i, r := range done {
		if done[i].Ticket, err = h.db.Ticket(ctx, r.Ticket.ID); err != nil {
			return done, err
		}
	}
	if failures != nil {
		return done, failures
	}
	return done, nil
}

// A Failure is a held message that could not be recovered, and why.
type Failure struct {
	ID  int64
	Err error
}

// Failures are the held messages that could not be recovered. It is an error, which is each
// of theirs.
type Failures []Failure

func (f Failures) Error() string {
	texts := make([]string, len(f))
	for i, failure := range f {
		texts[i] = failure.Err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap makes errors.Is find each of them.
func (f Failures) Unwrap() []error {
	errs := make([]error, len(f))
	for i, failure := range f {
		errs[i] = failure.Err
	}
	return errs
}

// heldRow is what recovering asks of a held message.
type heldRow struct {
	auditedMessage
	name                 string
	inFile               bool
	createdAt, expiresAt int64
}

// recover fails with ErrRecovered, ErrNotFound, ErrContentGone or ErrDamaged before it changes
// anything.
func (c *queueChange) recover(id int64) (Recovery, error) {
	r := Recovery{SuspendedID: id}
	err := c.t.row(`select id from tickets where suspended_id = $1`, id).Scan(&r.Ticket.ID)
	if err == nil {
		return r, fmt.Errorf("held message %d was %w: ticket %d", id, ErrRecovered, r.Ticket.ID)
	}
	held, err := c.t.heldRow(id)
	if err != nil {
		return r, fmt.Errorf("held message %d: %w", id, err)
	}
	if _, err := os.Stat(c.h.db.contentPath(held.DecisionID)); held.inFile && err != nil {
		return r, c.h.db.contentGone(id)
	}
	if err := c.h.makeTicket(c.t, &r, held); err != nil {
		return r, err
	}
	return r, c.add(queueRow{message: id, was: held.auditedMessage, ticket: r.Ticket.ID,
		madeProfile: r.MadeProfile, createdAt: held.createdAt, expiresAt: held.expiresAt})
}

func (t *tx) heldRow(id int64) (held heldRow, err error) {
	var inFile int64
	damage, err := scanParts(t.row(`select s.cause, s.author_email, s.author_name, s.subject,
			s.recipient, s.created_at, s.expires_at, m.decision_id, m.raw is null, m.claimed,
			m.authentication
		from suspended s left join messages m on m.id = s.id where s.id = $1`, id),
		part{"cause", &held.Cause}, part{"author_email", &held.Author},
		part{"author_name", &held.name}, part{"subject", new(string)},
		part{"recipient", new(string)}, part{"created_at", &held.createdAt},
		part{"expires_at", &held.expiresAt}, part{"decision_id", &held.DecisionID},
		part{"raw", &inFile}, part{"claimed", new(bool)}, part{"authentication", new(string)})
	damage = slices.DeleteFunc(damage, func(d Damaged) bool { // no ticket has them
		return d.Column == "created_at" || d.Column == "expires_at"
	})
	if err == nil && len(damage) > 0 {
		err = fmt.Errorf("%w: %s", ErrDamaged, damage)
	}
	held.inFile = inFile != 0
	return held, absent(err)
}

// auditedRecovery is what the audit log says of what recovering did.
type auditedRecovery struct {
	Ticket      int64 `json:"ticket"`
	MadeProfile bool  `json:"made_profile"`
}

func (h *Editor) makeTicket(t *tx, r *Recovery, held heldRow) (err error) {
	if r.Ticket.ID, err = t.nextID(); err != nil {
		return err
	}
	sender := held.requester()
	now := h.db.now()
	err = t.exec(`insert into tickets (id, message, suspended_id, author_name, author_email,
			requester, claimed, proven, subject, recipient, search, keys, status, via, created_at)
		select $1, s.id, s.id, s.author_name, s.author_email, $2, m.claimed,
			m.authentication = 'pass' and not m.claimed, s.subject, s.recipient, s.search, s.keys,
			'new', 'recovered', $3
		from suspended s join messages m on m.id = s.id where s.id = $4`,
		r.Ticket.ID, sender.String(), now.UnixMilli(), r.SuspendedID)
	if err != nil {
		return fmt.Errorf("ticket: %w", err)
	}
	if err := t.handOffRecovered(r, now.UnixMilli()); err != nil {
		return err
	}
	if err := t.dequeue(r.SuspendedID); err != nil || sender.IsZero() {
		return err
	}
	r.MadeProfile, err = insertUser(t, NewUser{Email: sender, Name: held.name,
		MadeBy: "recover"}, now)
	return err
}

// requester is whose profile the recovered message is for; nobody's if its cause says that
// the sender may be a robot or a forger.
func (held heldRow) requester() message.Address {
	cause, known := policy.ParseCause(held.Cause)
	a, err := message.ParseAddress(held.Author)
	if err != nil || !known || !cause.ProfileOnRecover() {
		return message.Address{}
	}
	return a
}
