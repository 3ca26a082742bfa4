package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// A Comment is a reply that joined its ticket.
type Comment struct {
	ID         int64     `json:"id"`
	Ticket     int64     `json:"ticket"`
	DecisionID string    `json:"decision_id"`
	Subject    string    `json:"subject"`
	Author     Person    `json:"author"`
	Claimed    bool      `json:"claimed"` // the address is only what the message says
	Proven     bool      `json:"proven"`
	Public     bool      `json:"public"` // it is from the requester, or was addressed to them
	ReplyTo    []string  `json:"reply_to"`
	Recipients []string  `json:"recipients"`
	MessageID  string    `json:"message_id"`
	Size       int64     `json:"size"`
	CreatedAt  time.Time `json:"created_at"`
	Via        string    `json:"via"`               // email, recovered
	Damaged    Damage    `json:"damaged,omitempty"` // what of it cannot be read
}

// isPublic is whether the requester of the ticket wrote a comment, or got it.
const isPublic = `coalesce(c.author_email = t.author_email and not c.claimed or instr(char(10) ||
	c.addressed || char(10), char(10) || t.author_email || char(10)) > 0, false)`

const commentColumns = `c.id, c.ticket, m.decision_id, c.subject, c.author_name, c.author_email,
	c.claimed, c.proven, ` + isPublic + `, m.reply_to, m.recipients, m.message_id, m.size, c.created_at, c.via`

const commentFrom = ` from comments c left join messages m on m.id = c.message
	left join tickets t on t.id = c.ticket`

// commentHalf reads what stands beside the message itself, where that cannot be read.
const commentHalf = ` from comments c left join (select * from messages limit 0) m
	left join tickets t on t.id = c.ticket`

func scanComment(row scanner) (c Comment, err error) {
	var created, public int64
	c.ReplyTo, c.Recipients = []string{}, []string{}
	c.Damaged, err = scanParts(row, part{"id", &c.ID}, part{"ticket", &c.Ticket},
		part{"decision_id", &c.DecisionID}, part{"subject", &c.Subject},
		part{"author_name", &c.Author.Name}, part{"author_email", &c.Author.Email},
		part{"claimed", &c.Claimed}, part{"proven", &c.Proven}, part{"addressed", &public},
		part{"reply_to", &c.ReplyTo}, part{"recipients", &c.Recipients},
		part{"message_id", &c.MessageID}, part{"size", &c.Size}, part{"created_at", &created},
		part{"via", &c.Via})
	c.Public, c.CreatedAt = public != 0, fromMillis(created)
	return c, err
}

// Comments yields the comments of a ticket, the oldest first, or of all of them if it is 0. Of a
// damaged database it yields those that can be read, and then the error.
func (db *DB) Comments(ctx context.Context, ticket int64) iter.Seq2[Comment, error] {
	if ticket == 0 {
		w := &tableScan[Comment]{db: db, scan: scanComment, columns: commentColumns, alias: "c",
			whole: strings.Replace(commentFrom, "comments c", "comments c not indexed", 1),
			half:  commentHalf, id: func(c Comment) int64 { return c.ID }}
		return w.rows(ctx)
	}
	return each(ctx, db, scanComment, `select `+commentColumns+commentFrom+
		` where c.ticket = $1 order by c.id`, ticket)
}

// CommentPage is a page of the comments of a ticket, the oldest first; of those that are Public,
// if that is asked for.
func (db *DB) CommentPage(ctx context.Context, ticket int64, public bool, r PageRequest) (
	Page[Comment], error) {
	return page(ctx, db, listing[Comment]{scan: scanComment, columns: commentColumns,
		from: commentFrom, id: "c.id", where: ofTicket(public),
		args: []any{ticket}}, r)
}

// CountComments says how many that are.
func (db *DB) CountComments(ctx context.Context, ticket int64, public bool) (int64, error) {
	return one(ctx, db, scanCount, `select count(*)`+commentFrom+ofTicket(public), ticket)
}

func ofTicket(public bool) string {
	if public {
		return " where c.ticket = $1 and " + isPublic
	}
	return " where c.ticket = $1"
}

