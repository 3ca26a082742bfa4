package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

// mostAddressed is how many addresses of To and Cc put somebody on a ticket, the first of each
// message.
const mostAddressed = 50

// threadQuery finds messages by their keys. What lies under a key is compared whole.
const threadQuery = `select h.key, m.message_id, h.ticket from threads h
	join messages m on m.id = h.message where h.key in (select value from json_each($1))`

// onTicketQuery is who is on a ticket: whose it is, and whom its messages were addressed to, of
// its comments the newest.
const onTicketQuery = `select t.author_email, t.addressed || char(10) || coalesce(
		(select string_agg(c.addressed, char(10)) from (select addressed from comments
			where ticket = t.id order by id desc limit 100) c), '')
	from tickets t where t.id = $1`

// threadKey is what a msg-id is looked for by.
func threadKey(id string) int64 {
	sum := sha256.Sum256([]byte(id))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 1)
}

// Thread is the ticket that a message replies to, and what its sender has to do with it: the
// zero Thread if the ticket is not known. Who names no message and bears no reply token costs
// nothing.
func (db *DB) Thread(mail policy.Mail, sender message.Address) (t policy.Thread, err error) {
	refs, token := mail.Message.References(), db.token(mail.Envelope)
	if sender.IsZero() {
		return t, nil
	}
	if len(refs) > 0 {
		t.Ticket, t.Reference, err = findThread(refs, db.threads.Query)
		if err != nil && db.engine.stale(err) {
			t.Ticket, t.Reference, err = findThread(refs, db.threads.Query)
		}
	}
	if t.Ticket == 0 { // else a token must be of the same ticket
		t.Ticket, t.Reference = token.Ticket, token.Reference()
	}
	if err != nil || t.Ticket == 0 {
		return policy.Thread{}, err
	}
	t.Token = token
	var requester, addressed string
	err = absent(db.onTicket.QueryRow(t.Ticket).Scan(&requester, &addressed))
	if errors.Is(err, ErrNotFound) { // it has just gone
		return policy.Thread{}, nil
	}
	if err != nil {
		return t, fmt.Errorf("who is on ticket %d: %w", t.Ticket, damaged(err))
	}
	own := sender.String()
	t.Requester = requester == own
	t.Addressed = slices.Contains(strings.Split(addressed, "\n"), own)
	return t, nil
}

// token is the reply token that an envelope bears.
func (db *DB) token(env *message.Envelope) policy.Token {
	if read := db.settings.Load().Token; read != nil {
		return read(env)
	}
	return policy.Token{}
}

// findThread is the ticket of the nearest reference that is known, 0 if none is. It asks
// threadQuery.
func findThread(refs []message.Reference, query func(...any) (*sql.Rows, error)) (ticket int64,
	by message.Reference, err error) {
	keys := make([]int64, len(refs))
	for i, r := range refs {
		keys[i] = threadKey(r.ID)
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return 0, by, err
	}
	rows, err := query(string(list))
	if err != nil {
		return 0, by, fmt.Errorf("thread: %w", damaged(err))
	}
	defer rows.Close()
	nearest := len(refs)
	for rows.Next() {
		var key, of int64
		var id string
		if err := rows.Scan(&key, &id, &of); err != nil {
			return 0, by, fmt.Errorf("thread: %w", damaged(err))
		}
		at := slices.Index(keys, key)
		if at >= 0 && at < nearest && refs[at].ID == message.BareMessageID(id) {
			nearest, ticket, by = at, of, refs[at]
		}
	}
	return ticket, by, damaged(rows.Err())
}

// addressed are the addresses in To and Cc, a line each.
func addressed(m *message.Message) string {
	var list []string
	for _, a := range m.Addresses("To", "Cc") {
		if len(list) == mostAddressed {
			break
		}
		if text := a.String(); !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return strings.Join(list, "\n")
}

// keepThread has replies to a message find its ticket, unless another message has that
// Message-ID: nobody takes the replies to it for himself.
func (t *tx) keepThread(messageID string, message, ticket int64) error {
	key, ok := keyOf(messageID)
	if !ok {
		return nil
	}
	err := t.exec(`insert into threads (key, message, ticket) values ($1, $2, $3)
		on conflict (key) do nothing`, key, message, ticket)
	if err != nil {
		return fmt.Errorf("thread: %w", err)
	}
	return nil
}

// forgetThread has them find it no more.
func (t *tx) forgetThread(messageID string, message int64) error {
	key, ok := keyOf(messageID)
	if !ok {
		return nil
	}
	return t.exec(`delete from threads where key = $1 and message = $2`, key, message)
}

func keyOf(messageID string) (key int64, ok bool) {
	id := message.BareMessageID(messageID)
	return threadKey(id), id != ""
}

// errTicketGone is an ErrCrowded: the decision no longer stands.
var errTicketGone = fmt.Errorf("the ticket is gone that it replies to: %w", ErrCrowded)

// findTicket makes sure of the ticket that a comment is to join. If that was taken back since it
// was decided, the message replies to nothing that is known. It comes before all that a commit
// writes.
func (t *tx) findTicket(r *Record) error {
	if r.Decision.Action != policy.Comment {
		return nil
	}
	err := absent(t.row(`select id from tickets where id = $1`, r.Facts.Thread.Ticket).
		Scan(new(int64)))
	if errors.Is(err, ErrNotFound) {
		r.Facts.Thread = policy.Thread{}
		return errTicketGone
	}
	return err
}

// fillBatch is how many rows are gone through at once to fill the table.
const fillBatch = 1000

// fillThreads writes what the tickets and comments that are there have to be found by.
func (t *tx) fillThreads() error {
	for _, of := range []string{
		`select t.id, t.id, t.message, m.message_id from tickets t join messages m on m.id = t.message
			where t.id > $1 order by t.id limit $2`,
		`select c.id, c.ticket, c.message, m.message_id from comments c
			join messages m on m.id = c.message where c.id > $1 order by c.id limit $2`,
	} {
		for last, more := int64(0), true; more; {
			rows, err := t.threadRows(of, last)
			if err != nil {
				return err
			}
			for _, r := range rows {
				if err := t.keepThread(r.messageID, r.message, r.ticket); err != nil {
					return err
				}
				last = r.id
			}
			more = len(rows) == fillBatch
		}
	}
	return nil
}

type threadRow struct {
	id, ticket, message int64
	messageID           string
}

func (t *tx) threadRows(query string, last int64) (all []threadRow, err error) {
	stmt, err := t.stmt(query)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(t.context(), last, fillBatch)
	if err != nil {
		return nil, damaged(err)
	}
	defer rows.Close()
	for rows.Next() {
		var r threadRow
		var id []byte // a damaged row has anything
		if err := rows.Scan(&r.id, &r.ticket, &r.message, &id); err != nil {
			return nil, err
		}
		r.messageID = message.Clean(string(id))
		all = append(all, r)
	}
	return all, damaged(rows.Err())
}
