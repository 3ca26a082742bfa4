package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// begins also lets nobody else write until the transaction is over, as SQLite does: ids, the audit
// log and the generations have no gaps, and what is read stands until the end. Whoever has stopped in
// the middle, or is cut off, is thrown out by the server after 2 s: until then nobody else has a turn.
// To wait for one ends before the connection is given up. The planner of a new database has no figures
// yet, and is to take an index wherever there is one.
var begins = []string{"begin isolation level read committed", fmt.Sprintf(`select
	set_config('idle_in_transaction_session_timeout', '2s', true),
	set_config('lock_timeout', '10s', true), set_config('enable_seqscan', 'off', true),
	pg_advisory_xact_lock(%d, %d)`, applicationID, turnOfWriter)}

// turnOfWriter is the number of our advisory lock.
const turnOfWriter = 0

var (
	// errUndone says that a transaction whose end was in doubt did not come to stand.
	errUndone = errors.New("the connection broke before it was committed")

	// errInDoubt says that nobody knows whether a transaction stands.
	errInDoubt = errors.New("the connection broke while it was committed, and whether it was could not " +
		"be found out in time")
)

// begin takes a connection if there is none, or if the last broke.
func (p *postgres) begin(t *tx) (err error) {
	p.began = time.Now()
	if t.w.conn == nil {
		ctx, cancel := context.WithTimeout(context.Background(), p.patience)
		defer cancel()
		if t.w.conn, err = p.conn.Conn(ctx); err != nil {
			return advised(err)
		}
	}
	p.doubted.Store(false)
	for _, text := range begins {
		t.wait(nil, text)
	}
	t.ask()
	err = p.send(t)
	if err != nil {
		p.drop(t.w) // it may have begun
	}
	return err
}

// rollback breaks the connection off where it cannot be told: what was begun must not go on in the
// next transaction.
func (p *postgres) rollback(t *tx) {
	ctx, cancel := context.WithTimeout(context.Background(), p.connect)
	defer cancel()
	if t.w.conn == nil {
		return
	}
	if _, err := t.w.conn.ExecContext(ctx, "rollback"); err != nil {
		p.drop(t.w)
	}
}

// commit also numbers the transaction, so that it can be found out whether it stands.
func (p *postgres) commit(t *tx) error {
	p.batch++
	err := t.exec(`insert into writers (id, batch, at) values ($1, `+p.proven("$2")+`, $3)
		on conflict (id) do update set batch = excluded.batch, at = excluded.at`, p.id, p.batch,
		p.now().UnixMilli())
	if err != nil {
		return err
	}
	err = p.end(t)
	switch {
	case isRefused(err):
		return unproven(err)
	case err == nil && p.doubted.Load():
		err = errors.New("the server gave up waiting for its standby")
	}
	if err != nil {
		err = p.settle(t, err)
	}
	if err == nil {
		p.unwritten.Store(nil)
	}
	return err
}

// isRefused reports whether the server has said that a transaction does not stand: since it would
// break a constraint, or another.
func isRefused(err error) bool {
	state := sqlState(err)
	return errors.Is(err, errUndone) || errors.As(err, new(*uncommitted)) ||
		strings.HasPrefix(state, "23") || strings.HasPrefix(state, "40")
}

// settle finds out whether a transaction stands, by a write: what that waits for, a standby, has all
// that was written before it. To read would find what is on one machine alone.
func (p *postgres) settle(t *tx, cause error) error {
	for began := time.Now(); time.Since(began) < p.patience; pause() {
		p.drop(t.w)
		asks := &tx{w: t.w}
		var last int64
		err := p.begin(asks)
		if err == nil {
			err = asks.row(`insert into writers (id, batch, at) values ($1, `+p.proven("0")+`, $2)
				on conflict (id) do update set at = excluded.at returning batch`, p.id,
				p.now().UnixMilli()).Scan(&last)
		}
		if err == nil {
			err = p.end(asks)
		}
		switch {
		case err != nil || p.doubted.Load():
			continue
		case last == p.batch:
			return nil
		}
		return fmt.Errorf("%w: %w", errUndone, cause)
	}
	p.drop(t.w)
	return errors.Join(errInDoubt, cause)
}

// passes is for what the server or the way to it has to do with.
func (p *postgres) passes(err error) bool {
	return isPassing(err) || errors.Is(err, errInDoubt) || errors.Is(err, ErrNotReplicated)
}

// again is for what may be over in a moment: another server takes the place of this one, or somebody
// has a lock.
func (p *postgres) again(err error) bool {
	if !p.passes(err) {
		return false
	}
	patient := p.fails(p.began, err)
	if !isPassing(err) || errors.Is(err, errInDoubt) {
		return false
	}
	p.writer.writing.Lock()
	p.drop(p.writer)
	p.writer.writing.Unlock()
	if patient {
		pause()
	}
	return patient
}

// passing are the codes of what another try may not meet: a lock that was not to be had, a deadlock,
// a server that stops, starts or may not write, too many connections, and what was prepared for
// tables as they were.
var passing = []string{"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "25006", "25P03", "53300",
	"0A000", "25P02", "26000"}

// isPassing reports whether an error may be none the next time. Who could not connect may find another
// host then, whatever one of them said.
func isPassing(err error) bool {
	if state := sqlState(err); state != "" && !errors.As(err, new(*pgconn.ConnectError)) {
		return slices.Contains(passing, state) || strings.HasPrefix(state, "08")
	}
	return errors.Is(err, errUndone) || isLost(err)
}

// isLost reports whether there is no connection, or none any more.
func isLost(err error) bool {
	var connect *pgconn.ConnectError
	var ofDriver interface{ SafeToRetry() bool } // which says too much: it may have been sent
	var ofNet net.Error
	return errors.As(err, &connect) || errors.As(err, &ofDriver) || errors.As(err, &ofNet) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, errSilent) ||
		errors.Is(err, context.DeadlineExceeded)
}

// drop closes the connection, which another takes the place of.
func (p *postgres) drop(w *writer) {
	if w.conn != nil {
		breakOff(w.conn)
	}
	_ = w.disconnect() // it is closed
}

// breakOff closes a connection that is not to be used again.
func breakOff(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// pause keeps many from trying again at once.
func pause() { time.Sleep(time.Duration(50+rand.IntN(200)) * time.Millisecond) }

// notice is what the server says beside its answers. A wait for the standby that was given up is a
// success to it.
func (p *postgres) notice(_ *pgconn.PgConn, n *pgconn.Notice) {
	if strings.Contains(n.Message, "wait for synchronous replication") {
		p.doubted.Store(true)
	}
}

// leave has the process not be among the writers any more.
func (p *postgres) leave(w *writer) {
	if w.conn == nil || p.batch == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.connect)
	defer cancel()
	if _, err := w.conn.ExecContext(ctx, `delete from writers where id = $1`, p.id); err != nil {
		p.drop(w) // it is forgotten by the next server
	}
}
