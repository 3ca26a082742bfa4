package store

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// TestGatherRollback: what was gathered of a transaction that was rolled back is not written over
// what another process has written since. The cache has room for so little that pages go to the
// log before the end of the transaction.
func TestGatherRollback(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.db")
	ours, err := openSQLite(path, writing)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	others, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer others.Close()
	others.SetMaxOpenConns(1)
	run := func(db *sql.DB, script string) {
		t.Helper()
		if _, err := db.Exec(script); err != nil {
			t.Fatalf("%s: %v", script, err)
		}
	}
	run(ours, `pragma cache_size = 10; pragma wal_autocheckpoint = 0;
		create table texts (id integer primary key, text)`)
	const many = `insert into texts (text) select randomblob(3000) from generate limit `
	run(ours, `create table generate (n); insert into generate values (1), (2), (3), (4), (5), (6);
		insert into generate select a.n from generate a, generate b, generate c`)
	for range 20 {
		run(others, `pragma wal_checkpoint(restart)`) // else the rollback reads of the log, which writes
		run(ours, `begin immediate; `+many+`33; rollback`)
		run(others, `begin immediate; `+many+`40; commit`)
		run(ours, `begin immediate; `+many+`5; commit`)
	}
	for name, db := range map[string]*sql.DB{"ours": ours, "another's": others} {
		var rows int
		var whole string
		err := db.QueryRow(`select count(*), (select integrity_check from pragma_integrity_check)
			from texts`).Scan(&rows, &whole)
		if err != nil || rows != 20*45 || whole != "ok" {
			t.Errorf("%s connection sees %d rows of %d, %s, %v", name, rows, 20*45, whole, err)
		}
	}
}
