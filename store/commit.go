package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// Commit writes everything a judged message causes, in one transaction, and returns once
// that is on disk. Of a rejected message nothing is written but a count, by kind of rule;
// a deferred one is refused. Of one that was stored before nothing is written but its further
// recipients, see Record.First. The id is that of the held message, ticket or comment, 0 for a
// reject.
// After ErrCrowded the record may be decided anew and committed again.
func (db *DB) Commit(ctx context.Context, r *Record) (int64, error) {
	switch r.Decision.Action {
	case policy.Reject:
		return 0, db.writer.do(ctx, func(t *tx) error {
			t.countDecision(r, "reject:"+r.Decision.RuleKind())
			t.total(totalRejected)
			t.countShadowed(r.Shadowed)
			return nil
		})
	case policy.Defer:
		return 0, fmt.Errorf("commit %s: it is deferred: have the client keep it (451)", r.ID)
	}
	w, err := newWords(r)
	if err != nil {
		return 0, fmt.Errorf("commit %s: %w", r.ID, err)
	}
	if err := db.contents.keep(r); err != nil {
		return 0, fmt.Errorf("commit %s: %w", r.ID, err)
	}
	var id int64
	err = db.writer.write(ctx, &write{turn: make(chan bool, 1),
		asks: func(t *tx) { db.asks(t, r) },
		do: func(t *tx) (err error) {
			if id, err = db.again(t, r); id != 0 || err != nil {
				return err
			}
			if err = t.findTicket(r); err == nil {
				err = db.admit(t, r)
			}
			if err == nil {
				id, err = insert(t, r, w)
			}
			return err
		}})
	if err != nil {
		return 0, errors.Join(fmt.Errorf("commit %s: %w", r.ID, err), db.rollBackFile(r))
	}
	if r.First != "" && r.Content.kept {
		// What fails here is swept up by the next start: the message is safe.
		_ = r.Content.giveBack(db.Dir(), contentName(r.ID))
	}
	return id, nil
}

// asks is what is asked for of nearly every message that is stored.
func (db *DB) asks(t *tx, r *Record) {
	t.askSequence()
	if r.Repeats() {
		t.askAlike(r)
	}
	if of := r.Facts.Rate(); db.isLimited(of) {
		t.askBand(newBandKey(of))
	}
}

// rollBackFile gives the file of a content whose commit failed back to the caller, if it is sure
// that the commit did not come to stand after all. Where the disk has failed nothing is:
// what this process cannot see may be in the log, and the next start's sweep decides.
func (db *DB) rollBackFile(r *Record) error {
	select {
	case <-db.writer.failed:
		return nil
	default:
	}
	if !r.Content.kept {
		return nil
	}
	var n int
	err := db.read.QueryRow(db.text(
		`select count(*) from messages where decision_id = $1`), r.ID).Scan(&n)
	if err != nil || n > 0 {
		return err
	}
	return r.Content.giveBack(db.Dir(), contentName(r.ID))
}

func contentName(decisionID string) string { return decisionID + ".eml" }

func minute(at time.Time) int64 { return at.Unix() / 60 }

// words are the texts of a record, made before the writer is asked.
type words struct {
	cause, rule, why, reasons, recipients, recipient, replyTo string
	subject, messageID, proof, addressed, facts               string
	author                                                    Person
}

func newWords(r *Record) (words, error) {
	author, _ := r.Facts.Requester()
	email := author.Address.String()
	if email == "" {
		email = r.Facts.Sender.Text
	}
	w := words{rule: r.Decision.RuleText(), why: r.Decision.Why(),
		subject: r.Message.Subject(), messageID: message.Clean(r.Message.MessageID()),
		author: Person{Name: message.Clean(author.Name), Email: message.Clean(email)}}
	if r.Decision.Action == policy.Suspend {
		w.cause = r.Decision.Cause.String()
	}
	if r.Decision.Action.LetsIn() {
		w.addressed = addressed(r.Message)
	}
	if len(r.Envelope.Recipients) > 0 {
		w.recipient = message.Clean(r.Envelope.Recipients[0])
	}
	replies := make([]string, len(r.Facts.ReplyTo))
	for i, to := range r.Facts.ReplyTo {
		replies[i] = to.String()
	}
	w.reasons, w.recipients = newReasons(r), jsonList(r.Envelope.Recipients)
	w.replyTo = jsonList(replies)
	facts, err := r.Facts.MarshalText()
	w.facts = string(facts)
	if r.Facts.Authentication != nil {
		proof, e := json.Marshal(r.Facts.Authentication)
		w.proof, err = string(proof), errors.Join(err, e)
	}
	return w, err
}

// search is what a search looks through.
func (w words) search() string {
	return searched(strings.Join([]string{w.subject, w.author.Name, w.author.Email, w.recipient},
		"\n"))
}

