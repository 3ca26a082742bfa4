package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"
)

// maxBatch bounds how many commits share one transaction and so one fsync.
const maxBatch = 128

var errClosed = errors.New("the store is closed")

// A writer is the one goroutine that writes. It takes whatever waits and commits it
// together; a lone commit never waits for company.
type writer struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt // prepared once, by their text
	dir   string               // of large contents, synced before a commit that names one
	queue chan *write
	quit  chan struct{} // closed to stop
	done  chan struct{} // closed when stopped

	broken error         // why nothing can be trusted to be on disk any more
	failed chan struct{} // closed when broken
}

// A write is one all-or-nothing change. Its do may run twice: in a batch that fails, and
// then alone.
type write struct {
	ctx context.Context
	do  func(*tx) error
	err chan error
}

func startWriter(ctx context.Context, db *sql.DB, dir string) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, damaged(err)
	}
	if _, err := conn.ExecContext(ctx, "pragma busy_timeout = 0"); err != nil {
		return nil, errors.Join(damaged(err), conn.Close())
	}
	w := &writer{conn: conn, dir: dir, stmts: map[string]*sql.Stmt{},
		queue: make(chan *write, maxBatch), quit: make(chan struct{}), done: make(chan struct{}),
		failed: make(chan struct{})}
	go w.run()
	return w, nil
}

// do runs f in a transaction and returns once that is on disk, or with an error and
// nothing changed.
func (w *writer) do(ctx context.Context, f func(*tx) error) error {
	j := &write{ctx: ctx, do: f, err: make(chan error, 1)}
	select {
	case <-w.quit:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	case w.queue <- j:
	}
	select {
	case err := <-j.err:
		return err
	case <-w.done:
	}
	select {
	case err := <-j.err:
		return err
	default:
		return errClosed
	}
}

// stop lets what waits be written, then ends the writer.
func (w *writer) stop() error {
	close(w.quit)
	<-w.done
	errs := []error{}
	for _, stmt := range w.stmts {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

func (w *writer) run() {
	defer close(w.done)
	for {
		select {
		case j := <-w.queue:
			w.commit(w.gather(j))
		case <-w.quit:
			if len(w.queue) == 0 {
				return
			}
			w.commit(w.gather(<-w.queue))
		}
	}
}

// gather takes what waits behind first, without waiting for more.
func (w *writer) gather(first *write) []*write {
	batch := []*write{first}
	for len(batch) < maxBatch {
		select {
		case j := <-w.queue:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit writes a batch in one transaction. If any of it fails each is written alone, so
// that one bad write does not sink the others.
func (w *writer) commit(batch []*write) {
	err := w.transact(batch)
	if err != nil && len(batch) > 1 {
		for _, j := range batch {
			j.err <- w.transact([]*write{j})
		}
		return
	}
	for _, j := range batch {
		j.err <- err
	}
}

func (w *writer) transact(batch []*write) (err error) {
	if w.broken != nil {
		return w.broken
	}
	if err := begin(batch[0].ctx, w.conn); err != nil {
		return fmt.Errorf("begin: %w", damaged(err))
	}
	t := &tx{w: w}
	defer func() {
		if err != nil {
			w.rollback(t, err)
		}
	}()
	for _, j := range batch {
		if err := j.do(t); err != nil {
			return err
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	return t.exec("commit")
}

// rollback undoes a transaction that failed. After an input or output error the state of
// the pages in memory is unknown (https://wiki.postgresql.org/wiki/Fsync_Errors): nothing
// more is written until the database has been opened anew.
func (w *writer) rollback(t *tx, err error) {
	// SQLite may have rolled back by itself; then this says so, and that is all right.
	_ = t.script("rollback")
	var e sqlite3.Error
	if errors.As(err, &e) && e.Code == sqlite3.ErrIoErr {
		w.broken = fmt.Errorf("the disk failed: %w", err)
		close(w.failed)
	}
}
