package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mattn/go-sqlite3"
)

// maxBatch bounds how many commits share one transaction and so one fsync.
const maxBatch = 128

var errClosed = errors.New("the store is closed")

// A writer writes, one transaction at a time. Whoever comes when nobody writes leads: it
// takes what waits and commits it together with its own, then lets the first of those who
// came meanwhile lead. A lone commit waits for nobody, and is handed to nobody.
type writer struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt // prepared once, by their text
	dir   string               // of large contents, synced before a commit that names one

	engine   engine
	contents contents
	node     string // that decides what is written; empty where there is but one

	turns *turns // among the processes that write
	files *files // of the database, at their paths as long as anything is written
	now   func() time.Time

	outbox *outbox       // what is known of the targets of hand-offs; nil: read them
	handed chan struct{} // has something in it once there is something to be carried on

	mirror  atomic.Pointer[mirror] // nil but in a server
	writing sync.Mutex             // held by who has a transaction, or uses conn otherwise

	lock     sync.Mutex
	queue    []*write
	riders   []*write      // that wait for company: see rider.go
	crowdAt  time.Time     // of the last batch of several
	patience time.Duration // of the riders
	leading  bool          // somebody writes
	erased   atomic.Bool   // a message was, and its octets may be in the log still
	closed   bool
	active   sync.WaitGroup // of calls of do

	broken error         // why nothing can be trusted to be on disk any more
	failed chan struct{} // closed when broken
}

// A write is one all-or-nothing change. Its do may run twice: in a batch that fails, and
// then alone.
type write struct {
	do   func(*tx) error
	asks func(*tx) // what it asks for with the others of its batch; may be nil
	err  error     // its outcome, once done
	turn chan bool // true: lead now; false: it is done

	rides bool // it does not count as a crowd
}

func newWriter(ctx context.Context, db *sql.DB, dir string) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, damaged(err)
	}
	// A page that is damaged is not written to: what is whole on it, or beside it, would go.
	if _, err := conn.ExecContext(ctx,
		"pragma busy_timeout = 0; pragma cell_size_check = on"); err != nil {
		return nil, errors.Join(damaged(err), conn.Close())
	}
	return &writer{conn: conn, dir: dir, engine: sqlite{}, stmts: map[string]*sql.Stmt{}, now: time.Now,
		failed: make(chan struct{}), handed: make(chan struct{}, 1), patience: mostRide}, nil
}

// do runs f in a transaction and returns once that is on disk, or with an error and
// nothing changed. A context that ends later does not end it: what f uses must stay as it is.
func (w *writer) do(ctx context.Context, f func(*tx) error) error {
	return w.write(ctx, &write{do: f, turn: make(chan bool, 1)})
}

func (w *writer) write(ctx context.Context, j *write) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.do = fenced(ctx, j.do)
	lead, err := w.join(j)
	if err != nil {
		return err
	}
	defer w.active.Done()
	if lead || <-j.turn {
		w.lead()
	}
	return j.err
}

// join queues a write, and reports whether it is to lead.
func (w *writer) join(j *write) (lead bool, err error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if err := w.files.gone(); err != nil {
		return false, err
	}
	if w.closed {
		return false, errClosed
	}
	w.active.Add(1)
	if j.rides && w.crowded() {
		w.await(j)
		return false, nil
	}
	lead = w.enqueue(j)
	w.enqueue(w.riders...)
	w.riders = nil
	return lead, nil
}

// lead commits what waits, its own write first of all, and lets somebody else lead. A log that has
// become long is seen to in between, but nobody waits for that who has written.
func (w *writer) lead() {
	w.lock.Lock()
	n := min(len(w.queue), maxBatch)
	batch := w.queue[:n:n]
	w.queue = w.queue[n:]
	w.crowd(batch)
	w.lock.Unlock()

	w.commit(batch)

	if w.mirror.Load().isLong(checkpointFrames) {
		w.active.Add(1)
		go w.shorten()
	} else {
		w.pass()
	}
	for _, j := range batch[1:] {
		j.turn <- false
	}
}

// pass lets the first of those who wait lead.
func (w *writer) pass() {
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.leading = len(w.queue) > 0; w.leading {
		w.queue[0].turn <- true
	}
}

// shorten leads for as long as it takes to bring the log into the database and into the copy:
// nobody begins it anew in between. What fails is done again after the next transaction.
func (w *writer) shorten() {
	defer w.active.Done()
	defer w.pass()
	w.turns.take()
	defer w.turns.give()
	w.writing.Lock()
	defer w.writing.Unlock()
	if w.look(false) == nil { // it may have been written over since the last transaction
		_ = w.checkpoint(checkpointFrames)
	}
}

