package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"gatepost/message"
)

// Always is the Window of what is read from a file: whoever reads it again means the same
// messages, however long ago that was and whether or not they bear a Message-ID.
const Always = time.Duration(math.MaxInt64)

// mostMerged is how many recipients a message may come to by being sent again. They are
// written anew each time; what would bring it more is another message.
const mostMerged = 1000

// mostAlike is how many messages of the same octets are looked at, the newest: somebody may
// send them from any number of reverse-paths.
const mostAlike = 100

// duplicate is what a message that was stored before is counted as, in the place of its
// decision.
const duplicate = "duplicate"

// A first is the stored message that another one is, sent again.
type first struct {
	id         int64
	decision   string
	recipients []string
	reasons    string
	inFile     int64
	held       int64
}

// alikeQuery tells by the index alone that there is no such message, as for nearly every one.
const alikeQuery = `select id from messages where dated in ($1, 0) and substr(sum, 1, 8) = $2
	limit 1`

// An alikeKey is what alikeQuery looks for.
type alikeKey struct {
	dated int64
	sum   [8]byte
}

func (r *Record) alikeKey() alikeKey {
	return alikeKey{r.dated(), [8]byte(r.Content.Sum[:8])}
}

// askAlike has it be known of nearly every message that there is none like it.
func (t *tx) askAlike(r *Record) {
	k := r.alikeKey()
	t.wait(func(row scanner) error {
		err := row.Scan(new(int64))
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if t.unlike == nil {
			t.unlike = map[alikeKey]bool{}
		}
		t.unlike[k] = true
		return nil
	}, alikeQuery, k.dated, k.sum[:])
}

// isUnlike reports whether it is known that there is no message like it.
func (t *tx) isUnlike(r *Record) bool { return len(t.unlike) > 0 && t.unlike[r.alikeKey()] }

// addAlike has it not be known any more, once the message is there.
func (t *tx) addAlike(r *Record) {
	if len(t.unlike) == 0 {
		return
	}
	is := r.alikeKey()
	maps.DeleteFunc(t.unlike, func(k alikeKey, _ bool) bool {
		return k.sum == is.sum && (k.dated == is.dated || is.dated == 0)
	})
}

// firstQuery finds the newest message of these octets and this reverse-path that came within
// $6 of this one, and is a ticket, a comment or, unless this one is let in ($7), is held. SQLite puts $1
// for the sum wherever it stands, and so would not see what the index is of.
const firstQuery = `select m.id, m.decision_id, m.recipients, m.reasons, m.raw is null,
		exists (select 1 from suspended s where s.id = m.id)
	from messages m where m.id in (select id from messages where dated in ($10, 0)
			and substr(sum, 1, 8) = $8 order by id desc limit $9)
		and m.sum = $1 and m.size = $2 and m.mail_from = $3 and m.null_path = $4
		and abs(m.received_at - $5) <= $6
		and (exists (select 1 from tickets t where t.id = m.id)
			or exists (select 1 from tickets t where t.suspended_id = m.id)
			or exists (select 1 from comments c where c.message = m.id)
			or not $7 and exists (select 1 from suspended s where s.id = m.id))
	order by m.id desc limit 1`