// keys are what else a message is looked for by: whole words that no subject has.
func (w words) keys(r *Record) string {
	return searched(strings.Join([]string{w.messageID, r.ID, clientText(r.Envelope),
		w.recipients}, "\n"))
}

// searched is how a text is searched, and searched for: whatever its case. Nothing is
// decided by it.
func searched(text string) string { return message.Clean(strings.ToLower(text)) }

func insert(t *tx, r *Record, w words) (int64, error) {
	id, err := t.nextID()
	if err != nil {
		return 0, err
	}
	t.addAlike(r)
	if err := insertMessage(t, r, id, w); err != nil {
		return 0, fmt.Errorf("message: %w", err)
	}
	if err := t.w.contents.put(t, r); err != nil {
		return 0, fmt.Errorf("content: %w", err)
	}
	t.keepFacts(r, id, w.facts)
	t.countDecision(r, r.Decision.Action.String())
	switch r.Decision.Action {
	case policy.Ticket:
		return id, errors.Join(insertTicket(t, r, id, w), t.handOff(r.offer(TicketCreated, id)))
	case policy.Comment:
		return id, errors.Join(insertComment(t, r, id, w), t.handOffComment(r, id))
	}
	return id, errors.Join(insertSuspended(t, r, id, w), t.handOff(r.offer(MessageSuspended, id)))
}

func insertMessage(t *tx, r *Record, id int64, w words) error {
	env, d := r.Envelope, r.Decision
	return t.exec(`insert into messages (id, decision_id, action, cause, rule, why, reasons,
		authentication, proof, results, claimed, client, piped, helo, tls, smtputf8,
		mail_from, null_path, recipients, received_at, trace, sender, reply_to, message_id,
		size, sum, raw, dated, node) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
		$14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)`,
		id, r.ID, d.Action.String(), w.cause, w.rule, w.why, w.reasons,
		r.Facts.Proof().String(), w.proof, message.Clean(r.Results), d.Claimed,
		clientText(env), env.Piped, message.Clean(env.Helo), env.TLS, env.SMTPUTF8,
		message.Clean(env.MailFrom), env.NullPath, w.recipients, env.ReceivedAt.UnixMilli(),
		message.Clean(r.Trace), w.author.Email, w.replyTo, w.messageID,
		r.Content.Size, r.Content.Sum[:], r.Content.raw(), r.dated(), t.w.node)
}

func clientText(env *message.Envelope) string {
	if !env.Client.IsValid() {
		return ""
	}
	return env.Client.String()
}

// A message is kept from when it came, or from the time that we believe where the clock is far
// behind it: it would be over its time once that has been set right.
func insertSuspended(t *tx, r *Record, id int64, w words) error {
	at := r.Envelope.ReceivedAt
	t.queue = true
	return t.exec(`insert into suspended (id, cause, author_name, author_email, subject,
		recipient, search, keys, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8,
		$9, cast($10 as bigint) + (select case when max(value) > $9 + cast($11 as bigint)
			then max(value) else cast($9 as bigint) end
			from meta where name = 'sure'))`,
		id, w.cause, w.author.Name, w.author.Email, w.subject, w.recipient, w.search(), w.keys(r),
		at.UnixMilli(), r.Keep.Milliseconds(), trustedLead.Milliseconds())
}

// insertTicket also gives the sender a profile: the decision to let the message in stands.
// One that is only claimed gives nobody anything.
func insertTicket(t *tx, r *Record, id int64, w words) error {
	requester, _ := r.Facts.Requester()
	err := t.exec(`insert into tickets (id, message, author_name, author_email, requester,
		claimed, proven, subject, recipient, search, keys, addressed, status, via, created_at)
		values ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'new', 'email', $12)`,
		id, w.author.Name, w.author.Email, requester.Address.String(), r.Decision.Claimed,
		r.Decision.Proof == policy.Pass && !r.Decision.Claimed, w.subject, w.recipient, w.search(),
		w.keys(r), w.addressed, r.Envelope.ReceivedAt.UnixMilli())
	if err != nil {
		return fmt.Errorf("ticket: %w", err)
	}
	if err := t.keepThread(w.messageID, id, id); err != nil {
		return err
	}
	return insertSender(t, r, w)
}

// insertSender gives the sender of what was let in a profile.
func insertSender(t *tx, r *Record, w words) error {
	requester, profile := r.Facts.Requester()
	if profile.Known || r.Decision.Claimed {
		return nil
	}
	u := NewUser{Email: requester.Address, Name: w.author.Name, MadeBy: "mail"}
	if err := t.exec(userInsert, u.row(r.Envelope.ReceivedAt)...); err != nil {
		return fmt.Errorf("profile of %s: %w", u.Email, err)
	}
	return nil
}
