package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// An object is a table, an index or a trigger as the list of them has it
// (https://sqlite.org/schematab.html).
type object struct {
	row                     int64 // in the list
	kind, name, table, text string
}

func (o object) String() string { return o.kind + " " + o.name }

// same reports whether both are made by the same statement, comments aside.
func (o object) same(p object) bool {
	return o.kind == p.kind && o.name == p.name && o.table == p.table &&
		bareSQL(o.text) == bareSQL(p.text)
}

var comment = regexp.MustCompile(`--[^\n]*`)

func bareSQL(text string) string {
	return strings.Join(strings.Fields(comment.ReplaceAllString(text, " ")), " ")
}

// A querier is a database, a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

const objectsQuery = `select rowid, type, name, tbl_name, sql from %s.sqlite_master order by rowid`

// objects reads the list of tables of one of the databases of a connection.
func objects(ctx context.Context, q querier, schema string) (all []object, err error) {
	rows, err := q.QueryContext(ctx, fmt.Sprintf(objectsQuery, schema))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var o object
		var kind, name, table, text []byte // none has to be a text, and that of some is null
		if err := rows.Scan(&o.row, &kind, &name, &table, &text); err != nil {
			return nil, err
		}
		o.kind, o.name, o.table, o.text = string(kind), string(name), string(table), string(text)
		all = append(all, o)
	}
	return all, rows.Err()
}

// madeObjects are those that the first migrations make.
func madeObjects(ctx context.Context, version int) (all []object, err error) {
	steps, err := migrationSteps()
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // each has a memory of its own
	for _, name := range steps[:version] {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			return nil, err
		}
		if _, err := db.ExecContext(ctx, string(text)); err != nil {
			return nil, err
		}
	}
	return objects(ctx, db, "main")
}

// schemaSum is sumOf what all migrations make, as a test holds. Nearly every database is just so,
// and no command has to make the tables once more to compare with.
const schemaSum = "c2fc3179b7db306d5d98318db1d2ae7b140d032c13c5f7ebfe2a327e7387c6de"

// sumOf is the SHA-256 of a list of tables.
func sumOf(all []object) string {
	h := sha256.New()
	for _, o := range all {
		fmt.Fprintf(h, "%q %q %q %q\n", o.kind, o.name, o.table, o.text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// checkSchema refuses a database whose tables, indexes or triggers are not as the migrations up
// to its version make them: octets of that list were changed, and a query would fail, or find
// what it should not. Who has added some of his own may have them.
func checkSchema(ctx context.Context, q querier, version int) error {
	theirs, err := objects(ctx, q, "main")
	if err != nil {
		return damaged(err)
	}
	if sumOf(theirs) == schemaSum {
		return nil
	}
	made, err := madeObjects(ctx, version)
	if err != nil {
		return err
	}
	for _, o := range made {
		if !slices.ContainsFunc(theirs, o.same) {
			return fmt.Errorf("the database is damaged (its list of tables does not have the %s as "+
				"it was made): %s", o, mendDamage)
		}
	}
	return nil
}

// withMendedSchema makes a copy of a database, and of its log, in whose list of tables stands
// what the migrations make: in each row of it what resembles it most. Where the pages of tables
// are, the list has to know. The caller removes the folder of the copy.
func withMendedSchema(ctx context.Context, from string) (path string, err error) {
	dir, err := os.MkdirTemp(filepath.Dir(from), "salvage-")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "copy.db")
	if err = copyFile(from, path); err == nil && hasLog(from) {
		err = copyFile(from+"-wal", path+"-wal")
	}
	if err == nil {
		err = mendSchema(ctx, path)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("mend the list of tables: %w", err), os.RemoveAll(dir))
	}
	return path, nil
}

// mendSchema attaches the database to another: a connection that has it as its own is not to be
// had where the list cannot be read as SQL.
func mendSchema(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "pragma writable_schema = on"); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "attach ?1 as damaged", path); err != nil {
		return err
	}
	steps, err := migrationSteps()
	if err != nil {
		return err
	}
	made, err := madeObjects(ctx, len(steps))
	if err != nil {
		return err
	}
	theirs, err := objects(ctx, db, "damaged")
	if err != nil {
		return err
	}
	return rewriteSchema(ctx, db, theirs, made)
}

// rewriteSchema drops what has no counterpart. A table that has none is an error.
func rewriteSchema(ctx context.Context, db *sql.DB, theirs, made []object) error {
	for _, p := range pairs(theirs, made) {
		if p.their.row == 0 && p.our.kind != "table" {
			continue // not asked for
		}
		if p.their.row == 0 {
			return fmt.Errorf("the %s is not in it", p.our)
		}
		var err error
		if p.our.kind == "" {
			_, err = db.ExecContext(ctx, "delete from damaged.sqlite_master where rowid = ?1",
				p.their.row)
		} else if !p.their.same(p.our) {
			_, err = db.ExecContext(ctx, `update damaged.sqlite_master set type = ?1, name = ?2,
				tbl_name = ?3, sql = nullif(?4, '') where rowid = ?5`, p.our.kind, p.our.name,
				p.our.table, p.our.text, p.their.row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A pair is an object as it stands and as it was made; either may be missing.
type pair struct{ their, our object }

// pairs are by name and text where these are whole, else by what resembles each other most.
func pairs(theirs, made []object) (all []pair) {
	var broken []object
	for _, o := range made {
		at := slices.IndexFunc(theirs, o.same)
		if at < 0 {
			broken = append(broken, o)
			continue
		}
		all = append(all, pair{theirs[at], o})
		theirs = slices.Concat(theirs[:at], theirs[at+1:])
	}
	for _, o := range broken {
		best, most := -1, 0
		for i, their := range theirs {
			if n := likeness(their, o); n > most {
				best, most = i, n
			}
		}
		if whole := len(flat(o)); best < 0 || most < whole/2 {
			all = append(all, pair{our: o})
			continue
		}
		all = append(all, pair{theirs[best], o})
		theirs = slices.Concat(theirs[:best], theirs[best+1:])
	}
	for _, their := range theirs {
		all = append(all, pair{their: their})
	}
	return all
}

func flat(o object) string { return o.kind + o.name + o.table + o.text }

// likeness is how many octets are the same: a changed octet moves none behind it.
func likeness(o, p object) (same int) {
	a, b := flat(o), flat(p)
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			same++
		}
	}
	return same
}
