package store

import (
	"context"
	"database/sql"
	"errors"
)

// ask reads the row of a query that every message asks for; stmt is that, prepared for those that read.
//
// It stands on a few pages that the connection which writes has in its cache. Those that read forget
// theirs with each transaction, and have to find them in the log again; so they are asked only while
// somebody writes.
func (s sqlite) ask(stmt *sql.Stmt, query string, read func(scanner) error, args ...any) error {
	if done, err := s.writer.ask(query, read, args...); done {
		return err
	}
	return read(stmt.QueryRow(args...))
}

// await asks once: a file is there, or is not.
func (sqlite) await(_ context.Context, ask func() error) error { return ask() }

// ask is done if nobody was writing, and the row was read, or there is none.
func (w *writer) ask(query string, read func(scanner) error, args ...any) (done bool, err error) {
	if !w.writing.TryLock() {
		return false, nil
	}
	defer w.writing.Unlock()
	if w.broken != nil || w.files.gone() != nil {
		return false, nil
	}
	t := &tx{w: w}
	err = read(t.row(query, args...))
	return err == nil || errors.Is(err, sql.ErrNoRows), err
}
