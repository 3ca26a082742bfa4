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
			if !yield(v, err) || err != nil {
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
	if errors.Is(err, sql.ErrNoRows) {
		return v, ErrNotFound
	}
	return v, damaged(err)
}
