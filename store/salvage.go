package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// A SalvagedTable is what could be read of a table.
type SalvagedTable struct {
	Name       string `json:"table"`
	Rows       int64  `json:"rows"`
	Unreadable int64  `json:"unreadable"` // places where a row may have been
}

// A Salvage is what could be read of a damaged database.
type Salvage struct {
	Tables []SalvagedTable `json:"tables"`
	Lost   int64           `json:"lost"` // messages that were accepted, and are not in it
}

// SalvageTo copies every row that can be read of the damaged database at from to a new one, row
// by row and by no index, and its contents. From is left as it is. What is missing then counts
// as lost.
func SalvageTo(ctx context.Context, from, to string, actor Actor, o Options) (
	s Salvage, err error) {
	if serving, err := (sqlite{&DB{path: from}}).locked(context.Background()); err != nil || serving {
		return s, errors.Join(err, fmt.Errorf("a server has %s open: stop it first", from))
	}
	if _, err := os.Lstat(to); !errors.Is(err, os.ErrNotExist) {
		return s, errors.Join(err, fmt.Errorf("%s is there already: name a new file", to))
	}
	o.Create = true
	db, err := Open(to, o)
	if err != nil {
		return s, err
	}
	if s, err = db.fillFrom(ctx, from, actor, o.Tell); err != nil {
		return s, errors.Join(fmt.Errorf("salvage %s: %w", from, err), db.Close(), discard(to))
	}
	return s, db.Close()
}

// discard removes a database that we have just made.
func discard(path string) (err error) {
	for _, suffix := range []string{"", "-wal", "-shm", ".queue", ".lock"} {
		err = errors.Join(err, ignoreAbsent(os.Remove(path+suffix)))
	}
	return errors.Join(err, os.RemoveAll(contentDir(path)))
}

func (db *DB) fillFrom(ctx context.Context, from string, actor Actor, tell Progress) (
	s Salvage, err error) {
	if s.Tables, err = db.copyFrom(ctx, from, tell); err != nil {
		return s, err
	}
	if err := copyContents(contentDir(from), db.Dir()); err != nil {
		return s, err
	}
	s.Lost, err = db.settle(ctx, db.By(actor))
	return s, errors.Join(err, db.Check(ctx))
}

// copyFrom copies the tables, by our own list of them where theirs cannot be used: by the places
// that theirs has of them if it can, else by where a new database has them.
func (db *DB) copyFrom(ctx context.Context, from string, tell Progress) ([]SalvagedTable, error) {
	all, err := copyTables(ctx, from, db.path, tell)
	for _, mended := range []func(context.Context, string) (string, error){withMendedSchema,
		withOurSchema} {
		if err == nil {
			return all, nil
		}
		path, errSchema := mended(ctx, from)
		if errSchema != nil {
			err = errors.Join(err, errSchema)
			continue
		}
		var errCopy error
		if all, errCopy = copyTables(ctx, path, db.path, tell); errCopy == nil {
			return all, os.RemoveAll(filepath.Dir(path))
		}
		err = errors.Join(err, errCopy, os.RemoveAll(filepath.Dir(path)))
	}
	return nil, err
}

// copyTables is one transaction of its own. Half of a message is kept, too, so that no reference
// counts.
func copyTables(ctx context.Context, from, to string, tell Progress) (
	all []SalvagedTable, err error) {
	damaged, err := sql.Open("sqlite3", "file:"+escapePath(from)+"?mode=ro&_busy_timeout=5000")
	if err != nil {
		return nil, err
	}
	defer damaged.Close()
	whole, err := openSQLite(to, writing)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, whole.Close()) }()
	if err := sameLayout(ctx, damaged, whole); err != nil {
		return nil, err
	}
	tables, err := texts(ctx, whole, `select name from sqlite_master
		where type = 'table' and name not like 'sqlite\_%' escape '\' order by name`)
	if err == nil {
		_, err = whole.ExecContext(ctx, "pragma foreign_keys = off; begin")
	}
	for i := 0; i < len(tables) && err == nil; i++ {
		c := &tableCopy{ctx: ctx, from: damaged, to: whole, tell: tell,
			SalvagedTable: SalvagedTable{Name: tables[i]}}
		err = c.copy()
		all = append(all, c.SalvagedTable)
	}
	if err == nil {
		_, err = whole.ExecContext(ctx, "commit")
	}
	return all, err
}

// noTables is the error of a database whose list of tables cannot be read.
func noTables(err error) error {
	if IsDamaged(err) {
		return fmt.Errorf("SQLite cannot tell its tables (%w): restore it from a backup", err)
	}
	return err
}

func sameLayout(ctx context.Context, damaged, whole *sql.DB) error {
	var theirs, ours int
	err := damaged.QueryRowContext(ctx, "pragma user_version").Scan(&theirs)
	if err == nil {
		err = whole.QueryRowContext(ctx, "pragma user_version").Scan(&ours)
	}
	if err == nil && ours != theirs {
		err = fmt.Errorf("its layout is %d, and only %d is salvaged: restore it from a backup",
			theirs, ours)
	}
	if err == nil {
		err = checkSchema(ctx, damaged, ours)
	}
	return noTables(err)
}

