package store

import (
	"fmt"
	"time"
)

// How a message ended that is not there any more.
const (
	EndedDeleted  = "deleted"   // by a person
	EndedExpired  = "expired"   // its time was over
	EndedSetAside = "set aside" // its row was damaged: it lies in a file
	// Every target has it. Who ended it are those.
	EndedHandedOff = "handed off"
)

// KeepTombstones says how long it is known what became of a message that is gone; 0 is not at
// all, and what is known is forgotten by the next Purge.
func (db *DB) KeepTombstones(d time.Duration) { db.tombstones.Store(int64(d)) }

const intoTombstones = `insert into tombstones (id, decision_id, cause, sender, message_id, client,
	ended, ended_by, created_at, ended_at, keys)`

// tombstoneColumns are written from a row of one of the tables that list messages, q, and of
// messages, m. Nothing has to be whole in either.
const tombstoneColumns = `coalesce(m.decision_id, ''), coalesce(m.cause, ''),
	coalesce(q.author_email, ''), coalesce(m.message_id, ''), coalesce(m.client, ''), $2, $3,
	coalesce(q.created_at, 0), $4, coalesce(q.keys, '')`

// bury leaves a tombstone of a message that a table lists under an id, before it goes. Whose
// name is empty nobody ended.
func (db *DB) bury(t *tx, table string, id int64, ended, by string) error {
	if db.tombstones.Load() == 0 {
		return nil
	}
	message := "q.id"
	if table == "tickets" || table == "comments" {
		message = "q.message"
	}
	err := t.exec(intoTombstones+` select q.id, `+tombstoneColumns+`
		from `+table+` q left join messages m on m.id = `+message+` where q.id = $1
		on conflict (id) do nothing`, id, ended, by, db.now().UnixMilli())
	if err != nil {
		return fmt.Errorf("keep what became of message %d: %w", id, err)
	}
	return nil
}

// deleter is who deleted message q.id, as the audit log has it.
const deleter = `coalesce((select a.actor from audit_mail am join audit a on a.id = am.audit
	where am.message = q.id and a.action = '` + string(Deleted) + `' order by am.audit desc limit 1), '')`

// buryDeleted leaves a tombstone of each of those messages that a person deleted, which a part of
// a query selects from deleted d by two arguments.
func (db *DB) buryDeleted(t *tx, those string, args ...any) error {
	if db.tombstones.Load() == 0 {
		return nil
	}
	return t.exec(intoTombstones+`
		select q.id, coalesce(m.decision_id, ''), q.cause, q.author_email,
			coalesce(m.message_id, ''), coalesce(m.client, ''), '`+EndedDeleted+`', `+deleter+`,
			q.created_at, q.deleted_at, q.keys
		from deleted q left join messages m on m.id = q.id where q.id in (select d.id`+those+`)
		on conflict (id) do nothing`, args...)
}

// forgetTombstones takes those that are kept no longer, and the facts of their messages.
func (db *DB) forgetTombstones(t *tx, until time.Time) error {
	kept := time.Duration(db.tombstones.Load())
	before := until.Add(-kept).UnixMilli()
	err := t.exec(`delete from facts
		where id in (select id from tombstones where ended_at < $1)`, before)
	if err != nil {
		return err
	}
	return t.exec(`delete from tombstones where ended_at < $1`, before)
}
