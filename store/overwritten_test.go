package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// overwritings are how the main file of a database comes to be another though it is the same
// file. Old is the database of a backup of it.
var overwritings = []struct {
	name string
	do   func(t *testing.T, path, old string)
}{
	{"emptied", func(t *testing.T, path, _ string) { cut(t, path, 0) }},
	{"cut in half", func(t *testing.T, path, _ string) { cutHalf(t, path) }},
	{"copied over by another", func(t *testing.T, path, _ string) { copyOver(t, made(t), path) }},
	{"copied over by an older backup", func(t *testing.T, path, old string) {
		copyOver(t, old, path)
	}},
	{"no database", func(t *testing.T, path, _ string) {
		if err := os.WriteFile(path, []byte("hello\n"), 0); err != nil {
			t.Fatal(err)
		}
	}},
}

func cutHalf(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	cut(t, path, info.Size()/2)
}

func cut(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

// copyOver is cp(1): the file stays the same.
func copyOver(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, raw, 0); err != nil {
		t.Fatal(err)
	}
}

// What is written into a database whose main file was written over is refused; what was taken
// before, be it in the log or in the main file, is there when what Rescue says was typed.
func TestWrittenOver(t *testing.T) {
	for i, o := range overwritings {
		t.Run(o.name, func(t *testing.T) { writtenOver(t, o.do, i == 0) })
	}
}