// Again makes a message one with the first like it, as Commit does, and reports whether there
// is one: whatever was decided of this one then counts for nothing.
func (db *DB) Again(ctx context.Context, r *Record) (bool, error) {
	r.First = ""
	if f, err := db.firstLike(ctx, r); f == nil || err != nil {
		return false, err
	}
	err := db.writer.do(ctx, func(t *tx) error {
		_, err := db.again(t, r)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("commit %s: %w", r.ID, err)
	}
	return r.First != "", nil
}

// FirstLike is the id of the decision of the stored message that this one is, sent again; empty
// if there is none.
func (db *DB) FirstLike(ctx context.Context, r *Record) (string, error) {
	f, err := db.firstLike(ctx, r)
	if f == nil || err != nil {
		return "", err
	}
	return f.decision, nil
}

func (db *DB) firstLike(ctx context.Context, r *Record) (f *first, err error) {
	err = db.engine.await(ctx, func() error {
		f, err = db.first(db.reader(ctx), r)
		return err
	})
	return f, err
}

// again looks for the first, and adds to it what this message has beside. The id is that of
// the first, 0 if there is none. It always writes: what is on disk in the end is the first,
// too, whether or not whoever wrote it came to know that.
func (db *DB) again(t *tx, r *Record) (int64, error) {
	r.First = ""
	if t.isUnlike(r) {
		return 0, nil
	}
	f, err := db.first(t.row, r)
	if f == nil || err != nil {
		return 0, err
	}
	if added := f.lacks(r.Envelope.Recipients); len(added) > 0 {
		if len(f.recipients)+len(added) > mostMerged {
			return 0, nil
		}
		if err := f.add(t, added, r.Envelope); err != nil {
			return 0, fmt.Errorf("recipients of message %d: %w", f.id, err)
		}
		if err := t.handOffAdded(f, added, r.Envelope.ReceivedAt.UnixMilli()); err != nil {
			return 0, err
		}
	}
	t.total(totalAccepted)
	t.total(totalDuplicates)
	t.count(minute(r.Envelope.ReceivedAt), duplicate)
	r.First = f.decision
	return f.id, nil
}

func (db *DB) reader(ctx context.Context) func(string, ...any) scanner {
	return func(query string, args ...any) scanner {
		return db.read.QueryRowContext(ctx, db.text(query), args...)
	}
}

// Repeats reports whether a message may be one that was sent before.
func (r *Record) Repeats() bool {
	return r.Window > 0 && (r.Window == Always || r.Message.MessageID() != "")
}

// dated is under what the index has a message: 0 where its Date says nothing.
func (r *Record) dated() int64 {
	if at := r.Message.Date(); !at.IsZero() {
		return at.Unix()
	}
	return 0
}

// first is nil if there is none, or if it is not whole.
func (db *DB) first(row func(string, ...any) scanner, r *Record) (*first, error) {
	if !r.Repeats() {
		return nil, nil
	}
	err := row(alikeQuery, r.dated(), r.Content.Sum[:8]).Scan(new(int64))
	var f first
	var damage Damage
	if err == nil {
		damage, err = f.scan(row, r)
	}
	whole := err == nil && damage == nil
	if whole {
		whole, err = db.isWhole(row, &f, r.Content)
	}
	if errors.Is(err, sql.ErrNoRows) || err == nil && !whole {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the same message before: %w", damaged(err))
	}
	return &f, nil
}

func (f *first) scan(row func(string, ...any) scanner, r *Record) (Damage, error) {
	env, c := r.Envelope, r.Content
	return scanParts(row(firstQuery, c.Sum[:], c.Size, message.Clean(env.MailFrom), env.NullPath,
		env.ReceivedAt.UnixMilli(), r.Window.Milliseconds(), r.Decision.Action.LetsIn(),
		c.Sum[:8], mostAlike, r.dated()),
		part{"id", &f.id}, part{"decision_id", &f.decision}, part{"recipients", &f.recipients},
		part{"reasons", &f.reasons}, part{"raw", &f.inFile}, part{"held", &f.held})
}

// isWhole looks whether the content of the first is there: it will be the only one.
func (db *DB) isWhole(row func(string, ...any) scanner, f *first, c *Content) (bool, error) {
	if f.inFile != 0 {
		return db.contents.has(row, f.decision, c.Size)
	}
	var same bool
	err := row(`select coalesce(raw = $1, false) from messages where id = $2`, c.raw(), f.id).
		Scan(&same)
	return same, err
}

// lacks are those recipients that are none of the first's yet.
func (f *first) lacks(recipients []string) (added []string) {
	for _, to := range recipients {
		if !slices.ContainsFunc(slices.Concat(f.recipients, added), func(has string) bool {
			return isSameMailbox(has, to)
		}) {
			added = append(added, to)
		}
	}
	return added
}

func isSameMailbox(a, b string) bool {
	if a == b {
		return true
	}
	x, err := message.ParseAddress(a)
	y, err2 := message.ParseAddress(b)
	return err == nil && err2 == nil && x == y
}

// add writes further recipients, and when and from where they came among the facts.
func (f *first) add(t *tx, added []string, env *message.Envelope) error {
	var words reasons
	if err := json.Unmarshal([]byte(f.reasons), &words); err != nil {
		return err
	}
	from := clientText(env)
	if from != "" {
		from = " from " + from
	}
	words.Facts = append(words.Facts, [2]string{"sent again", message.Clean(fmt.Sprintf(
		"at %s%s, to %s", env.ReceivedAt.UTC().Format(time.RFC3339), from,
		strings.Join(added, ", ")))})
	reasons, err := json.Marshal(words)
	if err != nil {
		return err
	}
	recipients, err := json.Marshal(append(f.recipients, added...))
	if err != nil {
		return err
	}
	t.queue = t.queue || f.held != 0
	return t.exec(`update messages set recipients = $1, reasons = $2 where id = $3`,
		string(recipients), string(reasons), f.id)
}
