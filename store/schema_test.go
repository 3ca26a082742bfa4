package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Where the list of tables is gone ours takes its place, but not in a database that has grown
// before its layout was brought up to date: its tables begin elsewhere.
func TestSalvageWithoutSchema(t *testing.T) {
	ctx, ann := context.Background(), Actor{Name: "ann", Via: "cli"}
	old := firstLayout(t)
	db, err := sql.Open("sqlite3", old)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		_, e := db.Exec(`insert into counters values (?, 'ticket', 1)`, i)
		_, e2 := db.Exec(`insert into suspended select 100 + ?, cause, ?, author_email, subject,
			recipient, created_at, expires_at from suspended where id = 1`, i, strings.Repeat("x", 100))
		err = errors.Join(err, e, e2)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	grown, err := Open(old, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := grown.Close(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{manyMessages(t, 9, 20): true, old: false} {
		if err := clearOctets(path, headerSize, 300); err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(t.TempDir(), "new.db")
		s, err := SalvageTo(ctx, path, to, ann, Options{})
		if want != (err == nil) || !want && !errors.Is(err, errElsewhere) {
			t.Errorf("%s: %v, %v", fmt.Sprint(want), s, err)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "salvage-*")); left != nil {
			t.Errorf("%v is left", left)
		}
	}
}

func clearOctets(path string, at int64, n int) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(make([]byte, n), at)
	return errors.Join(err, file.Close())
}

// Tables that begin a page further on are seen, though the list of them may look like ours.
func TestCheckRoots(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.db")
	roots, err := makeFresh(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := checkRoots(f, roots, 4096); err != nil || len(roots) < 20 {
		t.Errorf("%d of a new database: %v", len(roots), err)
	}
	for i := range roots[1:] {
		roots[i].page = roots[i+1].page
	}
	if err := checkRoots(f, roots, 4096); !errors.Is(err, errElsewhere) {
		t.Errorf("a table further on: %v", err)
	}
}
