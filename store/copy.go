package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// A CopiedTable is what was copied of a table, and found to be the same on both sides.
type CopiedTable struct {
	Name string `json:"table"`
	Rows int64  `json:"rows"`
	Sum  string `json:"sum"` // of its rows in any order, see rowSum
}

// A Copied is what a copy has of a database.
type Copied struct {
	Tables   []CopiedTable `json:"tables"`
	Contents int64         `json:"contents"` // large ones
	Octets   int64         `json:"octets"`   // of them
	Damaged  []int64       `json:"damaged"`  // messages whose content is missing or not as received
	Resumed  bool          `json:"resumed"`  // an earlier run had begun it
}

// Rows are those of all tables.
func (c Copied) Rows() (rows int64) {
	for _, t := range c.Tables {
		rows += t.Rows
	}
	return rows
}

// CopyOptions are what Copy may be told.
type CopyOptions struct {
	Now  func() time.Time
	Tell Progress // rows of a table, or contents

	// Last does what is left to be done before the copy is whole.
	Last func(ctx context.Context, from, to *DB) error

	most int // rows in one transaction, if not copiedRows
}

// Copy copies a database to where there is none yet, one of them or both on PostgreSQL, and compares
// all of it in the end. What was begun and did not come to its end goes on where it was; until that
// nobody else opens it. No server may run on either side.
func Copy(ctx context.Context, from, to string, o CopyOptions) (Copied, error) {
	if !IsPostgres(from) && !IsPostgres(to) {
		return Copied{}, errors.New("both are files: `gatepost backup` and `gatepost restore` copy " +
			"these, also beside a running server")
	}
	source, err := Open(from, Options{Now: o.Now})
	if err != nil {
		return Copied{}, err
	}
	c := &copying{ctx: ctx, from: source, tell: o.Tell, last: o.Last, most: cmp.Or(o.most, copiedRows)}
	c.Damaged = []int64{}
	err = c.alone(source, func() error { return c.copyTo(to, o) })
	return c.Copied, errors.Join(err, source.Close())
}

// A copying is one run of Copy.
type copying struct {
	Copied
	ctx      context.Context
	from, to *DB
	tables   []copiedTable
	done     map[string]int64 // rows that the copy has, by their table
	tell     Progress
	last     func(ctx context.Context, from, to *DB) error
	most     int // rows in one transaction
}

// alone keeps servers and other copies out of a database meanwhile.
func (c *copying) alone(db *DB, do func() error) error {
	letIn, err := db.engine.keepOut(c.ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(), letIn())
}

func (c *copying) copyTo(path string, o CopyOptions) error {
	to, err := Open(path, Options{Create: true, Now: o.Now, copying: true})
	if err != nil {
		return err
	}
	if c.to = to; c.to.place() == c.from.place() {
		return errors.Join(fmt.Errorf("both are %s: name another database to copy it to",
			to.place()), to.Close())
	}
	err = c.alone(to, c.run)
	return errors.Join(err, to.Close())
}

// place is where a database is, as people are shown it.
func (db *DB) place() string {
	if p, is := db.engine.(*postgres); is {
		return p.name
	}
	if whole, err := filepath.Abs(db.path); err == nil {
		return whole
	}
	return db.path
}

func (c *copying) run() (err error) {
	if c.tables, err = commonTables(c.ctx, c.from, c.to); err != nil {
		return err
	}
	if err := c.begin(); err != nil {
		return err
	}
	for _, t := range c.tables {
		if err := c.table(t); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	if err := c.copyContents(); err != nil {
		return err
	}
	if err := c.compare(); err != nil {
		return err
	}
	if c.last != nil {
		if err := c.last(c.ctx, c.from, c.to); err != nil {
			return err
		}
	}
	if err := c.from.engine.started(c.ctx); err != nil {
		return err
	}
	return c.to.engine.copied(c.ctx, c.tables)
}

// madeWithRows are the tables of a new database that are not empty.
var madeWithRows = []string{"access", "meta"}

// begin marks a database that has nothing in it, or goes on with one that this copy has marked.
func (c *copying) begin() error {
	marked, err := c.to.engine.isCopy(c.ctx)
	if err != nil {
		return err
	}
	if c.Resumed = marked; !marked {
		err = c.mark()
	}
	if err != nil {
		return err
	}
	c.done = map[string]int64{}
	for m, err := range each(c.ctx, c.to, scanMark, `select source, name, rows from copying`) {
		if err != nil {
			return err
		}
		if m.source != c.from.place() {
			return fmt.Errorf("%s has a part of a copy of %s: go on with that one, or name another "+
				"database", c.to.place(), m.source)
		}
		c.done[m.name] = m.rows
	}
	return nil
}

type copyMark struct {
	source, name string
	rows         int64
}

func scanMark(row scanner) (m copyMark, err error) { return m, row.Scan(&m.source, &m.name, &m.rows) }

// mark has a new database be one that is being copied, and empties it.
func (c *copying) mark() error {
	return c.to.writer.do(c.ctx, func(t *tx) error {
		for _, of := range c.tables {
			if made, err := t.hasNoRow(of.name); err != nil {
				return err
			} else if !made {
				return fmt.Errorf("%s has something in it (table %s), and nothing is overwritten: name "+
					"a new database", c.to.place(), of.name)
			}
		}
		if err := t.script(`create table copying (
			source text not null, name text not null primary key, rows bigint not null)`); err != nil {
			return err
		}
		for _, name := range madeWithRows {
			if err := t.script("delete from " + name); err != nil {
				return err
			}
		}
		for _, of := range c.tables {
			err := t.exec(`insert into copying (source, name, rows) values ($1, $2, 0)`,
				c.from.place(), of.name)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// hasNoRow reports whether a table is as in a new database.
func (t *tx) hasNoRow(table string) (made bool, err error) {
	query := `select not exists (select 1 from ` + table + `)`
	switch table {
	case "meta":
		query = `select not exists (select 1 from meta where name = 'sequence' and value > 0)`
	case "access": // whoever changes it is in the audit log
		return true, nil
	}
	return made, t.row(query).Scan(&made)
}

// checkCopied refuses a database that is not whole yet, unless this is the copy that goes on.
func (db *DB) checkCopied(ctx context.Context, copying bool) error {
	marked, err := db.engine.isCopy(ctx)
	if err != nil || !marked || copying {
		return damaged(err)
	}
	source, err := one(ctx, db, scanText, `select source from copying limit 1`)
	if err != nil {
		return err
	}
	return fmt.Errorf("it is a copy of %s that has not come to its end: go on with `gatepost db copy`, "+
		"or name another with --db", source)
}
