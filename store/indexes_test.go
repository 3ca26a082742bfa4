package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gatepost/policy"
)

// forget has a change of a table be made while nobody knows of one of its indexes, so that the
// index does not have what the table has.
func forget(t *testing.T, path, index, table, change string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	var text, page any
	err = db.QueryRow("select sql, rootpage from sqlite_master where name = ?", index).Scan(&text, &page)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	alter(t, path, "delete from sqlite_master where name = '"+index+"'; "+
		"update sqlite_master set sql = replace(sql, 'not null unique', 'not null') "+
		"where name = '"+table+"'")
	alter(t, path, change)
	if db, err = sql.Open("sqlite3", path); err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`pragma writable_schema = on`)
	_, err2 := db.Exec(`insert into sqlite_master values ('index', ?, ?, ?, ?)`, index, table, page, text)
	_, err3 := db.Exec(`update sqlite_master set sql = replace(sql, 'decision_id    text    not null',
		'decision_id    text    not null unique') where name = 'messages' and sql not like '%unique%'`)
	if err := errors.Join(err, err2, err3, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// What an index does not have is listed all the same, and a server that starts makes the index
// anew before it believes it.
func TestIndexWithoutRow(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct{ index, table, change string }{
		{"suspended_cause", "suspended", "update suspended set cause = 'blocked' where id = 2"},
		{"suspended_subject", "suspended", "update suspended set subject = 'changed' where id = 2"},
		{"sqlite_autoindex_messages_1", "messages",
			"update messages set decision_id = 'changed' where id = 2"},
	} {
		t.Run(c.index, func(t *testing.T) {
			f := open(t)
			f.rules(policy.Block, "held.test")
			for range 3 {
				f.receive(mail("a@held.test", "large", strings.Repeat("x", 2*inline)))
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			forget(t, f.path, c.index, c.table, c.change)
			again := openAt(t, f.path)
			if c.table == "messages" {
				was, err := filepath.Glob(filepath.Join(again.Dir(), "*.eml"))
				if err != nil {
					t.Fatal(err)
				}
				moved(t, was[1], again.contentPath("changed")) // any of them: all are alike
			}
			for _, query := range []Query{{}, {Sort: "cause"}, {Sort: "subject"}} {
				if n := len(all(t, again.ListSuspended(ctx, query))); n != 3 {
					t.Errorf("%+v: %d are listed", query, n)
				}
			}
			unlock, err := again.Lock(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer unlock()
			if faults := again.Reindexed(); len(faults) == 0 ||
				!strings.Contains(strings.Join(faults, " "), c.index) {
				t.Errorf("made anew for %q", faults)
			}
			if faults, err := again.Integrity(ctx); err != nil || faults != nil {
				t.Errorf("left: %q, %v", faults, err)
			}
			if aside, _ := filepath.Glob(filepath.Join(again.Dir(), orphans, "changed.eml")); aside != nil {
				t.Error("a content was set aside whose message is there")
			}
		})
	}
}

func moved(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
