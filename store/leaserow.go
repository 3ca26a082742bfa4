package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// One database has one server, which has its lock, or one node whose duty this is. So a lease is the
// number of that server's run: what an earlier one had in hand when it was killed is free at the next
// start, whatever the clock says.

// A Lease is a hand-off that this run has in hand, and its message but for the octets.
type Lease struct {
	ID                       int64
	Target, Event, Key       string
	Ticket, Message          int64
	Comment                  int64  // of the ticket; 0 if it is the ticket itself
	Recipient                string // the only one, empty for all
	Attempt                  int    // 1 at the first
	CreatedAt, FirstAt       time.Time
	DecisionID, Cause        string
	ReceivedAt, TicketAt     time.Time
	MailFrom, Trace, Results string
	Recipients               []string // of the message, all of them
	Author                   Person
	Claimed, Proven          bool
	ReplyTo                  []string
	Subject, MessageID       string
	Size                     int64

	Damaged Damage // what cannot be read of it
}

const leaseQuery = `select h.id, h.target, h.event, h.key, h.ticket, h.message, h.recipient,
		h.attempts, h.created_at, h.first_at, m.decision_id, m.cause, m.received_at, m.mail_from,
		m.trace, m.results, m.recipients, m.reply_to, m.message_id, m.size, m.claimed,
		m.authentication = 'pass' and not m.claimed,
		coalesce(c.created_at, t.created_at, s.created_at, d.created_at, h.created_at),
		coalesce(c.author_name, t.author_name, s.author_name, d.author_name, ''),
		coalesce(c.author_email, t.author_email, s.author_email, d.author_email, m.sender),
		coalesce(c.subject, t.subject, s.subject, d.subject, ''), coalesce(c.id, 0)
	from handoffs h left join messages m on m.id = h.message
		left join comments c on c.message = h.message and h.event <> '` + MessageSuspended + `'
		left join tickets t on t.id = h.ticket and h.event <> '` + MessageSuspended + `'
		left join suspended s on s.id = h.message left join deleted d on d.id = h.message
	where h.id in (select value from json_each($1)) and h.state = 'waiting' and h.lease = $2
		and h.event not in ('` + DigestMade + `', '` + MailQuiet + `')
	order by h.id`

// read reads what was taken, n of them. What cannot be read now is given back, to be taken again.
func (r *Run) read(ctx context.Context, list string, n int) (all []Lease, err error) {
	for _, of := range []struct {
		query string
		scan  func(scanner) (Lease, error)
	}{{leaseQuery, scanLease}, {noticeLeaseQuery, scanNoticeLease}} {
		if len(all) == n {
			break
		}
		for l, err := range each(ctx, r.db, of.scan, of.query, list, r.id) {
			if err != nil {
				return nil, errors.Join(fmt.Errorf("hand-offs: %w", err), r.giveBack(ctx, list))
			}
			all = append(all, l)
		}
	}
	return all, nil
}

func scanLease(row scanner) (l Lease, err error) {
	var attempts, created, first, received, made, proven int64
	l.Damaged, err = scanParts(row, part{"id", &l.ID}, part{"target", &l.Target},
		part{"event", &l.Event}, part{"key", &l.Key}, part{"ticket", &l.Ticket},
		part{"message", &l.Message}, part{"recipient", &l.Recipient}, part{"attempts", &attempts},
		part{"created_at", &created}, part{"first_at", &first},
		part{"decision_id", &l.DecisionID}, part{"cause", &l.Cause}, part{"received_at", &received},
		part{"mail_from", &l.MailFrom}, part{"trace", &l.Trace}, part{"results", &l.Results},
		part{"recipients", &l.Recipients}, part{"reply_to", &l.ReplyTo},
		part{"message_id", &l.MessageID}, part{"size", &l.Size}, part{"claimed", &l.Claimed},
		part{"authentication", &proven}, part{"created_at", &made}, part{"name", &l.Author.Name},
		part{"email", &l.Author.Email}, part{"subject", &l.Subject}, part{"comment", &l.Comment})
	l.Attempt, l.Proven = int(attempts), proven != 0
	l.CreatedAt, l.ReceivedAt, l.TicketAt = fromMillis(created), fromMillis(received), fromMillis(made)
	if first > 0 {
		l.FirstAt = fromMillis(first)
	}
	return l, err
}
