package store

import (
	"context"
	"errors"
	"time"
)

// A ticket that is done everywhere it was handed on to is there to be looked up. With a setting it
// goes after a time, with its comments; what is left is a tombstone that says where it went.

// doneQuery are the tickets behind the last that may go: of which a target has each message, and
// no target is without one that it was to have, all since before a time. What waits, failed or is
// unknown keeps its ticket, and so does what somebody discarded: its target never had it.
const doneQuery = `select t.id from tickets t where t.id > $1 and t.created_at < $2
	and exists (select 1 from handoffs h where h.thread = t.message and h.message = t.message
		and h.event = '` + TicketCreated + `' and h.state = 'done')
	and not exists (select 1 from handoffs h where h.thread = t.message and (h.ended_at >= $2
		or h.state in ('waiting', 'failed', 'unknown')
		or h.state = 'discarded' and h.ticket = t.id
			and h.event in ('` + TicketCreated + `', '` + CommentCreated + `')))
	and not exists (select 1 from comments c where c.ticket = t.id and (c.created_at >= $2
		or not exists (select 1 from handoffs h where h.thread = t.message and h.message = c.message
			and h.event = '` + CommentCreated + `' and h.state = 'done')))
	order by t.id limit $3`

// handedOff is what the audit log says of it.
type handedOff struct {
	Tickets  int        `json:"tickets"`
	Comments int        `json:"comments"`
	Since    *time.Time `json:"since,omitempty"` // the first, if that was before this entry
}

// purgeHandedOff deletes tickets that may go, and says how many messages those were.
func (db *DB) purgeHandedOff(ctx context.Context, e Expiry, until time.Time) (n int, err error) {
	before := until.Add(-e.KeepHandedOff).UnixMilli()
	for last, more := int64(0), true; more; {
		var ids []int64
		for id, err := range each(ctx, db, scanCount, doneQuery, last, before, purgeBatch) {
			if err != nil {
				return n, err
			}
			ids = append(ids, id)
			last = id
		}
		gone, err := db.dropTickets(ctx, e, ids, before)
		n += gone
		if err != nil {
			return n, err
		}
		more = len(ids) == purgeBatch
	}
	return n, nil
}

// dropTickets is one transaction. It asks again whether each may go: a reply may have come. What
// is damaged stays, for a person to look at.
func (db *DB) dropTickets(ctx context.Context, e Expiry, ids []int64, before int64) (n int,
	err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	var files []string
	err = db.writer.do(ctx, func(t *tx) error {
		files = nil
		all := taken{Causes: map[string]int{}}
		for _, id := range ids {
			parts, err := t.doneTicket(id, before)
			if errors.Is(err, ErrNotFound) || errors.Is(err, ErrDamaged) {
				continue
			}
			if err != nil {
				return err
			}
			for _, p := range parts {
				if err := db.drop(t, p); err != nil {
					return err
				}
				if p.inFile {
					files = append(files, contentName(p.decision))
				}
				all.Count++
				all.Causes[p.table]++
			}
		}
		n = all.Count
		return db.By(e.By).noteTaken(t, HandedOff, all)
	})
	if err != nil {
		return 0, err
	}
	return n, db.contents.remove(files)
}

// A ticketPart is a ticket, or a comment of it.
type ticketPart struct {
	table               string
	id, message         int64
	decision, messageID string
	inFile              bool
	targets             string // that have it
}

// partsQuery are a ticket and its comments, which go before it.
const partsQuery = `select q.kind, q.id, m.id, m.decision_id, m.message_id, m.raw is null,
		(select string_agg(target, ', ') from (select distinct h.target from handoffs h
			where h.thread = q.thread and h.message = q.message and h.state = 'done'
				and h.event in ('` + TicketCreated + `', '` + CommentCreated + `') order by 1) d)
	from (select 'comments' as kind, c.id, c.message, t.message as thread from comments c
			join tickets t on t.id = c.ticket where t.id = $1
		union all select 'tickets', id, message, message from tickets where id = $1) q
	left join messages m on m.id = q.message order by q.kind, q.id`

// doneTicket reads all of a ticket that may go, or gives ErrNotFound if it may not.
func (t *tx) doneTicket(id, before int64) (parts []ticketPart, err error) {
	var first int64
	if err := t.row(doneQuery, id-1, before, 1).Scan(&first); err != nil {
		return nil, absent(err)
	}
	if first != id {
		return nil, ErrNotFound
	}
	stmt, err := t.stmt(partsQuery)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(t.context(), id)
	if err != nil {
		return nil, damaged(err)
	}
	defer rows.Close()
	for rows.Next() {
		var p ticketPart
		err := rows.Scan(&p.table, &p.id, &p.message, &p.decision, &p.messageID, &p.inFile, &p.targets)
		if err != nil {
			return nil, errors.Join(ErrDamaged, err)
		}
		parts = append(parts, p)
	}
	return parts, damaged(rows.Err())
}

// drop deletes a part for good, and what was said of it. That it was handed on is still known.
func (db *DB) drop(t *tx, p ticketPart) error {
	if err := db.bury(t, p.table, p.id, EndedHandedOff, p.targets); err != nil {
		return err
	}
	t.erased = true
	t.total(totalHandedOff)
	return errors.Join(t.forgetThread(p.messageID, p.message),
		t.exec(`update handoffs set said = '', recipient = '' where message = $1 and state = 'done'
			and thread in ($1, (select t.message from comments c join tickets t on t.id = c.ticket
				where c.message = $1))`, p.message),
		t.exec(`delete from `+p.table+` where id = $1`, p.id), t.forgetFacts(p.message),
		t.exec(`delete from messages where id = $1`, p.message))
}
