package store

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	"gatepost/message"
	"gatepost/policy"
)

// keptRow is what one row says of a message beside its envelope.
type keptRow struct {
	env      message.Envelope
	proof    string
	decision string
	raw      []byte
}

// StoredMessage is what is needed to ask again about a message: id is that of a held message, of a
// ticket or a comment, or of the message of an Explanation. The caller closes its Raw. ErrNotFound
// if nothing of it was kept.
func (db *DB) StoredMessage(ctx context.Context, id int64) (*StoredMessage, error) {
	row, err := one(ctx, db, scanKept, `select decision_id, raw, proof, client, piped, helo,
			tls, smtputf8, mail_from, null_path, recipients, coalesce(nullif(received_at, 0),
				(select created_at from suspended s where s.id = messages.id),
				(select created_at from tickets t
					where t.id = messages.id or t.suspended_id = messages.id), 0)
		from messages where id = coalesce((select message from tickets where id = $1),
			(select message from comments where id = $1), $1)`, id)
	if err != nil {
		return nil, fmt.Errorf("message %d: %w", id, err)
	}
	k := &StoredMessage{Envelope: &row.env}
	if k.Authentication, err = readProof(row.proof); err != nil {
		return nil, fmt.Errorf("authentication of message %d: %w", id, err)
	}
	k.Raw, err = db.openContent(ctx, id, row.decision, row.raw)
	return k, err
}

// FactsAgain is Facts as things stand, of a message that was kept: its content is that of
// mail, and what k says of it is taken as it was. How much its sender sent is asked only if
// that is the cause it was held for: the hour of any other decision has nothing to do with
// this one.
func (db *DB) FactsAgain(ctx context.Context, mail policy.Mail, k *StoredMessage, cause string) (
	*policy.Policy, *policy.Facts, error) {
	mail.Envelope = k.Envelope
	p, f, err := db.Facts(ctx, mail)
	if err != nil {
		return nil, nil, err
	}
	f.Authentication = k.Authentication
	if c, _ := policy.ParseCause(cause); c.OfRate() {
		f.Stored, err = db.Stored(f.Rate(), db.now())
	}
	return p, f, err
}

func scanKept(row scanner) (k keptRow, err error) {
	var client, recipients string
	var received int64
	env := &k.env
	err = row.Scan(&k.decision, &k.raw, &k.proof, &client, &env.Piped, &env.Helo, &env.TLS,
		&env.SMTPUTF8, &env.MailFrom, &env.NullPath, &recipients, &received)
	if err != nil {
		return k, err
	}
	env.ReceivedAt = fromMillis(received)
	if client != "" {
		if env.Client, err = netip.ParseAddr(client); err != nil {
			return k, fmt.Errorf("client: %w", err)
		}
	}
	return k, json.Unmarshal([]byte(recipients), &env.Recipients)
}

func readProof(text string) (*policy.Authentication, error) {
	if text == "" {
		return nil, nil
	}
	a := &policy.Authentication{}
	return a, json.Unmarshal([]byte(text), a)
}
