package store

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Where a message is that Find found and that is there; how others ended is in tombstones.go.
const (
	FoundTicket  = "ticket"
	FoundComment = "comment"
	FoundHeld    = "held"
)

// A Found is a message that Find found, wherever it is now, or what is left of it.
type Found struct {
	ID         int64      `json:"id"`
	State      string     `json:"state"` // ticket, comment, held, deleted, expired, handed off, set aside
	DecisionID string     `json:"decision_id"`
	Sender     string     `json:"sender"`
	Subject    string     `json:"subject"` // empty of what is gone
	Recipient  string     `json:"recipient"`
	MessageID  string     `json:"message_id"`
	Client     string     `json:"client"`
	Cause      string     `json:"cause"`     // why it is or was held; empty if it never was
	Recovered  int64      `json:"recovered"` // the id under which it was held before; 0 if it was not
	CreatedAt  time.Time  `json:"created_at"`
	EndedAt    *time.Time `json:"ended_at"`
	EndedBy    string     `json:"ended_by"` // who deleted it, or the targets that have it; empty if nobody
	Restorable bool       `json:"restorable"`
	Ticket     int64      `json:"ticket,omitempty"` // that a comment is of
	Damaged    Damage     `json:"damaged,omitempty"`
}

// Whom is who or what ended it, with the word before it, or nothing.
func (f Found) Whom() string {
	switch {
	case f.EndedBy == "":
		return ""
	case f.State == EndedHandedOff:
		return "to " + f.EndedBy
	}
	return "by " + f.EndedBy
}

// A Search is what Find looks for.
type Search struct {
	Words        string    // all of them, each as a part of what the message has
	Since, Until time.Time // when it came; zero for any time
	Limit        int       // at most so many; 0 is 100
}

const defaultFound = 100

// NothingFound is what may have become of a message that Find does not find.
const NothingFound = "it never came, was put off (4xx) and never stored, rejected silently, or " +
	"has been gone for longer than tombstones.keep"

// foundIn says for each table that lists messages what a Found has of it: only of those that are
// shown is the message looked at.
var foundIn = []string{
	`select q.id, '` + FoundTicket + `' as state, 0 as ticket, m.decision_id, q.author_email, q.subject, q.recipient,
		m.message_id, m.client, coalesce(m.cause, '') as cause, coalesce(q.suspended_id, 0) as recovered,
		coalesce(nullif(m.received_at, 0), q.created_at) as created_at, 0 as ended_at, '' as ended_by,
		0 as restorable from (select * from tickets q%s) q left join messages m on m.id = q.message`,
	`select q.id, '` + FoundComment + `', q.ticket, m.decision_id, q.author_email, q.subject, q.recipient,
		m.message_id, m.client, coalesce(m.cause, ''), case when q.via = 'recovered' then q.message
			else 0 end, coalesce(nullif(m.received_at, 0), q.created_at), 0, '', 0
		from (select * from comments q%s) q left join messages m on m.id = q.message`,
	`select q.id, '` + FoundHeld + `', 0, m.decision_id, q.author_email, q.subject, q.recipient, m.message_id,
		m.client, q.cause, 0, q.created_at, 0, '', 0
		from (select * from suspended q%s) q left join messages m on m.id = q.id`,
	`select q.id, '` + EndedDeleted + `', 0, m.decision_id, q.author_email, q.subject, q.recipient,
		m.message_id, m.client, q.cause, 0, q.created_at, q.deleted_at, ` + deleter + `, 1
		from (select * from deleted q%s) q left join messages m on m.id = q.id`,
	`select q.id, q.ended, 0, q.decision_id, q.sender, '', '', q.message_id, q.client, q.cause, 0,
		q.created_at, q.ended_at, q.ended_by, 0 from (select * from tombstones q%s) q`,
}

