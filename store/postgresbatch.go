package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Each round trip to the server costs about as much as a statement. So what is only written waits in
// the transaction, and is sent with the next that is read or with the commit; and what messages ask
// for is asked by the statements that begin the transaction.

// A statement waits to be sent.
type statement struct {
	query string
	args  []any
	read  func(scanner) error // its first row; nil: it is only written
}

// exec sends nothing: what fails is known once something is read, or committed.
func (p *postgres) exec(t *tx, query string, args []any) error {
	t.wait(nil, query, args...)
	return nil
}

// wait has a statement be sent with others.
func (t *tx) wait(read func(scanner) error, query string, args ...any) {
	t.waiting = append(t.waiting, statement{query, args, read})
}

// ask has what the messages of a transaction ask for wait.
func (t *tx) ask() {
	for _, j := range t.batch {
		if j.asks != nil {
			j.asks(t)
		}
	}
}

// send sends what waits, in one round trip.
func (p *postgres) send(t *tx) error {
	_, err := p.sendWaiting(t)
	return err
}

// sendWaiting also says how much was done before an error.
func (p *postgres) sendWaiting(t *tx) (done int, err error) {
	all := t.waiting
	t.waiting, t.pieces = nil, 0
	if len(all) == 0 {
		return 0, nil
	}
	batch := &pgx.Batch{}
	for _, s := range all {
		args := make([]any, len(s.args))
		for i, arg := range s.args {
			if args[i], err = clean(arg); err != nil {
				return 0, err
			}
		}
		batch.Queue(p.textOf(s.query), args...)
	}
	broken := t.w.conn.Raw(func(conn any) error {
		results := conn.(cleaningConn).Conn.Conn().SendBatch(context.Background(), batch)
		done, err = readAll(results, all)
		return nil
	})
	return done, advised(cmp.Or(err, broken))
}

// textOf is text, which is made once of each: what is sent together is sent again and again.
func (p *postgres) textOf(query string) string {
	text, known := p.texts.Load(query)
	if !known {
		text, _ = p.texts.LoadOrStore(query, p.text(query))
	}
	return text.(string)
}

func readAll(results pgx.BatchResults, all []statement) (done int, err error) {
	defer func() { err = cmp.Or(err, results.Close()) }()
	for _, s := range all {
		if s.read != nil {
			err = s.read(results.QueryRow())
		} else {
			err = written(results, s.query)
		}
		if err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}

// written reads the answer to what reads nothing. To commit what has failed is to roll it back, and no
// error of the server's.
func written(results pgx.BatchResults, query string) error {
	tag, err := results.Exec()
	if err == nil && query == commitQuery && tag.String() != "COMMIT" {
		err = fmt.Errorf("%w: the server rolled it back", errUndone)
	}
	return err
}

const commitQuery = "commit"

// uncommitted is an error of what came before a commit: that was not done.
type uncommitted struct{ error }

func (u *uncommitted) Unwrap() error { return u.error }

// end sends what waits with the commit behind it. Where the server says that something of before has
// failed it has not come to the commit. Any other error is of the commit, or may be.
func (p *postgres) end(t *tx) error {
	before := len(t.waiting)
	t.wait(nil, commitQuery)
	done, err := p.sendWaiting(t)
	if done < before && errors.As(err, new(*pgconn.PgError)) {
		return &uncommitted{err}
	}
	return err
}
