package store

import (
	"context"
	"database/sql"
	"errors"
	"iter"
)

// each yields what a query finds, row by row. An error ends it.
func each[T any](ctx context.Context, db *DB, scan func(scanner) (T, error),
	query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		rows, err := db.read.QueryContext(ctx, rebind(query), args...)
		if err != nil {
			yield(none, damaged(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			v, err := scan(rows)
			if !yield(v, unreadable(err)) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, damaged(err))
		}
	}
}

// one is the only row of a query, or ErrNotFound.
func one[T any](ctx context.Context, db *DB, scan func(scanner) (T, error),
	query string, args ...any) (T, error) {
	v, err := scan(db.read.QueryRowContext(ctx, rebind(query), args...))
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
