package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
)

// checkpointFrames is at how many frames the log is brought into the database: about 16 MB, and as
// many as one block of its index finds at once. SQLite by itself does so at a quarter of that
// (https://sqlite.org/pragma.html#pragma_wal_autocheckpoint), and writes the pages that every
// message changes as many times more, twice here: into the second copy as well.
const checkpointFrames = 4000

// A mirror is a server's second copy of the main file of its database, in a file that has no
// name and ends with the process, and what is needed to notice that somebody has written over
// the main file without SQLite (cp, a shell's >). What was in the main file is nowhere else
// then. The copy is what the main file was when all of the log was in it last: the log has the
// rest. It is not synced: it is not kept for the loss of power.
//
// SQLite loses its locks when any descriptor of the main file or of the index is closed
// (https://sqlite.org/howtocorrupt.html, section 2.2): ours stay open as long as its own.
type mirror struct {
	path string
	main *os.File
	logFile

	most    int64 // octets of the largest main file that is copied
	watches bool  // it makes no copy: see Watch

	lock   sync.Mutex
	copied *os.File // nil if there is none
	reason error    // why there is none
	lost   bool     // the log was begun anew before we had all of it: all is to be copied anew
	over   bool     // the main file was written over: copied is to be rescued
	at     logIndex // up to where copied is; of it written and whole say nothing
	sound  logIndex // up to where the database was seen whole
	proof  witnesses
	sweep  sweep
	id     int64  // the highest that was given out
	start  int64  // of this server, in meta
	page   []byte // to read into
}

// Watch has whoever writes beside no server look before each acknowledgement whether the main
// file is what was written into it, as a server does, but without a second copy.
func (db *DB) Watch(ctx context.Context) error {
	if db.files.list == nil {
		return nil // PostgreSQL looks after its files by itself
	}
	serving, err := db.engine.locked(ctx)
	if err == nil && !serving {
		err = db.startMirror(ctx, true)
	}
	if err != nil {
		return fmt.Errorf("watch the database: %w", err)
	}
	return nil
}

