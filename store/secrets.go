package store

import (
	"context"
	"errors"
	"fmt"
)

// HasNodes reports whether any number of servers may have the database open: whether it is one of
// PostgreSQL. What they have in common is in it then.
func (db *DB) HasNodes() bool {
	_, is := db.engine.(*postgres)
	return is
}

// Secret is a key that all nodes have in common, by its name; ErrNotFound if there is none yet. It is of
// a database that has nodes.
func (db *DB) Secret(ctx context.Context, name string) ([]byte, error) {
	key, err := one(ctx, db, func(row scanner) (key []byte, err error) {
		return key, row.Scan(&key)
	}, `select value from secrets where name = $1`, name)
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	return key, nil
}

// MakeSecret is Secret, and the one that is given if there is none yet.
func (db *DB) MakeSecret(ctx context.Context, name string, value []byte) ([]byte, error) {
	key, err := db.Secret(ctx, name)
	if !errors.Is(err, ErrNotFound) {
		return key, err
	}
	err = db.writer.do(ctx, func(t *tx) error {
		return t.exec(`insert into secrets (name, value) values ($1, $2) on conflict (name) do nothing`,
			name, value)
	})
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	return db.Secret(ctx, name)
}
