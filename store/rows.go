package store

import (
	"context"
	"database/sql"
	"errors"
	"iter"
)

// each yields what a query finds, row by row. An error ends it. What cannot be read by an index
// whose pages are damaged is read without.
func each[T any](ctx context.Context, db *DB, scan func(scanner) (T, error),
	query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		given := 0
		counting := func(v T, err error) bool {
			given++
			return yield(v, err)
		}
		err := eachOf(ctx, db, scan, counting, query, args)
		if err != nil && given == 0 && db.engine.stale(err) {
			err = eachOf(ctx, db, scan, counting, query, args)
		}
		if again, ok := againUnindexed(query, err); ok && given == 0 {
			if err = eachOf(ctx, db, scan, yield, again, args); err == nil {
				db.unindexed.Store(true)
			}
		}
		if err != nil {
			var none T
			yield(none, damaged(err))
		}
	}
}

// eachOf gives the error of SQLite, and yields those of rows.
func eachOf[T any](ctx context.Context, db *DB, scan func(scanner) (T, error),
	yield func(T, error) bool, query string, args []any) error {
	rows, err := db.read.QueryContext(ctx, db.text(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if !yield(v, unreadable(err)) || err != nil {
			return nil
		}
	}
	return rows.Err()
}

// one is the only row of a query, or ErrNotFound.
func one[T any](ctx context.Context, db *DB, scan func(scanner) (T, error),
	query string, args ...any) (T, error) {
	v, err := scan(db.read.QueryRowContext(ctx, db.text(query), args...))
	if err != nil && db.engine.stale(err) {
		v, err = scan(db.read.QueryRowContext(ctx, db.text(query), args...))
	}
	if again, ok := againUnindexed(query, err); ok {
		if v, err = scan(db.read.QueryRowContext(ctx, db.text(again), args...)); !IsDamaged(err) {
			db.unindexed.Store(true)
		}
	}
	return v, absent(err)
}

// absent is ErrNotFound for no row.
func absent(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return unreadable(err)
}

// also is a row that has more columns than its scan function knows, at its end.
type also struct {
	scanner
	more []any
}

func (a also) Scan(dest ...any) error { return a.scanner.Scan(append(dest, a.more...)...) }