// Comment is one comment, or ErrNotFound.
func (db *DB) Comment(ctx context.Context, id int64) (Comment, error) {
	return wholeOrHalf(ctx, db, scanComment, commentColumns, commentFrom, commentHalf,
		" where c.id = $1", id)
}

// insertComment has a message join the ticket that it replies to. What hands comments on belongs
// here and in makeComment: in the transaction that makes them.
func insertComment(t *tx, r *Record, id int64, w words) error {
	ticket := r.Facts.Thread.Ticket
	err := t.exec(`insert into comments (id, ticket, message, author_name, author_email, claimed,
		proven, subject, recipient, search, keys, via, created_at, addressed) values ($1, $2, $1, $3,
		$4, false, $5, $6, $7, $8, $9, 'email', $10, $11)`, id, ticket, w.author.Name, w.author.Email,
		r.Decision.Proof == policy.Pass, w.subject, w.recipient, w.search(), w.keys(r),
		r.Envelope.ReceivedAt.UnixMilli(), w.addressed)
	if err != nil {
		return fmt.Errorf("comment on ticket %d: %w", ticket, err)
	}
	if err := t.keepThread(w.messageID, id, ticket); err != nil {
		return err
	}
	return insertSender(t, r, w)
}

// makeComment has a held reply join its ticket. Its sender is on that from then on, and whom it
// was addressed to; but nobody is by what only claims to be from its sender.
func (h *Editor) makeComment(t *tx, r *Recovery, held heldRow) (err error) {
	if r.Comment.ID, err = t.nextID(); err != nil {
		return err
	}
	on := ""
	if author, err := message.ParseAddress(held.Author); err == nil && !held.claimed {
		on = strings.Trim(author.String()+"\n"+addressed(held.message), "\n")
	}
	err = t.exec(`insert into comments (id, ticket, message, author_name, author_email, claimed,
			proven, subject, recipient, search, keys, via, created_at, addressed)
		select $1, $2, s.id, s.author_name, s.author_email, m.claimed,
			m.authentication = 'pass' and not m.claimed, s.subject, s.recipient, s.search, s.keys,
			'recovered', $3, $4
		from suspended s join messages m on m.id = s.id where s.id = $5`,
		r.Comment.ID, r.Ticket.ID, h.now(), on, r.SuspendedID)
	if err != nil {
		return fmt.Errorf("comment on ticket %d: %w", r.Ticket.ID, err)
	}
	return t.keepThread(held.message.MessageID(), r.SuspendedID, r.Ticket.ID)
}

// ticketOf is the ticket that a held reply is to join, 0 if it is no reply, or if that is gone.
// What it names is asked first, as when it was judged, and then its reply token.
func (h *Editor) ticketOf(t *tx, held heldRow) (ticket int64, err error) {
	cause, _ := policy.ParseCause(held.Cause)
	if !cause.OfReply() {
		return 0, nil
	}
	if refs := held.message.References(); len(refs) > 0 {
		stmt, err := t.stmt(threadQuery)
		if err != nil {
			return 0, err
		}
		if ticket, _, err = findThread(refs, stmt.Query); err != nil {
			return 0, err
		}
	}
	ticket = cmp.Or(ticket, h.db.token(&held.envelope).Ticket)
	if ticket == 0 {
		return 0, nil
	}
	err = absent(t.row(`select id from tickets where id = $1`, ticket).Scan(&ticket))
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return ticket, err
}

// readHead reads the header section of a held message.
func (h *Editor) readHead(t *tx, held *heldRow, id int64) error {
	var start []byte
	err := t.row(`select substr(raw, 1, $2) from messages where id = $1`, id, message.MaxHeader+1).
		Scan(&start)
	if err != nil {
		return damaged(err)
	}
	raw, err := h.db.openContent(t.context(), id, held.DecisionID, start)
	if err != nil {
		return err
	}
	defer raw.Close()
	start, err = io.ReadAll(io.LimitReader(raw, message.MaxHeader+1))
	held.message = message.Parse(start)
	return err
}
