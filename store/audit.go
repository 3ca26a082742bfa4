package store

import (
	"context"
	"encoding/json"
	"iter"
	"math"
	"strconv"
	"time"
)

// An AuditEntry is one change that a person made, or what a run of Purge took.
type AuditEntry struct {
	ID       int64           `json:"id"`
	At       time.Time       `json:"at"`
	Actor    string          `json:"actor"`
	Door     string          `json:"door"` // cli, console, api, server
	Client   string          `json:"client"`
	Action   string          `json:"action"`  // rules.add, user.role, …
	Subject  string          `json:"subject"` // a list, an address, an id, access
	Before   json.RawMessage `json:"before"`  // null if there was nothing
	After    json.RawMessage `json:"after"`   // null if there is nothing
	Undoable bool            `json:"undoable"`
	Undoes   *int64          `json:"undoes"`             // the entry that this one undid
	UndoneBy *int64          `json:"undone_by"`          // the entry that undid this one
	Messages int             `json:"messages,omitempty"` // how many held messages it is about
	Lists    bool            `json:"-"`                  // it changed a list
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

// AuditLog is what people changed, the newest first.
func (db *DB) AuditLog(ctx context.Context, q AuditQuery) iter.Seq2[AuditEntry, error] {
	before := q.Before
	if before <= 0 {
		before = math.MaxInt64
	}
	query := `select ` + auditColumns + ` from audit where id < $1`
	args := []any{before}
	if q.Subject != "" {
		query += ` and (subject = $2 or id in (select audit from audit_mail where author = $3)
			or id in (select audit from audit_mail where message = $4)
			or generation > 0 and exists (select 1 from audit_rules r
				where r.audit = audit.id and r.list = $2))`
		number, _ := strconv.ParseInt(q.Subject, 10, 64) // 0 is the id of no message
		args = append(args, q.Subject, oneSpelling(q.Subject), number)
	}
	return each(ctx, db, scanAudit, query+` order by id desc`+atMost(q.Limit), args...)
}

// AuditEntry is one entry of the audit log, or ErrNotFound.
func (db *DB) AuditEntry(ctx context.Context, id int64) (AuditEntry, error) {
	return one(ctx, db, scanAudit, `select `+auditColumns+` from audit where id = $1`, id)
}

func scanAudit(row scanner) (e AuditEntry, err error) {
	var at int64
	var before, after string
	err = row.Scan(&e.ID, &at, &e.Actor, &e.Door, &e.Client, &e.Action, &e.Subject, &before,
		&after, &e.Undoable, &e.Undoes, &e.UndoneBy, &e.Messages, &e.Lists)
	e.At, e.Before, e.After = fromMillis(at), json.RawMessage(before), json.RawMessage(after)
	return e, err
}
