package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// made is a database of ours with something in it, closed.
func made(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	db, err := Open(at(t, path), Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{T: t, DB: db, clock: noon}
	for range 20 {
		f.receive(mail("a@acme.test", "x", strings.Repeat("y", 20000)))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is not a sound database of ours is refused in one clear line and left as it is.
func TestRefused(t *testing.T) {
	run := func(t *testing.T, path, script string) {
		db, err := sql.Open("sqlite3", path)
		if err == nil {
			_, err = db.Exec(script)
		}
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	write := func(t *testing.T, path string, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, want string
		spoil      func(t *testing.T, path string)
	}{
		{"newer", "newer", func(t *testing.T, path string) { run(t, path, "pragma user_version = 99") }},
		{"foreign", "another program", func(t *testing.T, path string) { run(t, path, "pragma application_id = 7") }},
		{"tables gone", "the tables of", func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			run(t, path, "pragma application_id = 1734440037; pragma user_version = 1; vacuum")
		}},
		{"foreign, of no id", "another program", func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			run(t, path, "create table theirs (x)")
		}},
		{"emptied", "is empty", func(t *testing.T, path string) { write(t, path, nil) }},
		{"text", "not an SQLite database", func(t *testing.T, path string) { write(t, path, []byte("hello")) }},
		{"header overwritten", "not an SQLite database", func(t *testing.T, path string) {
			b, _ := os.ReadFile(path)
			write(t, path, append(bytes.Repeat([]byte{0}, 100), b[100:]...))
		}},
		{"cut in half", "damaged", func(t *testing.T, path string) {
			b, _ := os.ReadFile(path)
			write(t, path, b[:len(b)/2])
		}},
		{"a page overwritten", "damaged", func(t *testing.T, path string) {
			b, _ := os.ReadFile(path)
			write(t, path, append(b[:4096], append(bytes.Repeat([]byte{0xAA}, 4096), b[8192:]...)...))
		}},
		{"a folder", "is a folder", func(t *testing.T, path string) {
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
				t.Fatal(err)
			}
		}},
		{"not there", "not found", func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := made(t)
			c.spoil(t, path)
			before, _ := os.ReadFile(path)
			db, err := Open(at(t, path), Options{})
			if err == nil {
				_, err = db.Lock(context.Background())
				err = errors.Join(err, db.Close())
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want one line with %q", err, c.want)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestOneServer(t *testing.T) {
	ctx := context.Background()
	path := made(t)
	one, two := openAt(t, path), openAt(t, path)
	unlock, err := one.Lock(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.Lock(ctx); err == nil || !strings.Contains(err.Error(), "another server") {
		t.Errorf("a second server: %v", err)
	}
	if s, err := two.Status(ctx); err != nil || !s.Serving || !s.StartedAt.Equal(noon) {
		t.Errorf("status: %+v, %v", s, err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if s, err := two.Status(ctx); err != nil || s.Serving {
		t.Errorf("status of a stopped server: %+v, %v", s, err)
	}
}

// What a crash left of spools goes at the next start, and contents without a message are
// set aside; what a living process holds stays.
func TestSweep(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	_, id := f.receive(mail("a@acme.test", "big", strings.Repeat("x", 2*inline)))
	for _, name := range []string{"spool-123", "0198-orphan.eml"} {
		if err := os.WriteFile(filepath.Join(f.Dir(), name), []byte("left"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	alive, err := Spool(f.Dir(), strings.NewReader(strings.Repeat("x", 2*inline)))
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := f.Lock(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	files, _ := filepath.Glob(filepath.Join(f.Dir(), "*"))
	aside, _ := filepath.Glob(filepath.Join(f.Dir(), orphans, "*"))
	if len(files) != 3 || len(aside) != 1 || f.raw(id) == "" {
		t.Errorf("left: %v, aside %v", files, aside)
	}
	if err := alive.Close(); err != nil {
		t.Error(err)
	}
}

// A database that vanished while the contents of its messages are there is not begun anew.
func TestMissingDatabaseWithContents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	db, err := Open(at(t, path), Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{T: t, DB: db, clock: noon}
	f.receive(mail("a@acme.test", "big", strings.Repeat("x", 2*inline)))
	if err := errors.Join(db.Close(), os.Remove(path)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(at(t, path), Options{Create: true}); err == nil ||
		!strings.Contains(err.Error(), "is missing, but the contents") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("a new database was made")
	}
}

func TestRecoverWithoutContent(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules("block", "*")
	r, id := f.receive(mail("a@acme.test", "big", strings.Repeat("x", 2*inline)))
	f.loseContent(r.ID)
	if _, err := f.editor().Recover(ctx, id); err == nil || !strings.Contains(err.Error(), "is gone from") {
		t.Errorf("%v", err)
	}
	if _, err := f.Suspended(ctx, id); err != nil {
		t.Errorf("no longer held: %v", err)
	}
}
