package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

// Recover makes a ticket of a held message, from its bytes as they were received, or of a reply
// a comment of the ticket that it answers, if there is that still; and a profile of its sender, since the vendor does; but not where the cause says that the
// sender may be a robot or a forger. Recovering twice gives the first ticket and
// ErrRecovered. What is held as malware is ErrMalware, see WithMalware.
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
	return r, errors.Join(err, h.db.readRecovery(ctx, &r))
}

// readRecovery reads what the ids of a recovery name.
func (db *DB) readRecovery(ctx context.Context, r *Recovery) (err error) {
	if r.Ticket, err = db.Ticket(ctx, r.Ticket.ID); err == nil && r.Comment != nil {
		*r.Comment, err = db.Comment(ctx, r.Comment.ID)
	}
	return err
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
				errors.Is(err, ErrDamaged), errors.Is(err, ErrMalware):
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
	for i := range done {
		if err := h.db.readRecovery(ctx, &done[i]); err != nil {
			return done, err
		}
	}
	if failures != nil {
		return done, failures
	}
	return done, nil
}

// ErrMalware says that somebody has to confirm to recover a message.
var ErrMalware = errors.New("it may be harmful, and to recover it is to be confirmed once more")

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
	inFile, claimed      bool
	envelope             message.Envelope // its recipients, and when it came
	message              *message.Message // its header section
	createdAt, expiresAt int64
}

// recover fails with ErrRecovered, ErrNotFound, ErrContentGone, ErrDamaged or ErrMalware before it
// changes anything.
func (c *queueChange) recover(id int64) (Recovery, error) {
	r := Recovery{SuspendedID: id}
	if err := c.t.recovered(&r); err != nil {
		return r, err
	}
	held, err := c.t.heldRow(id)
	if err != nil {
		return r, fmt.Errorf("held message %d: %w", id, err)
	}
	if held.Cause == policy.Malware.String() && !c.h.harmful {
		return r, fmt.Errorf("held message %d: %w", id, ErrMalware)
	}
	err = c.h.readHead(c.t, &held, id)
	switch {
	case errors.Is(err, ErrContentGone):
		return r, err
	case err != nil:
		return r, fmt.Errorf("held message %d: %w", id, err)
	}
	if err := c.h.letIn(c.t, &r, held); err != nil {
		return r, err
	}
	row := queueRow{message: id, was: held.auditedMessage, ticket: r.Ticket.ID,
		madeProfile: r.MadeProfile, createdAt: held.createdAt, expiresAt: held.expiresAt}
	if r.Comment != nil {
		row.comment = r.Comment.ID
	}
	return r, c.add(row)
}

// recovered is ErrRecovered for what was recovered before, with the ids of what it is.
func (t *tx) recovered(r *Recovery) error {
	err := t.row(`select id from tickets where suspended_id = $1`, r.SuspendedID).Scan(&r.Ticket.ID)
	if err == nil {
		return fmt.Errorf("held message %d was %w: ticket %d", r.SuspendedID, ErrRecovered,
			r.Ticket.ID)
	}
	var comment int64
	err = t.row(`select id, ticket from comments where message = $1 and via = 'recovered'`,
		r.SuspendedID).Scan(&comment, &r.Ticket.ID)
	if err != nil {
		return nil
	}
	r.Comment = &Comment{ID: comment}
	return fmt.Errorf("held message %d was %w: comment %d of ticket %d", r.SuspendedID,
		ErrRecovered, comment, r.Ticket.ID)
}

func (t *tx) heldRow(id int64) (held heldRow, err error) {
	var inFile, received int64
	damage, err := scanParts(t.row(`select s.cause, s.author_email, s.author_name, s.subject,
			s.recipient, s.created_at, s.expires_at, m.decision_id, m.raw is null, m.claimed,
			m.authentication, m.recipients, m.received_at
		from suspended s left join messages m on m.id = s.id where s.id = $1`, id),
		part{"cause", &held.Cause}, part{"author_email", &held.Author},
		part{"author_name", &held.name}, part{"subject", new(string)},
		part{"recipient", new(string)}, part{"created_at", &held.createdAt},
		part{"expires_at", &held.expiresAt}, part{"decision_id", &held.DecisionID},
		part{"raw", &inFile}, part{"claimed", &held.claimed}, part{"authentication", new(string)},
		part{"recipients", &held.envelope.Recipients}, part{"received_at", &received})
	damage = slices.DeleteFunc(damage, func(d Damaged) bool { // no ticket has them
		return slices.Contains([]string{"created_at", "expires_at", "recipients", "received_at"},
			d.Column)
	})
	if err == nil && len(damage) > 0 {
		err = fmt.Errorf("%w: %s", ErrDamaged, damage)
	}
	held.inFile, held.envelope.ReceivedAt = inFile != 0, fromMillis(received)
	return held, absent(err)
}

// auditedRecovery is what the audit log says of what recovering did.
type auditedRecovery struct {
	Ticket      int64 `json:"ticket"`
	Comment     int64 `json:"comment,omitempty"`
	MadeProfile bool  `json:"made_profile"`
}

// letIn makes a comment or a ticket of a held message, which is held no more.
func (h *Editor) letIn(t *tx, r *Recovery, held heldRow) (err error) {
	if r.Ticket.ID, err = h.ticketOf(t, held); err != nil {
		return err
	}
	if r.Ticket.ID == 0 {
		err = h.makeTicket(t, r, held)
	} else {
		r.Comment = &Comment{}
		err = h.makeComment(t, r, held)
	}
	if err != nil {
		return err
	}
	sender, now := held.requester(), h.db.now()
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

func (h *Editor) makeTicket(t *tx, r *Recovery, held heldRow) (err error) {
	if r.Ticket.ID, err = t.nextID(); err != nil {
		return err
	}
	err = t.exec(`insert into tickets (id, message, suspended_id, author_name, author_email,
			requester, claimed, proven, subject, recipient, search, keys, addressed, status, via,
			created_at)
		select $1, s.id, s.id, s.author_name, s.author_email, $2, m.claimed,
			m.authentication = 'pass' and not m.claimed, s.subject, s.recipient, s.search, s.keys, $3,
			'new', 'recovered', $4
		from suspended s join messages m on m.id = s.id where s.id = $5`,
		r.Ticket.ID, held.requester().String(), addressed(held.message), h.now(), r.SuspendedID)
	if err != nil {
		return fmt.Errorf("ticket: %w", err)
	}
	return t.keepThread(held.message.MessageID(), r.SuspendedID, r.Ticket.ID)
}

// requester is whose profile the recovered message is for; nobody's if its cause says that
// the sender may be a robot or a forger, or if a reply only claims to be from its sender.
func (held heldRow) requester() message.Address {
	cause, known := policy.ParseCause(held.Cause)
	a, err := message.ParseAddress(held.Author)
	if err != nil || !known || !cause.ProfileOnRecover() || cause.OfReply() && held.claimed {
		return message.Address{}
	}
	return a
}
