package store

import (
	"context"
	"fmt"
	"iter"
)

const queueQuery = `select value from meta where name = 'queue'`

// Changes is the version of the suspended queue, which moves when a message is held,
// recovered or deleted by whatever process; if it is not since, also how many messages are
// held, by cause. A question to which nothing has changed costs a few microseconds.
func (db *DB) Changes(ctx context.Context, since int64) (version int64, counts map[string]int64,
	err error) {
	if err := db.queue.QueryRowContext(ctx).Scan(&version); err != nil {
		return 0, nil, fmt.Errorf("changes: %w", damaged(err))
	}
	if version == since {
		return version, nil, nil
	}
	counts, err = db.CauseCounts(ctx)
	return version, counts, err
}

// CauseCounts is how many messages are held, by the name of the cause.
func (db *DB) CauseCounts(ctx context.Context) (map[string]int64, error) {
	type count struct {
		cause string
		n     int64
	}
	counts := map[string]int64{}
	for c, err := range each(ctx, db, func(row scanner) (c count, err error) {
		return c, row.Scan(&c.cause, &c.n)
	}, `select cause, count(*) from suspended group by cause`) {
		if err != nil {
			return nil, fmt.Errorf("counts by cause: %w", err)
		}
		counts[c.cause] = c.n
	}
	return counts, nil
}

// RulesSince is what was changed of the lists since a generation, the newest first and no more
// than that many: what ErrRulesChanged is about.
func (db *DB) RulesSince(ctx context.Context, generation int64, limit int) (
	changes iter.Seq2[AuditEntry, error]) {
	return each(ctx, db, scanAudit, `select `+auditColumns+` from audit
		where generation > $1 and id > coalesce((select id from audit
			where generation between 1 and $1 order by id desc limit 1), 0)
		order by id desc`+atMost(limit), max(generation, 0))
}
