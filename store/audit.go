package store

import (
	"context"
	"encoding/json"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"
)

// An AuditEntry is one change that a person made, or what a run of Purge took.
type AuditEntry struct {
	ID       int64           `json:"id"`
	At       time.Time       `json:"at"`
	Actor    string          `json:"actor"`
	Via      string          `json:"door"` // cli, console, api, server
	Client   string          `json:"client"`
	Action   Action          `json:"action"`
	Subject  string          `json:"subject"` // a list, lists, shadow, an address, an id, access, organisation NAME
	Before   json.RawMessage `json:"before"`  // null if there was nothing
	After    json.RawMessage `json:"after"`   // null if there is nothing
	Undoable bool            `json:"undoable"`
	Undoes   *int64          `json:"undoes"`             // the entry that this one undid
	UndoneBy *int64          `json:"undone_by"`          // the entry that undid this one
	Messages int             `json:"messages,omitempty"` // how many held messages it is about
	Lists    bool            `json:"-"`                  // it changed a list
}

// OfOrganizations reports whether it changed organisations, or undid such a change.
func (e AuditEntry) OfOrganizations() bool {
	return e.Subject == orgSubject+"s" || strings.HasPrefix(e.Subject, orgSubject+" ")
}

// An AuditQuery selects from the audit log. Its zero value is everything.
type AuditQuery struct {
	Before  int64  // entries with a lower id; 0 is no bound
	Limit   int    // 0 is no limit
	Subject string // exactly this one, a message or its sender, unless it is empty
}

const auditColumns = `id, at, actor, door, client, action, subject, before, after,
	undoable and undone_by is null, undoes, undone_by,
	(select count(*) from audit_mail m where m.audit = audit.id), generation > 0`

// aboutQuery are the entries that are about a message $4, mail from an address or a domain $3, or
// a list $2, or a profile of the domain, or that changed an entry of a list for $3.
const aboutQuery = `id in (select audit from audit_mail where author = $3 or message = $4
		or instr($3, '@') = 0 and author like '%@' || $3)
	or instr($3, '@') = 0 and subject like '%@' || $3
	or generation > 0 and exists (select 1 from audit_rules r
		where r.audit = audit.id and (r.list = $2 or r.target = $3))`

// AuditLog is what people changed, the newest first.
func (db *DB) AuditLog(ctx context.Context, q AuditQuery) iter.Seq2[AuditEntry, error] {
	before := q.Before
	if before <= 0 {
		before = math.MaxInt64
	}
	query := `select ` + auditColumns + ` from audit where id < $1`
	args := []any{before}
	if q.Subject != "" {
		number, _ := strconv.ParseInt(q.Subject, 10, 64) // 0 is the id of no message
		query += ` and (subject = $2 or ` + aboutQuery + `)`
		args = append(args, q.Subject, oneSpelling(q.Subject), number)
	}
	return each(ctx, db, scanAudit, query+` order by id desc`+atMost(q.Limit), args...)
}

// AuditEntry is one entry of the audit log, or ErrNotFound.
func (db *DB) AuditEntry(ctx context.Context, id int64) (AuditEntry, error) {
	return one(ctx, db, scanAudit, `select `+auditColumns+` from audit where id = $1`, id)
}

// LastEntry is the newest entry about a message, 0 if there is none.
func (db *DB) LastEntry(ctx context.Context, message int64) (id int64, err error) {
	return one(ctx, db, scanCount, `select coalesce(max(audit), 0) from audit_mail
		where message = $1`, message)
}

// Deleted is the entry by which a message was deleted, if it has not been held again since, and
// whether it can be still. ErrNotFound if there is none.
func (db *DB) Deleted(ctx context.Context, message int64) (e AuditEntry, kept bool, err error) {
	id, err := db.LastEntry(ctx, message)
	if err == nil {
		e, err = db.AuditEntry(ctx, id)
	}
	if err == nil && e.Action != Deleted {
		err = ErrNotFound
	}
	if err != nil {
		return AuditEntry{}, false, err
	}
	n, err := one(ctx, db, scanCount, `select count(*) from deleted where id = $1`, message)
	return e, n > 0, err
}

// Given reports whether an id was ever that of a message or a ticket.
func (db *DB) Given(ctx context.Context, id int64) (bool, error) {
	last, err := one(ctx, db, scanCount, `select value from meta where name = 'sequence'`)
	return id <= last, err
}

// An AuditedMail is a message that an entry of the audit log is about. Its subject is known as
// long as it is kept.
type AuditedMail struct {
	ID      int64
	Author  string
	Subject string
	Ticket  int64 // that was made of it or that it joined, if there is that still
	Held    bool
}

// AuditedMail are the messages that an entry of the audit log is about, up to limit.
func (db *DB) AuditedMail(ctx context.Context, audit int64, limit int) iter.Seq2[AuditedMail, error] {
	return each(ctx, db, func(row scanner) (m AuditedMail, err error) {
		return m, row.Scan(&m.ID, &m.Author, &m.Subject, &m.Ticket, &m.Held)
	}, `select m.message, m.author, coalesce(s.subject, d.subject, t.subject, c.subject, ''),
			coalesce(t.id, c.ticket, 0), s.id is not null
		from audit_mail m left join suspended s on s.id = m.message
			left join deleted d on d.id = m.message left join tickets t on t.suspended_id = m.message
			left join comments c on c.message = m.message
		where m.audit = $1 order by m.message`+atMost(limit), audit)
}

// AuditedProfiles is how many profiles an entry of the audit log made of senders.
func (db *DB) AuditedProfiles(ctx context.Context, audit int64) (n int64, err error) {
	return one(ctx, db, scanCount, `select count(*) from audit_mail
		where audit = $1 and made_profile`, audit)
}

// MayUndo reports whether something that an entry did to held messages can be undone still.
func (db *DB) MayUndo(ctx context.Context, audit int64) (bool, error) {
	return one(ctx, db, func(row scanner) (may bool, err error) { return may, row.Scan(&may) },
		`select exists (`+againQuery+`)`, audit, 0, 1)
}

func scanAudit(row scanner) (e AuditEntry, err error) {
	var at int64
	var before, after string
	err = row.Scan(&e.ID, &at, &e.Actor, &e.Via, &e.Client, &e.Action, &e.Subject, &before,
		&after, &e.Undoable, &e.Undoes, &e.UndoneBy, &e.Messages, &e.Lists)
	e.At, e.Before, e.After = fromMillis(at), json.RawMessage(before), json.RawMessage(after)
	return e, err
}