func texts(ctx context.Context, db *sql.DB, query string, args ...any) (all []string, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

// A tableCopy copies one table.
type tableCopy struct {
	SalvagedTable
	ctx    context.Context
	from   *sql.DB
	to     *sql.DB // a single connection, in a transaction
	pick   *sql.Stmt
	insert *sql.Stmt
	values []any // of one row
	dest   []any // where to scan it
	tell   Progress
}

func (c *tableCopy) copy() (err error) {
	if err := c.prepare(); err != nil {
		return fmt.Errorf("table %s: %w", c.Name, err)
	}
	defer func() { err = errors.Join(err, c.pick.Close(), c.insert.Close()) }()
	var t idTrail
	for failed := 0; failed < mostUnreadable; failed++ {
		bound := t.last
		ids, err := c.rowids(bound)
		for _, id := range ids {
			if t.knows(id) {
				continue
			}
			t.note(id, bound, true)
			failed = 0
			if err := c.row(id); err != nil {
				return fmt.Errorf("table %s: %w", c.Name, err)
			}
		}
		if !IsDamaged(err) {
			return err
		}
		t.last++ // it may be there all the same, and lead on
		if t.knows(t.last) {
			continue
		}
		if err := c.row(t.last); err != nil {
			return fmt.Errorf("table %s: %w", c.Name, err)
		}
	}
	return nil
}

func (c *tableCopy) prepare() (err error) {
	columns, err := texts(c.ctx, c.to, `select '"' || name || '"' from pragma_table_info(?)`, c.Name)
	if err != nil {
		return err
	}
	c.values, c.dest = make([]any, len(columns)), make([]any, len(columns))
	for i := range c.values {
		c.dest[i] = &c.values[i]
	}
	list := strings.Join(columns, ", ")
	// A quoted name that a table has not is a text to SQLite, but for one of a named table.
	theirs := "t." + strings.Join(columns, ", t.")
	if c.Name == "access" { // its one row has no key to be replaced by
		if _, err := c.to.ExecContext(c.ctx, "delete from access"); err != nil {
			return err
		}
	}
	c.insert, err = c.to.PrepareContext(c.ctx, "insert or replace into "+c.Name+" ("+list+
		") values (?"+strings.Repeat(", ?", len(columns)-1)+")")
	if err != nil {
		return err
	}
	c.pick, err = c.from.PrepareContext(c.ctx, "select "+theirs+" from "+c.Name+
		" t not indexed where t.rowid = ?")
	if err != nil {
		return errors.Join(noTables(err), c.insert.Close())
	}
	return nil
}

// rowids are those behind the last, as far as they can be read.
func (c *tableCopy) rowids(last int64) (ids []int64, err error) {
	rows, err := c.from.QueryContext(c.ctx, "select rowid from "+c.Name+
		" not indexed where rowid > ? order by rowid", last)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return ids, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// row copies a row, if it is there and can be read.
func (c *tableCopy) row(id int64) error {
	err := c.pick.QueryRowContext(c.ctx, id).Scan(c.dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		_, err = c.insert.ExecContext(c.ctx, c.values...)
	}
	if IsDamaged(err) || isCode(err, sqlite3.ErrConstraint) {
		c.Unreadable++
		return nil
	}
	if err == nil {
		c.Rows++
		if c.tell != nil {
			c.tell(c.Name, c.Rows, 0)
		}
	}
	return err
}

// copyContents gives contents a second name beside the new database, or copies them where
// that cannot be: they are never changed.
func copyContents(from, to string) error {
	files, err := filepath.Glob(filepath.Join(from, "*.eml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		name := filepath.Join(to, filepath.Base(file))
		if os.Link(file, name) == nil {
			continue
		}
		if err := copyFile(file, name); err != nil {
			return err
		}
	}
	return syncDir(to)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return copyTo(to, in)
}

// copyTo has a file on disk before it returns.
func copyTo(file string, in io.Reader) error {
	out, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close(), giveTo(file, filepath.Dir(file)))
}

// settle makes a database that was filled one that goes on: no id is used again, there are
// restrictions, and what is missing is counted.
func (db *DB) settle(ctx context.Context, h *Editor) (lost int64, err error) {
	err = h.do(ctx, func(t *tx) error {
		err := t.exec(`update meta set value = max(value,
			(select coalesce(max(id), 0) from messages), (select coalesce(max(id), 0) from tickets),
			(select coalesce(max(id), 0) from comments), (select coalesce(max(id), 0) from suspended),
			(select coalesce(max(id), 0) from notices))
			where name = 'sequence'`)
		if err != nil {
			return err
		}
		err = t.exec(`insert into access (generation, enabled, ranges, customers_bypass)
			select 0, false, '', false where not exists (select 1 from access)`)
		if err != nil {
			return err
		}
		if err := t.fillThreads(); err != nil {
			return err
		}
		b, err := scanBalance(t.row(balanceQuery))
		if err != nil {
			return damaged(err)
		}
		total := totalLost
		if lost = b.Difference(); lost < 0 {
			total, lost = totalAccepted, -lost // the total itself could not be read
		}
		err = t.exec(`update meta set value = value + $1 where name = $2`, lost, total)
		if total == totalAccepted {
			lost = 0
		}
		if err != nil {
			return err
		}
		_, err = h.note(t, event{action: "database.salvage", after: map[string]int64{"lost": lost}})
		return err
	})
	return lost, err
}

// Unreadable says of which tables something could not be read.
func (s Salvage) Unreadable() (names []string) {
	for _, t := range s.Tables {
		if t.Unreadable > 0 {
			names = append(names, t.Name)
		}
	}
	return slices.Clip(names)
}
