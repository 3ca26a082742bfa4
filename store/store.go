// Package store keeps what happened and what to do next, durably: messages with their
// decisions, the suspended queue, tickets, the lists and the profiles. It knows what a
// decision is and never makes one.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"gatepost/policy"
)

// Options are what Open may be told.
type Options struct {
	Create bool             // make the database if it is not there
	Now    func() time.Time // the clock; time.Now if nil
	Tell   Progress         // how far SalvageTo is; nil to tell nobody

	// Node is what this machine is called among those that have one database of PostgreSQL open,
	// and Version that of the program.
	Node, Version string

	// Settings are what the operator has laid down beside the lists: every policy has them.
	Settings policy.Settings

	// Replicated is whether nothing is to be written but where a commit waits for a second machine.
	Replicated bool

	waits waits // for a server; the usual ones if zero

	copying bool // a copy that goes on may be opened
}

// A DB is an open store. Any number of processes may have one database open at once.
type DB struct {
	path    string
	created bool // Open made the database
	now     func() time.Time
	read    *sql.DB // many readers, which cannot write
	conn    *sql.DB // one connection, the writer's
	writer  *writer
	files   files // those that are open

	unwritten atomic.Pointer[outage] // nil: none is known of

	spools *os.File // the folder of spools of a database that is no file, else nil

	engine   engine
	contents contents

	settings atomic.Pointer[policy.Settings]
	loading  sync.Mutex // held while the policy is rebuilt
	policy   atomic.Pointer[ruled]
	facts    *sql.Stmt
	bands    *sql.Stmt
	queue    *sql.Stmt
	access   *sql.Stmt
	threads  *sql.Stmt
	onTicket *sql.Stmt
	beside   atomic.Pointer[beside]
	shadow   atomic.Int64 // the number of the one that stood when facts were read last; 0: none
	laying   sync.Mutex   // held while the shadow is laid over another policy

	watch    sync.Mutex                // held while somebody looks at the clock
	watched  time.Time                 // when it was looked at last, or the database opened
	watching bool                      // it was looked at
	looked   atomic.Pointer[time.Time] // when a look at the queue was taken down last

	undelete     atomic.Int64 // for how long what is deleted can be restored, a time.Duration
	tombstones   atomic.Int64 // for how long is known what became of a message, a time.Duration
	sound        atomic.Bool  // the tables of the queue were checked
	reindexed    []string     // faults of indexes that were made anew
	mostMirrored int64        // octets, see largestMirrored
	unindexed    atomic.Bool  // something was read without indexes, since pages are damaged
	restrictions atomic.Pointer[accessAt]
	signIns      line // those whose password is to be checked
}

