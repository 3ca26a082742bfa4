package store

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"
)

// What a file of ours says of itself ("gate" in ASCII), and the newest layout we know.
const applicationID = 0x67617465

// lockWait bounds how long a transaction waits for other processes. SQLite's own busy
// handler sleeps up to 100 ms between tries and starves beside a busy server; we try
// again within about a millisecond.
const lockWait = 30 * time.Second

// readers is how many connections read at once. More than there are processors gain
// nothing, and each has a cache of 2 MiB.
func readers() int { return max(4, runtime.GOMAXPROCS(0)) }

type mode int

const (
	reading mode = iota
	writing
)

// openSQLite opens a pool. Options that the driver does not know are ignored in silence,
// so those that carry our promise are read back. SQLite need not lock a connection at every call
// (https://sqlite.org/threadsafe.html): database/sql gives it to one goroutine at a time.
func openSQLite(path string, m mode) (*sql.DB, error) {
	opts := url.Values{"_busy_timeout": {"5000"}, "_journal_mode": {"WAL"}, "_sync": {"FULL"},
		"_fk": {"1"}, "_secure_delete": {"on"}, "_mutex": {"no"}, "vfs": {gathering}}
	if err := gather(); err != nil {
		return nil, err
	}
	if m == reading {
		opts = url.Values{"_busy_timeout": {"5000"}, "_query_only": {"1"}, "_mutex": {"no"}}
	}
	db, err := sql.Open("sqlite3", "file:"+escapePath(path)+"?"+opts.Encode())
	if err != nil {
		return nil, err
	}
	if m == reading {
		// Opening a connection costs more than waiting for one.
		db.SetMaxOpenConns(readers())
		db.SetMaxIdleConns(readers())
		return db, nil
	}
	db.SetMaxOpenConns(1)
	if err := readBack(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// readersPatience is that of _busy_timeout, for a reader that had none for a while.
const readersPatience = "pragma busy_timeout = 5000"

// escapePath makes a path safe inside an SQLite URI.
func escapePath(path string) string {
	return (&url.URL{Path: path}).EscapedPath()
}

func readBack(db *sql.DB) error {
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2",
		"foreign_keys": "1", "secure_delete": "1"} {
		var got string
		if err := db.QueryRow("pragma " + pragma).Scan(&got); err != nil {
			return damaged(err)
		}
		if got != want {
			return fmt.Errorf("%s is %q and not %q: this file system may not be fit for "+
				"SQLite's write-ahead log; put the database on a local disk", pragma, got, want)
		}
	}
	return nil
}

// sqlite is the engine of a database that is a file.
type sqlite struct{ *DB }

// text turns $1 into ?1: the driver binds $2 … $1 in the wrong order.
func (sqlite) text(query string) string { return strings.ReplaceAll(query, "$", "?") }

// begin waits for other processes up to lockWait.
func (sqlite) begin(t *tx) error {
	for deadline := time.Now().Add(lockWait); ; {
		err := t.exec("begin immediate")
		if isCode(err, sqlite3.ErrError) { // a rollback failed, and the last one still stands
			_ = t.script("rollback")
			err = t.exec("begin immediate")
		}
		if !isBusy(err) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(time.Duration(200+rand.IntN(800)) * time.Microsecond)
	}
}

func (sqlite) exec(t *tx, query string, args []any) error {
	_, err := t.change(query, args...)
	return err
}

func (sqlite) send(*tx) error { return nil }

func (sqlite) commit(t *tx) error { return t.exec("commit") }

// rollback fails if SQLite has done so by itself, and that is all right.
func (sqlite) rollback(t *tx) { _ = t.script("rollback") }

func (sqlite) stale(error) bool { return false }

func (sqlite) passes(error) bool { return false }

// again is never: what fails has been tried for as long as lockWait.
func (sqlite) again(error) bool { return false }

func (sqlite) leave(*writer) {}

func (sqlite) isConstraint(err error) bool { return isCode(err, sqlite3.ErrConstraint) }

func isBusy(err error) bool {
	return isCode(err, sqlite3.ErrBusy) || isCode(err, sqlite3.ErrLocked)
}

func isCode(err error, code sqlite3.ErrNo) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == code
}

// damaged says what SQLite's own words leave out: what to do.
func damaged(err error) error {
	if isCode(err, sqlite3.ErrCorrupt) || isCode(err, sqlite3.ErrNotADB) {
		return fmt.Errorf("the database is damaged (%w): %s", err, mendDamage)
	}
	return err
}

// mendDamage is what to do about a damaged database.
const mendDamage = "restore it from a backup; `gatepost doctor` tells what can be read of it"
