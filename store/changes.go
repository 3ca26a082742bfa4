package store

import (
	"context"
	"fmt"
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
