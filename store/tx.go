package store

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
)

// A tx is one transaction of the writer. What every message changes is gathered here and
// written once for the whole batch.
type tx struct {
	w        *writer
	batch    []*write          // that it is for
	waiting  []statement       // to be sent, see postgresbatch.go
	pieces   int               // octets of large contents among it
	unlike   map[alikeKey]bool // there is no such message
	sequence int64             // the last id given out, 0 before the first
	outbox   int64             // the generation of the targets of hand-offs, once sequence is read
	begun    bool              // both were read, or are asked for
	handed   bool              // there is something to be carried on
	counts   map[counter]int64
	totals   map[string]int64 // see conservation.go
	bands    map[bandKey]*band
	hits     map[hitKey]hits
	shadowed map[Shadowed]int64
	facts    []any   // of messages: rows for flushFacts
	queue    bool    // the suspended queue has changed
	erased   bool    // a message was deleted for good
	noted    []int64 // entries of the audit log that one change added
	file     bool    // a content is in a file: the folder must be on disk before the commit
}

type counter struct {
	minute int64
	kind   string
}

// stmt is a statement to read with, once what was written before it is.
func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if err := t.w.engine.send(t); err != nil {
		return nil, err
	}
	if stmt := t.w.stmts[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := t.w.conn.PrepareContext(t.context(), t.w.engine.text(query))
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", damaged(err))
	}
	t.w.stmts[query] = stmt
	return stmt, nil
}

// exec writes, and may have the engine do so later: who has to know whether that failed takes change.
func (t *tx) exec(query string, args ...any) error { return t.w.engine.exec(t, query, args) }

// change is exec that says how many rows it changed.
func (t *tx) change(query string, args ...any) (int64, error) {
	stmt, err := t.stmt(query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(t.context(), args...)
	if err != nil {
		return 0, damaged(err)
	}
	return result.RowsAffected()
}

// row is the first row of a query; its error is Scan's.
func (t *tx) row(query string, args ...any) scanner {
	stmt, err := t.stmt(query)
	if err != nil {
		return failed{err}
	}
	return stmt.QueryRowContext(t.context(), args...)
}

type scanner interface{ Scan(dest ...any) error }

type failed struct{ err error }

func (f failed) Scan(...any) error { return f.err }

// texts are the only column of a query's rows.
func (t *tx) texts(query string, args ...any) (texts []string, err error) {
	stmt, err := t.stmt(query)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(t.context(), args...)
	if err != nil {
		return nil, damaged(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, damaged(rows.Err())
}

// script runs statements that are not worth keeping prepared.
func (t *tx) script(text string) error {
	if err := t.w.engine.send(t); err != nil {
		return err
	}
	_, err := t.w.conn.ExecContext(t.context(), text)
	return err
}

// nextID gives out an id of the one sequence of held messages and tickets.
func (t *tx) nextID() (int64, error) {
	if err := t.readSequence(); err != nil {
		return 0, err
	}
	t.sequence++
	return t.sequence, nil
}

// readSequence also reads which targets there are: a look of its own would cost every message.
func (t *tx) readSequence() error {
	if t.begun {
		return nil
	}
	t.begun = true
	return t.scanSequence(t.row(sequenceQuery))
}

const sequenceQuery = `select value, coalesce((select value from meta where name = 'targets'), 0)
	from meta where name = 'sequence'`

func (t *tx) askSequence() {
	if !t.begun {
		t.begun = true
		t.wait(t.scanSequence, sequenceQuery)
	}
}

func (t *tx) scanSequence(row scanner) error {
	var generation int64
	if err := row.Scan(&t.sequence, &generation); err != nil {
		return fmt.Errorf("sequence: %w", damaged(err))
	}
	if t.outbox == 0 { // else this transaction has set them itself
		t.outbox = generation
	}
	return nil
}

// countDecision counts what became of a message. Nothing in it says which message.
func (t *tx) countDecision(r *Record, kind string) {
	t.total(totalAccepted)
	t.countHit(r)
	at := minute(r.Envelope.ReceivedAt)
	t.count(at, kind)
	if r.Undeclared {
		t.count(at, undeclaredRelay)
	}
	if r.Facts.Overlooked() {
		t.count(at, overlooked)
	}
	t.countScans(at, r.Facts)
}

func (t *tx) count(minute int64, kind string) {
	if t.counts == nil {
		t.counts = map[counter]int64{}
	}
	t.counts[counter{minute, kind}]++
}

// flush writes what the batch gathered.
func (t *tx) flush() error {
	if t.begun {
		err := t.exec(`update meta set value = $1 where name = 'sequence'`, t.sequence)
		if err != nil {
			return err
		}
	}
	if t.queue {
		err := t.exec(`update meta set value = value + 1 where name = 'queue'`)
		if err != nil {
			return err
		}
	}
	for c, n := range t.counts {
		err := t.exec(`insert into counters (minute, kind, n) values ($1, $2, $3)
			on conflict (minute, kind) do update set n = counters.n + excluded.n`,
			c.minute, c.kind, n)
		if err != nil {
			return err
		}
	}
	err := errors.Join(t.flushTotals(), t.flushHits(), t.flushFacts(), t.flushShadowed())
	if err != nil {
		return err
	}
	if err := t.flushBands(); err != nil || !t.file {
		return err
	}
	if err := syncDir(t.w.dir); err != nil {
		return fmt.Errorf("%w: %w", errDisk, err)
	}
	return nil
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
