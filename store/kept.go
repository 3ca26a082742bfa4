package store

import (
	"context"
	"fmt"
	"iter"
	"math/bits"
	"strings"
	"time"

	"gatepost/policy"
)

// KeptFacts are what a decision on a message depended on when it was made. The message is a held
// one, that of a ticket or a comment, or gone by now.
type KeptFacts struct {
	ID    int64
	Facts *policy.Facts
}

// KeptFacts gives those of all messages that came since a time and of which they are known, the
// newest first; not more than limit, if that is not 0. Of silent rejections nothing is known. The
// Facts are overwritten by the next ones: who needs them longer copies them.
func (db *DB) KeptFacts(ctx context.Context, since time.Time, limit int) iter.Seq2[KeptFacts, error] {
	return each(ctx, db, scanFacts(), `select id, facts from facts where received_at >= $1
		order by id desc`+atMost(limit), millis(since))
}

// FactsBehind gives those of all messages behind an id, as KeptFacts does.
func (db *DB) FactsBehind(ctx context.Context, id int64, limit int) iter.Seq2[KeptFacts, error] {
	return each(ctx, db, scanFacts(), `select id, facts from facts where id > $1
		order by id desc`+atMost(limit), id)
}

// scanFacts has one Facts for all rows.
func scanFacts() func(scanner) (KeptFacts, error) {
	var facts policy.Facts
	return func(row scanner) (k KeptFacts, err error) {
		var text []byte
		if err = row.Scan(&k.ID, &text); err == nil {
			err = facts.UnmarshalText(text)
		}
		k.Facts = &facts
		return k, err
	}
}

// CountKept is how many messages KeptFacts gives.
func (db *DB) CountKept(ctx context.Context, since time.Time, limit int) (int64, error) {
	return one(ctx, db, scanCount, `select count(*) from (select 1 from facts
		where received_at >= $1`+atMost(limit)+`) f`, millis(since))
}

// Factless gives the ids of messages that came since a time, are there, and were stored before
// facts were, the newest first.
func (db *DB) Factless(ctx context.Context, since time.Time, limit int) iter.Seq2[int64, error] {
	return each(ctx, db, scanCount, `select id from messages
		where id <= (select value from meta where name = 'facts_from') and received_at >= $1
			and not exists (select 1 from facts f where f.id = messages.id)
		order by id desc`+atMost(limit), millis(since))
}

// GoneFactless is how many messages that came since a time are gone, and nothing is known of that
// would decide them again.
func (db *DB) GoneFactless(ctx context.Context, since time.Time) (int64, error) {
	return one(ctx, db, scanCount, `select count(*) from tombstones t where created_at >= $1
		and not exists (select 1 from facts f where f.id = t.id)`, millis(since))
}

// millis is a time as it is stored; the zero time is before all.
func millis(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMilli()
}

// keepFacts has the facts of a message written with those of the rest of the batch.
func (t *tx) keepFacts(r *Record, id int64, facts string) {
	t.facts = append(t.facts, id, r.Envelope.ReceivedAt.UnixMilli(), facts)
}

// flushFacts writes as many rows with one statement as there are in the greatest power of two.
func (t *tx) flushFacts() error {
	const columns, most = 3, 64
	for rest := t.facts; len(rest) > 0; {
		rows := min(most, 1<<(bits.Len(uint(len(rest)/columns))-1))
		var values strings.Builder
		for i := range rows {
			fmt.Fprintf(&values, ", ($%d, $%d, $%d)", columns*i+1, columns*i+2, columns*i+3)
		}
		err := t.exec(`insert into facts (id, received_at, facts) values `+values.String()[2:],
			rest[:columns*rows]...)
		if err != nil {
			return fmt.Errorf("facts: %w", err)
		}
		rest = rest[columns*rows:]
	}
	return nil
}

// forgetFacts takes those of a message that is gone, and of which nothing is kept.
func (t *tx) forgetFacts(id int64) error {
	return t.exec(`delete from facts where id = $1
		and not exists (select 1 from tombstones where id = $1)`, id)
}