// Open opens the database at path and brings its tables up to date. A database of a newer
// version, of another program, damaged, emptied or with a second name is refused and left as
// it is. All that lies beside it lies beside the file that path names in the end.
func Open(path string, o Options) (*DB, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if IsPostgres(path) {
		return openPostgres(path, o)
	}
	path, err := realPath(path)
	if err != nil {
		return nil, err
	}
	defer alone(path, o.Create)()
	if err := checkFile(path, o.Create); err != nil {
		return nil, cmp.Or(notBack(path), err)
	}
	_, err = os.Stat(path)
	db := &DB{path: path, created: errors.Is(err, os.ErrNotExist), now: o.Now}
	db.engine, db.contents = sqlite{db}, contentFiles{db}
	db.files.found = make(chan struct{})
	db.watched = o.Now()
	db.Configure(o.Settings)
	if err := db.open(o.copying); err != nil {
		err = cmp.Or(notBack(path), fmt.Errorf("open %s: %w", path, err))
		return nil, errors.Join(err, db.Close())
	}
	if err := db.handOver(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Created is the whole path of the database if Open made it, since there was none; else "".
func (db *DB) Created() string {
	if !db.created {
		return ""
	}
	if p, is := db.engine.(*postgres); is {
		return p.name
	}
	if whole, err := filepath.Abs(db.path); err == nil {
		return whole
	}
	return db.path
}

// handOver leaves what Open made to whoever owns the folder.
func (db *DB) handOver() (err error) {
	if db.created {
		err = hide(db.path)
	}
	return errors.Join(err, giveTo(db.Dir(), db.path),
		ignoreAbsent(giveTo(queuePath(db.path), db.path)))
}

// hide keeps a new database, and the files that SQLite has beside it, for who owns their folder
// alone: it will hold people's mail.
func hide(path string) (err error) {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		err = errors.Join(err, ignoreAbsent(os.Chmod(path+suffix, 0o600)),
			ignoreAbsent(giveTo(path+suffix, filepath.Dir(path))))
	}
	return err
}

func (db *DB) open(copying bool) (err error) {
	ctx := context.Background()
	if db.conn, err = openSQLite(db.path, writing); err != nil {
		return err
	}
	if db.read, err = openSQLite(db.path, reading); err != nil {
		return err
	}
	if db.writer, err = newWriter(ctx, db.conn, db.Dir()); err != nil {
		return err
	}
	db.writer.engine, db.writer.contents, db.writer.files, db.writer.now = db.engine, db.contents,
		&db.files, db.now
	db.writer.turns = newTurns(db.path)
	if err = migrate(ctx, db.read, db.writer); err != nil {
		return err
	}
	if err = os.MkdirAll(db.Dir(), 0o700); err != nil {
		return fmt.Errorf("folder of large contents: %w", err)
	}
	if err = db.files.open(db.path, "", "-wal", "-shm", contentSuffix); err != nil {
		return err
	}
	return db.prepare(ctx, copying)
}

// prepare keeps what is asked for each message or each request from being compiled anew.
func (db *DB) prepare(ctx context.Context, copying bool) (err error) {
	if err := db.checkCopied(ctx, copying); err != nil {
		return err
	}
	for _, p := range []struct {
		stmt  **sql.Stmt
		query string
	}{{&db.facts, factsQuery}, {&db.bands, bandQuery}, {&db.queue, queueQuery},
		{&db.access, accessQuery}, {&db.threads, threadQuery}, {&db.onTicket, onTicketQuery}} {
		if *p.stmt, err = db.read.PrepareContext(ctx, db.text(p.query)); err != nil {
			return err
		}
	}
	return nil
}

// Close lets what waits be written, and closes the database. After ErrReplaced it leaves what
// SQLite has open to the end of the process: the last to close a database removes its -wal and
// -shm by their names, which are another's now.
func (db *DB) Close() error {
	var errs []error
	if db.writer != nil {
		db.writer.drain()
	}
	if db.writer != nil && errors.Is(db.writer.look(false), ErrReplaced) {
		return nil
	}
	if db.writer != nil && db.read != nil {
		errs = append(errs, db.engine.emptyLog(context.Background()))
	}
	if db.writer != nil {
		errs = append(errs, db.writer.stop(), db.writer.turns.close())
	}
	for _, stmt := range []*sql.Stmt{db.facts, db.bands, db.queue, db.access,
		db.threads, db.onTicket} {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	for _, pool := range []*sql.DB{db.read, db.conn} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	if db.writer != nil {
		errs = append(errs, db.writer.mirror.Load().close())
	}
	if db.spools != nil {
		errs = append(errs, os.RemoveAll(db.Dir()), db.spools.Close())
	}
	return errors.Join(append(errs, db.files.close())...)
}

// Dir is the folder beside the database that holds spools and large contents.
func (db *DB) Dir() string {
	if db.spools != nil {
		return db.spools.Name()
	}
	return contentDir(db.path)
}

const contentSuffix = ".content"

func contentDir(path string) string { return path + contentSuffix }

// Ping reports whether the database can be written, by writing to it. When ctx ends first
// the write is left to end by itself.
func (db *DB) Ping(ctx context.Context) error {
	return db.writeWithin(ctx, func(t *tx) error { // the same value would not be written
		return t.exec(`update meta set value = value + 1 where name = 'pings'`)
	})
}

// writeWithin leaves a write that has not ended by the end of ctx to end by itself.
func (db *DB) writeWithin(ctx context.Context, do func(*tx) error) error {
	written := make(chan error, 1)
	go func() { written <- db.writer.do(ctx, do) }()
	select {
	case err := <-written:
		return err
	case <-ctx.Done():
		why := ctx.Err()
		if failed := db.unwritten.Load(); failed != nil {
			why = failed.why
		}
		return fmt.Errorf("not written yet: %w", why)
	}
}

// Broken is closed when the disk has failed under a write. Whoever serves should end then,
// and be started again.
func (db *DB) Broken() <-chan struct{} { return db.writer.failed }
