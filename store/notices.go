package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The events of what no stranger sent.
const (
	DigestMade = "digest.made" // for people: a digest of the queue
	MailQuiet  = "mail.quiet"  // nothing was received for long
)

// noticesKept is how long it can be seen what became of a notice.
const noticesKept = 30 * 24 * time.Hour

// A Notice is a message of our own that is to be carried on.
type Notice struct {
	Event     string // DigestMade or MailQuiet: it goes to all targets that want it
	Recipient string // of a digest
	Key       string // of it alone, in Trace
	From      string // its author's address
	Subject   string
	MessageID string // with its angle brackets
	Trace     string // our own Received field
	Raw       []byte
}

// A Mark is a number of the database that moves with what is announced: from Was to Now.
type Mark struct {
	Name     string
	Was, Now int64
}

// The names of marks.
const (
	MarkDigestAt   = "digest_at"   // Unix milliseconds
	MarkDigestLast = "digest_last" // an id
	MarkQuiet      = "quiet_since" // Unix milliseconds
)

// Marks are what the marks say now.
func (db *DB) Marks(ctx context.Context) (map[string]int64, error) {
	all := map[string]int64{}
	type mark struct {
		name  string
		value int64
	}
	for m, err := range each(ctx, db, func(row scanner) (m mark, err error) {
		return m, row.Scan(&m.name, &m.value)
	}, `select name, value from meta where name in ('digest_at', 'digest_last', 'quiet_since',
		'sequence')`) {
		if err != nil {
			return nil, fmt.Errorf("marks: %w", err)
		}
		all[m.name] = m.value
	}
	return all, nil
}

// Announce has notices carried on and moves the marks, in one transaction; or does nothing and
// says so, if one of them is no longer where it was: another process has told of it.
func (db *DB) Announce(ctx context.Context, marks []Mark, notices []Notice) (done bool, err error) {
	err = db.writer.do(ctx, func(t *tx) error {
		done = false
		for _, m := range marks {
			n, err := t.change(`update meta set value = $3 where name = $1 and value = $2`, m.Name,
				m.Was, m.Now)
			if err != nil {
				return err
			}
			if n == 0 {
				return fmt.Errorf("the mark %s: %w", m.Name, ErrNotFound)
			}
		}
		for _, n := range notices {
			if err := t.announce(&n, db.now().UnixMilli()); err != nil {
				return err
			}
		}
		done = true
		return nil
	})
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("announce: %w", err)
	}
	return done, nil
}

func (t *tx) announce(n *Notice, at int64) error {
	id, err := t.nextID()
	if err != nil {
		return err
	}
	err = t.exec(`insert into notices (id, key, mail_from, subject, message_id, trace, raw, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, id, n.Key, n.From, n.Subject, n.MessageID, n.Trace,
		n.Raw, at)
	if err != nil {
		return err
	}
	o := offer{event: n.Event, message: id, thread: id, decision: n.Key, at: at}
	targets, err := t.targets()
	for i := 0; i < len(targets) && err == nil; i++ {
		if targets[i].wants(n.Event) {
			err = t.addHandoff(&targets[i], o, n.Recipient)
		}
	}
	return err
}

const noticeLeaseQuery = `select h.id, h.target, h.event, h.key, h.message, h.recipient, h.attempts,
		h.created_at, h.first_at, n.key, n.mail_from, n.subject, n.message_id, n.trace,
		length(n.raw), n.created_at
	from handoffs h left join notices n on n.id = h.message
	where h.id in (select value from json_each($1)) and h.state = 'waiting' and h.lease = $2
		and h.event in ('` + DigestMade + `', '` + MailQuiet + `') order by h.id`

func scanNoticeLease(row scanner) (l Lease, err error) {
	var attempts, created, first, made int64
	l.Damaged, err = scanParts(row, part{"id", &l.ID}, part{"target", &l.Target},
		part{"event", &l.Event}, part{"key", &l.Key}, part{"message", &l.Message},
		part{"recipient", &l.Recipient}, part{"attempts", &attempts}, part{"created_at", &created},
		part{"first_at", &first}, part{"decision_id", &l.DecisionID},
		part{"mail_from", &l.Author.Email}, part{"subject", &l.Subject},
		part{"message_id", &l.MessageID}, part{"trace", &l.Trace}, part{"size", &l.Size},
		part{"created_at", &made})
	l.Author.Name, l.Attempt, l.Proven = "Gatepost", int(attempts), true
	l.CreatedAt, l.ReceivedAt, l.TicketAt = fromMillis(created), fromMillis(made), fromMillis(made)
	if first > 0 {
		l.FirstAt = fromMillis(first)
	}
	return l, err
}

// LastReceived is the minute in which something was received last, whatever became of it; the
// zero time if nothing was within a month.
func (db *DB) LastReceived(ctx context.Context) (at time.Time, err error) {
	last, err := one(ctx, db, scanCount, `select coalesce(max(minute), 0) from counters
		where kind not like 'scan:%'`)
	if err != nil || last == 0 {
		return at, err
	}
	return time.Unix(last*60, 0).UTC(), nil
}

// notOurs leaves out what was a notice of ours and came back: who told of that would tell of it
// again and again.
const notOurs = ` and not exists (select 1 from notices n where n.message_id = m.message_id)`

// HeldBetween are the held messages with an id above the first and not above the second, the
// oldest first, at most so many, and how many there are in all.
func (db *DB) HeldBetween(ctx context.Context, after, last int64, most int) (held []Suspended,
	all int, err error) {
	const those = ` where s.id > $1 and s.id <= $2` + notOurs
	n, err := one(ctx, db, scanCount, `select count(*)`+suspendedFrom+those, after, last)
	if err != nil {
		return nil, 0, fmt.Errorf("held messages: %w", err)
	}
	held, err = db.heldFor(ctx, those+` order by s.id`, most, after, last)
	return held, int(n), err
}

// UnseenUntil are the held messages that nobody was shown and that expire by then, the next one
// first, at most so many.
func (db *DB) UnseenUntil(ctx context.Context, until time.Time, most int) ([]Suspended, error) {
	return db.heldFor(ctx, ` where s.expires_at <= $1 and s.id >
		coalesce((select value from meta where name = 'look'), 0)`+notOurs+` order by s.expires_at`,
		most, until.UnixMilli())
}

func (db *DB) heldFor(ctx context.Context, where string, most int, args ...any) (all []Suspended,
	err error) {
	for s, err := range each(ctx, db, scanSuspended, `select `+suspendedColumns+suspendedFrom+where+
		atMost(most), args...) {
		if err != nil {
			return nil, fmt.Errorf("held messages: %w", err)
		}
		all = append(all, s)
	}
	return all, nil
}

// forgetNotices takes those that are over, and what was said of them.
func (t *tx) forgetNotices(until time.Time) error {
	before := until.Add(-noticesKept).UnixMilli()
	err := t.exec(`delete from handoffs where thread in (select id from notices where created_at < $1)
		and state <> 'waiting'`, before)
	if err != nil {
		return err
	}
	return t.exec(`delete from notices where created_at < $1 and not exists
		(select 1 from handoffs h where h.thread = notices.id)`, before)
}