// Find looks for messages among tickets, comments, what is held, what was deleted, and what is left of what
// is gone: the newest first, but before them what has the number that is looked for as its id. A
// word is a part of an address, a subject, a Message-ID, the id of a decision as the reply to the
// client had it, the address of a client, or an id of ours.
func (db *DB) Find(ctx context.Context, s Search) ([]Found, error) {
	limit := s.Limit
	if limit == 0 {
		limit = defaultFound
	}
	var all []string
	var c conditions
	id, _ := wholeNumber(strings.TrimSpace(s.Words))
	c.args = append(c.args, id)
	for table, from := range foundIn {
		c.texts = nil
		s.among(&c, table)
		by := "id = $1"
		if was := heldAs[table]; was != "" { // none is no number
			by += " or coalesce(" + was + " = $1, false)"
		}
		all = append(all, fmt.Sprintf(from, c.where()+" order by "+by+
			" desc, created_at desc, id desc"+atMost(limit)))
	}
	found := []Found{}
	for f, err := range each(ctx, db, scanFound, "select * from ("+strings.Join(all, " union all ")+
		") q order by id = $1 or recovered = $1 desc, created_at desc, id desc"+atMost(limit),
		c.args...) {
		if err != nil {
			return found, fmt.Errorf("find %s: %w", s.Words, err)
		}
		found = append(found, f)
	}
	return found, nil
}

// among adds what a row of one of the tables must meet.
func (s Search) among(c *conditions, table int) {
	for _, word := range searchWords(searched(s.Words)) {
		word = bareKey(word)
		if id, is := wholeNumber(word); is {
			c.number(id, table)
			continue
		}
		text, words := textOf[table]+` like $ escape '\'`, []any{containing(word)}
		if a := searched(oneSpelling(word)); a != word {
			words = append(words, containing(a))
		}
		c.either(text, words...)
	}
	if !s.Since.IsZero() {
		c.add(`q.created_at >= $`, s.Since.UnixMilli())
	}
	if !s.Until.IsZero() {
		c.add(`q.created_at < $`, s.Until.UnixMilli())
	}
}

// heldAs is the column that has the id under which what is there now was held before, if it was.
var heldAs = []string{0: "suspended_id", 1: "message", 4: ""}

// textOf is what is looked through in each table of foundIn.
var textOf = []string{wordsAndKeys, wordsAndKeys, wordsAndKeys, wordsAndKeys,
	`(lower(q.sender) || char(10) || q.keys)`}

const wordsAndKeys = `(q.search || char(10) || q.keys)`

func wholeNumber(word string) (n int64, is bool) {
	n, err := strconv.ParseInt(word, 10, 64)
	return n, err == nil
}

// number adds that a row has an id, or a number in its words: the keys have any digits.
func (c *conditions) number(id int64, table int) {
	tests := []string{`q.id = $`}
	if was := heldAs[table]; was != "" {
		tests = append(tests, `q.`+was+` = $`)
	}
	args := slices.Repeat([]any{id}, len(tests))
	if table < len(foundIn)-1 {
		tests, args = append(tests, `q.search like $`), append(args, fmt.Sprint("%", id, "%"))
	}
	c.any(tests, args)
}

// bareKey is a word without what people copy with it: the angle brackets of a Message-ID, and the
// square ones of an address of a client.
func bareKey(word string) string {
	word = strings.Trim(word, "<>[](),;")
	if a, err := netip.ParseAddr(word); err == nil {
		return a.Unmap().String()
	}
	return word
}

func scanFound(row scanner) (f Found, err error) {
	var created, ended, restorable int64
	f.Damaged, err = scanParts(row, part{"id", &f.ID}, part{"state", &f.State},
		part{"ticket", &f.Ticket}, part{"decision_id", &f.DecisionID}, part{"sender", &f.Sender}, part{"subject", &f.Subject},
		part{"recipient", &f.Recipient}, part{"message_id", &f.MessageID},
		part{"client", &f.Client}, part{"cause", &f.Cause}, part{"recovered", &f.Recovered},
		part{"created_at", &created}, part{"ended_at", &ended}, part{"ended_by", &f.EndedBy},
		part{"restorable", &restorable})
	f.Restorable = restorable != 0
	f.CreatedAt = fromMillis(created)
	if ended != 0 {
		at := fromMillis(ended)
		f.EndedAt = &at
	}
	return f, err
}
