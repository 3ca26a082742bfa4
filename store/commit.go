package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// Commit writes everything a judged message causes, in one transaction, and returns once
// that is on disk. Of a rejected message nothing is written but a count, by kind of rule.
// The id is that of the held message or ticket, 0 for a reject.
func (db *DB) Commit(ctx context.Context, r *Record) (int64, error) {
	if r.Decision.Action == policy.Reject {
		return 0, db.writer.do(ctx, func(t *tx) error {
			t.count(minute(r.Envelope.ReceivedAt), "reject:"+r.Decision.RuleKind())
			return nil
		})
	}
	w, err := newWords(r)
	if err != nil {
		return 0, fmt.Errorf("commit %s: %w", r.ID, err)
	}
	if err := r.Content.keep(db.Dir(), contentName(r.ID)); err != nil {
		return 0, fmt.Errorf("commit %s: %w", r.ID, err)
	}
	var id int64
	err = db.writer.do(ctx, func(t *tx) (err error) {
		id, err = insert(t, r, w)
		return err
	})
	if err != nil {
		return 0, errors.Join(fmt.Errorf("commit %s: %w", r.ID, err), db.abandon(ctx, r))
	}
	return id, nil
}

// abandon removes the file of a content whose commit failed, if it is sure that the commit
// did not come to stand after all. Where the disk has failed nothing is: what this process
// cannot see may be in the log, and the next start's sweep decides.
func (db *DB) abandon(ctx context.Context, r *Record) error {
	select {
	case <-db.writer.failed:
		return nil
	default:
	}
	if !r.Content.kept {
		return nil
	}
	var n int
	err := db.read.QueryRowContext(ctx, rebind(
		`select count(*) from messages where decision_id = $1`), r.ID).Scan(&n)
	if err != nil || n > 0 {
		return err
	}
	return os.Remove(db.contentPath(r.ID))
}

func contentName(decisionID string) string { return decisionID + ".eml" }

func minute(at time.Time) int64 { return at.Unix() / 60 }

// words are the texts of a record, made before the writer is asked.
type words struct {
	cause, rule, why, reasons, recipients, recipient, replyTo string
	subject, messageID                                        string
	author                                                    Person
}

func newWords(r *Record) (words, error) {
	sender := r.Message.Sender()
	w := words{rule: r.Decision.RuleText(), why: r.Decision.Why(),
		subject: r.Message.Subject(), messageID: message.Clean(r.Message.MessageID()),
		author: Person{Name: message.Clean(sender.Name), Email: message.Clean(sender.Text)}}
	if r.Decision.Action == policy.Suspend {
		w.cause = r.Decision.Cause.String()
	}
	if len(r.Envelope.Recipients) > 0 {
		w.recipient = message.Clean(r.Envelope.Recipients[0])
	}
	replies := make([]string, len(r.Facts.ReplyTo))
	for i, to := range r.Facts.ReplyTo {
		replies[i] = to.String()
	}
	var err error
	for _, f := range []struct {
		text  *string
		value any
	}{
		{&w.reasons, newReasons(r)},
		{&w.recipients, append([]string{}, r.Envelope.Recipients...)},
		{&w.replyTo, replies},
	} {
		text, e := json.Marshal(f.value)
		*f.text, err = string(text), errors.Join(err, e)
	}
	return w, err
}

func insert(t *tx, r *Record, w words) (int64, error) {
	id, err := t.nextID()
	if err != nil {
		return 0, err
	}
	t.file = t.file || r.Content.kept
	err = t.exec(`insert into messages (id, decision_id, action, cause, rule, why, reasons,
		authentication, client, helo, mail_from, recipients, trace, sender, reply_to,
		message_id, size, sum, raw) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
		$12, $13, $14, $15, $16, $17, $18, $19)`,
		id, r.ID, r.Decision.Action.String(), w.cause, w.rule, w.why, w.reasons,
		"none", clientText(r.Envelope), message.Clean(r.Envelope.Helo),
		message.Clean(r.Envelope.MailFrom), w.recipients, r.Trace, w.author.Email, w.replyTo,
		w.messageID, r.Content.Size, r.Content.Sum[:], r.Content.raw())
	if err != nil {
		return 0, fmt.Errorf("message: %w", err)
	}
	t.count(minute(r.Envelope.ReceivedAt), r.Decision.Action.String())
	if r.Decision.Action == policy.Ticket {
		return id, insertTicket(t, r, id, w)
	}
	return id, insertSuspended(t, r, id, w)
}

func clientText(env *message.Envelope) string {
	if !env.Client.IsValid() {
		return ""
	}
	return env.Client.String()
}

func insertSuspended(t *tx, r *Record, id int64, w words) error {
	at := r.Envelope.ReceivedAt
	return t.exec(`insert into suspended (id, cause, author_name, author_email, subject,
		recipient, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, w.cause, w.author.Name, w.author.Email, w.subject, w.recipient,
		at.UnixMilli(), at.Add(r.Keep).UnixMilli())
}

// insertTicket also gives the sender a profile: the decision to let the message in stands.
func insertTicket(t *tx, r *Record, id int64, w words) error {
	err := t.exec(`insert into tickets (id, message, author_name, author_email, claimed, proven,
		subject, recipient, status, via, created_at) values ($1, $1, $2, $3, $4, $5, $6, $7,
		'new', 'email', $8)`,
		id, w.author.Name, w.author.Email, false, false, w.subject, w.recipient,
		r.Envelope.ReceivedAt.UnixMilli())
	if err != nil {
		return fmt.Errorf("ticket: %w", err)
	}
	if r.Facts.Profile.Known {
		return nil
	}
	_, err = insertUser(t, NewUser{Email: r.Facts.Sender.Address, Name: w.author.Name,
		MadeBy: "mail"}, r.Envelope.ReceivedAt)
	return err
}