func writtenOver(t *testing.T, do func(t *testing.T, path, old string), idle bool) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f := openAt(t, path)
	unlock, err := f.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	sent := f.receiveMany(50, "first")
	if err := f.writer.checkpoint(1); err != nil { // the log begins anew
		t.Fatal(err)
	}
	old := f.backUp(path)
	maps.Copy(sent, f.receiveMany(100, "second"))

	do(t, path, old)
	if idle {
		if err := f.look(); !errors.Is(err, ErrReplaced) {
			t.Fatalf("looked: %v", err)
		}
	}
	for range 2 {
		if _, _, err := f.tryReceive(mail("a@acme.test", "late", "y")); err == nil {
			t.Fatal("taken")
		}
		err := f.Ping(t.Context())
		if !errors.Is(err, ErrReplaced) || !strings.Contains(err.Error(), "written over") {
			t.Fatalf("written: %v", err)
		}
	}
	rescued, err := f.Rescue(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := serveAt(t, path); err == nil || !strings.Contains(err.Error(), rescued.Path) {
		t.Errorf("served: %v", err)
	}
	f.refuseUntilBack(path, rescued)
	again := openAt(t, path)
	for id, raw := range sent {
		if again.raw(id) != raw {
			t.Fatalf("message %d is not what was taken", id)
		}
	}
	if err := again.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// serveAt is why no server starts.
func serveAt(t *testing.T, path string) error {
	db, err := Open(at(t, path), Options{Create: true})
	if err != nil {
		return err
	}
	_, err = db.Lock(t.Context())
	return errors.Join(err, db.Close())
}

// backUp makes a backup, and has the path of the database in it.
func (f *fixture) backUp(path string) string {
	f.Helper()
	dir := filepath.Join(f.TempDir(), "backup")
	if _, err := BackUp(f.Context(), path, dir, func(string, int64, int64) {}); err != nil {
		f.Fatal(err)
	}
	return filepath.Join(dir, backupDatabase)
}

// receiveMany takes messages, every tenth a large one, and has them by their ids.
func (f *fixture) receiveMany(n int, subject string) map[int64]string {
	f.Helper()
	all := map[int64]string{}
	for i := range n {
		size := i * 400
		if i%10 == 0 {
			size = inline + 1
		}
		raw := mail("a@acme.test", fmt.Sprint(subject, i), strings.Repeat("z", size))
		_, id := f.receive(raw)
		all[id] = raw
	}
	return all
}

// Where there is no second copy, what remains is kept for salvaging, and no server starts before
// there is a backup again.
func TestWrittenOverWithoutCopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f := openAt(t, path)
	unlock, err := f.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	m := f.writer.mirror.Load()
	full := errors.New("no space left on device")
	if err := m.dropCopy(full); err != nil {
		t.Fatal(err)
	}
	sent := int64(len(f.receiveMany(60, "first")))
	if err := f.writer.checkpoint(1); err != nil { // the log begins anew
		t.Fatal(err)
	}
	sent += int64(len(f.receiveMany(5, "second")))
	cutHalf(t, path)
	if err := f.look(); !errors.Is(err, ErrReplaced) {
		t.Fatalf("looked: %v", err)
	}
	rescued, err := f.Rescue(context.Background())
	if err != nil || !errors.Is(rescued.Lost, full) {
		t.Fatalf("rescued: %+v, %v", rescued, err)
	}
	f.refuseUntilBack(path, rescued)
	if _, err := Open(at(t, path), Options{Create: true}); err == nil ||
		!strings.Contains(err.Error(), "no second copy") {
		t.Errorf("made anew: %v", err)
	}
	to := filepath.Join(t.TempDir(), "new.db")
	salvaged, err := SalvageTo(t.Context(), rescued.Path, to, Server(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range salvaged.Tables {
		if table.Name == "messages" && table.Rows < sent/2 {
			t.Errorf("%d of %d messages are salvaged", table.Rows, sent)
		}
	}
}

// What another process has brought into the main file, to begin the log anew, before we had it is
// not in the second copy: that is said.
func TestWrittenOverUnseen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f := openAt(t, path)
	unlock, err := f.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	f.receiveMany(10, "first")
	old := f.backUp(path)
	if err := f.look(); err != nil {
		t.Fatal(err)
	}
	f.receiveMany(3, "second")
	other, err := openSQLite(path, writing)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, typed := range []string{"vacuum", "pragma wal_checkpoint(truncate)",
		"update meta set value = value + 1 where name = 'pings'"} {
		if _, err := other.Exec(typed); err != nil {
			t.Fatal(err)
		}
	}
	copyOver(t, old, path)
	if err := f.Ping(t.Context()); !errors.Is(err, ErrReplaced) {
		t.Fatalf("written: %v", err)
	}
	rescued, err := f.Rescue(context.Background())
	if err != nil || rescued.Path == "" || rescued.Unsaved == 0 {
		t.Fatalf("rescued: %+v, %v", rescued, err)
	}
}

// What is written over the main file after the last look at that, before the log is brought into
// it, leaves the witnesses as the log has them: the second copy tells, of the newest pages at once.
func TestWrittenOverAtACheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f, old := overAtACheckpoint(t, path)
	copyOver(t, old, path)
	if err := f.writer.checkpoint(1); !errors.Is(err, ErrReplaced) {
		t.Fatalf("brought: %v", err)
	}
}

// Of the others some are compared each second.
func TestWrittenOverInAnOldPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f, _ := overAtACheckpoint(t, path)
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	page := make([]byte, f.writer.mirror.Load().pageSize)
	if _, err := file.WriteAt(page, 20*int64(len(page))); err != nil || file.Close() != nil {
		t.Fatal(err)
	}
	if err := f.writer.checkpoint(1); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err = f.look(); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrReplaced) {
		t.Fatalf("looked: %v", err)
	}
	if _, err := f.Rescue(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// overAtACheckpoint has a database of twice as many pages as are compared at once, of which the log
// has few, and a backup that lacks the newest of its mail.
func overAtACheckpoint(t *testing.T, path string) (f *fixture, old string) {
	f = openAt(t, path)
	unlock, err := f.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unlock() })
	m := f.writer.mirror.Load()
	for m.at.pages < 2*sweptPages {
		if old == "" && m.at.pages > 2*sweptPages-20 {
			old = f.backUp(path)
		}
		f.receive(mail("a@acme.test", "first", strings.Repeat("z", inline-1000)))
		if err := f.writer.checkpoint(1); err != nil {
			t.Fatal(err)
		}
	}
	f.receive(mail("a@acme.test", "second", "z"))
	return f, old
}
