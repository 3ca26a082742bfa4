package store

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// alter changes the list of tables behind everybody's back.
func alter(t *testing.T, path, change string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec("pragma writable_schema = on; " + change)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func rewrite(name, from, to string) string {
	return "update sqlite_master set sql = replace(sql, '" + from + "', '" + to +
		"') where name = '" + name + "'"
}

// A database in whose list of tables octets were changed is refused, and all of it is salvaged.
// A comment is nothing of it, and a table that somebody has added does no harm.
func TestAlteredSchema(t *testing.T) {
	for _, c := range []struct{ name, change, says string }{
		{"a column", rewrite("suspended", "created_at", "crfated_at"), "table suspended"},
		{"a column of a table that is not asked", rewrite("bands", "stored", "stoded"), "table bands"},
		{"a key", rewrite("suspended", "integer primary", "integfr primary"), "table suspended"},
		{"no SQL", rewrite("messages", "CREATE TABLE", "CREAUE TABLE"),
			"malformed database schema"},
		{"no name", "update sqlite_master set name = x'00', tbl_name = x'ff' where name = 'messages'",
			"malformed database schema"},
		{"a table", "update sqlite_master set name = 'tickeus' where name = 'tickets'",
			"malformed database schema"},
		{"an index", "update sqlite_master set tbl_name = 'tickets' where name = 'suspended_cause'",
			"malformed database schema"},
		{"what an index is of", rewrite("suspended_author", "author_email", "author_name"),
			"index suspended_author"},
		{"a trigger", rewrite("audit_kept", "before delete", "before update"), "trigger audit_kept"},
		{"a comment", rewrite("suspended", "of its message", "of his message"), ""},
		{"one more", "create table mine (id integer); create index mine_id on mine (id)", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := manyMessages(t, 12, 20, 500)
			alter(t, path, c.change)
			db, err := Open(at(t, path), Options{})
			if c.says == "" {
				if err := errors.Join(err, db.Close()); err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.says) ||
				!strings.Contains(err.Error(), mendDamage) {
				t.Fatalf("%v, want the %s, and what to do", err, c.says)
			}
			checkSalvaged(t, path, 12)
		})
	}
}

// checkSalvaged salvages a database, and all of its n messages are there.
func checkSalvaged(t *testing.T, path string, n int64) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "new.db")
	s, err := SalvageTo(context.Background(), path, to, Actor{Name: "ann", Via: "cli"}, Options{})
	if err != nil || s.Lost != 0 || s.Unreadable() != nil {
		t.Fatalf("salvaged %+v, %v", s, err)
	}
	db, err := Open(to, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if b, err := db.Balance(t.Context()); err != nil || b.Tickets+b.Suspended != n || b.Difference() != 0 {
		t.Errorf("%s, %v", b, err)
	}
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := db.Suspended(t.Context(), 2); err != nil {
		t.Error(err)
	}
}

// So is one that does not begin as databases do, but says that it is ours.
func TestAlteredHeader(t *testing.T) {
	path := manyMessages(t, 12, 20, 500)
	if err := clearOctets(path, 3, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(at(t, path), Options{}); err == nil || !strings.Contains(err.Error(), mendDamage) {
		t.Errorf("%v, want what to do", err)
	}
	checkSalvaged(t, path, 12)
}
