package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

// Recover makes a ticket of a held message, from its bytes as they were received, and a
// profile of its sender, since the vendor does; but not where the cause says that the
// sender may be a robot or a forger. Recovering twice gives the first ticket and
// ErrRecovered.
func (h *Hand) Recover(ctx context.Context, id int64) (r Recovery, err error) {
	err = h.changeQueue(ctx, func(t *tx) error {
		r, err = h.recover(t, id)
		return err
	})
	if err != nil && !errors.Is(err, ErrRecovered) {
		return r, err
	}
	ticket, e := h.db.Ticket(ctx, r.Ticket.ID)
	r.Ticket = ticket
	return r, errors.Join(err, e)
}

// RecoverMany recovers each of the held messages that can be; one that was recovered before
// counts as recovered. If others cannot be, the error is Failures.
func (h *Hand) RecoverMany(ctx context.Context, ids []int64) (done []Recovery, err error) {
	var failures Failures
	err = h.changeQueue(ctx, func(t *tx) error {
		done, failures = nil, nil
		for _, id := range ids {
			r, err := h.recover(t, id)
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
		return nil
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
	name   string
	inFile bool
}

// recover fails with ErrRecovered, ErrNotFound, ErrContentGone or ErrDamaged before it changes
// anything.
func (h *Hand) recover(t *tx, id int64) (Recovery, error) {
	r := Recovery{SuspendedID: id}
	err := t.row(`select id from tickets where suspended_id = $1`, id).Scan(&r.Ticket.ID)
	if err == nil {
		return r, fmt.Errorf("held message %d was %w: ticket %d", id, ErrRecovered, r.Ticket.ID)
	}
	var held heldRow
	var inFile int64
	damage, err := scanParts(t.row(`select s.cause, s.author_email, s.author_name, s.subject,
			s.recipient, m.decision_id, m.raw is null, m.claimed, m.authentication
		from suspended s left join messages m on m.id = s.id where s.id = $1`, id),
		part{"cause", &held.Cause}, part{"author_email", &held.Author},
		part{"author_name", &held.name}, part{"subject", new(string)},
		part{"recipient", new(string)}, part{"decision_id", &held.DecisionID},
		part{"raw", &inFile}, part{"claimed", new(bool)}, part{"authentication", new(string)})
	if err != nil {
		return r, fmt.Errorf("held message %d: %w", id, absent(err))
	}
	if held.inFile = inFile != 0; damage != nil {
		return r, fmt.Errorf("held message %d: %w: %s", id, ErrDamaged, damage)
	}
	if _, err := os.Stat(h.db.contentPath(held.DecisionID)); held.inFile && err != nil {
		return r, h.db.contentGone(id)
	}
	if err := h.makeTicket(t, &r, held); err != nil {
		return r, err
	}
	_, err = h.note(t, event{action: "suspended.recover", subject: fmt.Sprint(id),
		before: held.auditedMessage, after: auditedRecovery{r.Ticket.ID, r.MadeProfile}})
	return r, err
}

// auditedRecovery is what the audit log says of what recovering did.
type auditedRecovery struct {
	Ticket      int64 `json:"ticket"`
	MadeProfile bool  `json:"made_profile"`
}

func (h *Hand) makeTicket(t *tx, r *Recovery, held heldRow) (err error) {
	if r.Ticket.ID, err = t.nextID(); err != nil {
		return err
	}
	sender := held.requester()
	now := h.db.now()
	err = t.exec(`insert into tickets (id, message, suspended_id, author_name, author_email,
			requester, claimed, proven, subject, recipient, status, via, created_at)
		select $1, s.id, s.id, s.author_name, s.author_email, $2, m.claimed,
			m.authentication = 'pass' and not m.claimed, s.subject, s.recipient, 'new', 'recovered', $3
		from suspended s join messages m on m.id = s.id where s.id = $4`,
		r.Ticket.ID, sender.String(), now.UnixMilli(), r.SuspendedID)
	if err != nil {
		return fmt.Errorf("ticket: %w", err)
	}
	if err := t.unhold(r.SuspendedID); err != nil || sender.IsZero() {
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