// startMirror is for the server, once it has written down its start, and for Watch.
func (db *DB) startMirror(ctx context.Context, watches bool) (err error) {
	m := &mirror{path: db.files.list[0].path, lost: true, watches: watches,
		most: cmp.Or(db.mostMirrored, largestMirrored)}
	for _, f := range []struct {
		suffix string
		to     **os.File
	}{{"", &m.main}, {"-wal", &m.log}, {"-shm", &m.index}} {
		*f.to, err = os.OpenFile(m.path+f.suffix, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
		if err != nil {
			return err
		}
	}
	err = db.read.QueryRowContext(ctx, `select m.value, s.rootpage, p.page_size from meta m,
		sqlite_master s, pragma_page_size p where m.name = 'started_at' and s.name = 'meta'`).Scan(
		&m.start, &m.proof.root, &m.pageSize)
	if err != nil {
		return damaged(err)
	}
	// Whoever checkpoints must have looked at the main file before: see written.
	if _, err := db.writer.conn.ExecContext(ctx, "pragma wal_autocheckpoint = 0"); err != nil {
		return err
	}
	db.writer.mirror.Store(m)
	return db.writer.do(ctx, func(*tx) error { return nil })
}

// close is for after SQLite has closed its files.
func (m *mirror) close() error {
	if m == nil {
		return nil
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	return errors.Join(m.main.Close(), m.log.Close(), m.index.Close(), m.dropCopy(nil))
}

// began is for a transaction that may write, before it has: nobody else writes, or begins the
// log anew.
func (m *mirror) began(t *tx) error {
	if m == nil {
		return nil
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.over {
		return nil
	}
	x, err := m.follow()
	if err == nil && m.lost {
		if x, err = m.begin(t); err != nil {
			return err
		}
	}
	if err != nil || !x.whole() || x.frames == m.at.frames {
		return err
	}
	// Somebody else's checkpoint: whoever writes first begins the log anew.
	if err := m.look(x); err != nil {
		return err
	}
	return m.bring(x)
}

// written is for after a transaction, before anybody is told that it stands. With all the copy
// has all of the log then, so that little is lost if another process begins that anew.
func (m *mirror) written(all bool) error {
	if m == nil {
		return nil
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.over {
		return nil
	}
	x, err := m.follow()
	if err != nil || m.lost {
		return err
	}
	if err := m.look(x); err != nil || !x.whole() && !all {
		return err
	}
	if all {
		if err := m.sweepOn(x); err != nil || m.lost {
			return err
		}
	}
	return m.bring(x)
}

// isLong reports whether the log has so many frames that it is to be brought into the database.
func (m *mirror) isLong(least uint32) bool {
	if m == nil {
		return false
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.hasLong(least)
}

func (m *mirror) hasLong(least uint32) bool {
	return !m.over && !m.lost && m.sound.frames >= least
}

// checkpoint brings a log that is long into the database, then into the copy. It is for whoever
// leads, after written.
func (w *writer) checkpoint(least uint32) error {
	m := w.mirror.Load()
	if m == nil {
		return nil
	}
	return w.replaced(m.checkpoint(w.conn, least))
}

func (m *mirror) checkpoint(conn *sql.Conn, least uint32) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	if !m.hasLong(least) {
		return nil
	}
	// Where another process does so now, or somebody reads what is old, it is done later.
	_, err := conn.ExecContext(context.Background(), "pragma wal_checkpoint(passive)")
	if err != nil && !isBusy(err) {
		return fmt.Errorf("checkpoint: %w", damaged(err))
	}
	x, err := m.follow()
	if err != nil || m.lost || !x.whole() {
		return err
	}
	if err := m.bring(x); err != nil || m.lost {
		return err
	}
	if err := m.sweepNewest(x); !errors.Is(err, errMoved) {
		return err
	}
	return nil
}

// follow reads where the log is, and whether we know all that was in the one before it.
func (m *mirror) follow() (x logIndex, err error) {
	for range 20 { // it may be begun anew while it is read
		if x, err = readLogIndex(m.index); err != nil {
			return x, fmt.Errorf("index of the write-ahead log: %w", err)
		}
		if m.lost || x.salt == m.at.salt {
			m.lost = m.lost || x.frames < m.at.frames
			return x, nil
		}
		var n uint32
		if n, err = m.transactions(x, x.frames); err == nil {
			m.lost = x.changes-n != m.at.changes
			none := m.at.frames == 0 && !m.lost
			m.at.salt, m.at.frames = x.salt, 0
			if none { // the one before had nothing: the main file is as it was
				return x, nil
			}
			return x, m.choose(m.at) // all of the one before is in the main file
		}
		if !errors.Is(err, errMoved) {
			break
		}
	}
	return x, fmt.Errorf("write-ahead log: %w", err)
}

// bring writes into the copy what the log has more than it.
func (m *mirror) bring(x logIndex) error {
	if x.frames == 0 { // whose pages are not counted either
		return nil
	}
	err := m.copyUpTo(x)
	if errors.Is(err, errMoved) {
		m.lost = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("write-ahead log: %w", err)
	}
	m.at.frames, m.at.changes, m.at.pages = x.frames, x.changes, x.pages
	m.resize(x)
	if !x.whole() {
		return nil
	}
	return m.choose(x)
}

// begin copies the main file, if it is that which we have written to so far. Pages may be
// newer in it than the log's beginning; the log has them all.
func (m *mirror) begin(t *tx) (x logIndex, err error) {
	id, err := m.plausible(t)
	if err != nil {
		return x, err
	}
	if x, err = readLogIndex(m.index); err != nil {
		return x, err
	}
	n, err := m.transactions(x, x.frames)
	if err != nil {
		return x, fmt.Errorf("write-ahead log: %w", err)
	}
	size, err := m.makeCopy()
	if err != nil {
		return x, err
	}
	m.at = logIndex{salt: x.salt, changes: x.changes - n, pages: uint32(size / m.pageSize)}
	m.sound, m.lost, m.id, m.page = x, false, id, make([]byte, longestRun*m.pageSize)
	return x, m.choose(m.at)
}

// plausible refuses a database that does not know of this server, or of its mail, and a main
// file that does not: all that was in the log before it was begun anew is there. Not at first,
// when it is in the log.
func (m *mirror) plausible(t *tx) (id int64, err error) {
	var start int64
	err = t.row(`select (select value from meta where name = 'started_at'),
		(select value from meta where name = 'sequence')`).Scan(&start, &id)
	if err != nil && !IsDamaged(err) {
		return 0, err
	}
	if err == nil && m.page != nil {
		err = m.mainKnows()
	}
	if err != nil || start != m.start || id < m.id {
		return 0, fmt.Errorf("%s %w", m.path, errWrittenOver)
	}
	return id, nil
}

func (m *mirror) mainKnows() error {
	page := make([]byte, m.pageSize)
	if _, err := m.main.ReadAt(page, int64(m.proof.root-1)*m.pageSize); err != nil {
		return err
	}
	if start, ok := metaValue(page, "started_at"); ok && start != m.start {
		return errWrittenOver
	}
	if id, ok := metaValue(page, "sequence"); ok && id < m.id {
		return errWrittenOver
	}
	return nil
}

func (m *mirror) isLost() bool {
	if m == nil {
		return false
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.lost && !m.over
}

// gave has an id that was given out, 0 if none was.
func (m *mirror) gave(id int64) {
	if m != nil && id > 0 {
		m.lock.Lock()
		m.id = max(m.id, id)
		m.lock.Unlock()
	}
}

func (m *mirror) wasWrittenOver() bool {
	if m == nil {
		return false
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.over
}