// drain lets what waits be written, and takes no more.
func (w *writer) drain() {
	w.lock.Lock()
	w.closed = true
	w.lock.Unlock()
	w.active.Wait()
}

// stop closes what the writer holds, once it is drained.
func (w *writer) stop() error {
	w.writing.Lock()
	defer w.writing.Unlock()
	w.engine.leave(w)
	return w.disconnect()
}

// disconnect gives the connection up, with what was prepared for it.
func (w *writer) disconnect() error {
	if w.conn == nil {
		return nil
	}
	errs := []error{}
	for _, stmt := range w.stmts {
		errs = append(errs, stmt.Close())
	}
	clear(w.stmts)
	errs = append(errs, w.conn.Close())
	w.conn = nil
	return errors.Join(errs...)
}

// commit writes a batch in one transaction. If a part of it fails each write is tried alone,
// so that one bad write does not sink the others.
func (w *writer) commit(batch []*write) {
	began, err := w.transact(batch)
	if err == nil || !began || len(batch) == 1 {
		settle(batch, err)
		return
	}
	for i := range batch {
		began, err := w.transact(batch[i : i+1])
		if !began {
			settle(batch[i:], err) // nor would those behind it
			return
		}
		settle(batch[i:i+1], err)
	}
}

// settle gives a failure to all of a batch. Where there is none each has its own outcome.
func settle(batch []*write, err error) {
	for _, j := range batch {
		if err != nil {
			j.err = err
		}
	}
}

// transact writes a batch or none of it, but for what finds itself crowded out: that has
// changed nothing, and a flood of it shall not cost the others their common transaction.
// began is false where there was no transaction to be had: the disk has failed, another
// process writes for too long, or the server is gone.
func (w *writer) transact(batch []*write) (began bool, err error) {
	for {
		if began, err = w.try(batch); err == nil || !w.engine.again(err) {
			return began && !w.engine.passes(err), err
		}
	}
}

func (w *writer) try(batch []*write) (began bool, err error) {
	if w.broken != nil {
		return false, w.broken
	}
	if err := w.files.gone(); err != nil {
		return false, err
	}
	w.turns.take()
	defer w.turns.give() // when the transaction is over
	w.writing.Lock()
	defer w.writing.Unlock()
	t := &tx{w: w, batch: batch}
	if err := w.engine.begin(t); err != nil {
		return false, fmt.Errorf("begin: %w", w.markBroken(err))
	}
	defer func() {
		// Whoever leads must come back, or nobody writes ever again.
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack())
		}
		if err != nil {
			w.outbox = nil // the transaction may have changed it
			w.engine.rollback(t)
			err = w.markBroken(err)
		}
	}()
	if err := w.replaced(w.mirror.Load().began(t)); err != nil {
		return true, err
	}
	for _, j := range batch {
		if j.err = j.do(t); j.err != nil && !errors.Is(j.err, ErrCrowded) {
			return true, j.err
		}
	}
	if err := t.flush(); err != nil {
		return true, err
	}
	if err := w.engine.commit(t); err != nil {
		return true, err
	}
	if t.erased {
		w.erased.Store(true)
	}
	if t.handed {
		select {
		case w.handed <- struct{}{}:
		default: // whoever carries has not looked since
		}
	}
	// It is on disk, but maybe not where anybody will look: who sent it keeps it.
	if err := w.look(false); err != nil {
		return true, err
	}
	w.mirror.Load().gave(t.sequence)
	return true, nil
}

// look reports ErrReplaced if the files are not at their paths, or the main file is not what
// was written into it. Idle is whether nobody waits for it.
func (w *writer) look(idle bool) error {
	if err := w.files.look(); err != nil {
		return err
	}
	return w.replaced(w.mirror.Load().written(idle))
}

// replaced has what was written over be ErrReplaced from now on.
func (w *writer) replaced(err error) error {
	if errors.Is(err, errWrittenOver) {
		w.mirror.Load().keep()
		return w.files.note(err.Error())
	}
	return err
}

// errDisk marks a failure of the disk outside SQLite.
var errDisk = errors.New("the disk failed")

// markBroken sees whether the disk has failed. After an input or output error the state of the
// pages in memory is unknown (https://wiki.postgresql.org/wiki/Fsync_Errors): nothing more
// is written until the database has been opened anew. It may be the main file that was cut off,
// and no failure of the disk.
func (w *writer) markBroken(err error) error {
	if isCode(err, sqlite3.ErrIoErr) || IsDamaged(err) {
		if found := w.look(false); errors.Is(found, ErrReplaced) {
			return found
		}
	}
	if errors.Is(err, errDisk) || isCode(err, sqlite3.ErrIoErr) {
		w.broken = fmt.Errorf("%w: %w", errDisk, err)
		close(w.failed)
	}
	return err
}
