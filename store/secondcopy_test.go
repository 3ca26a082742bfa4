package store

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// A database that is larger than what is copied is served without a second copy, which is said;
// that it is written over is noticed all the same.
func TestTooLargeForACopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f := openAt(t, path)
	f.receiveMany(50, "first")
	f.mostMirrored = 64 << 10
	unlock, err := f.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if f.writer.mirror.Load().copied != nil {
		t.Skip("this file system shares the blocks of two files: a copy costs nothing")
	}
	if err := f.SecondCopy(); err == nil || !strings.Contains(err.Error(), "does not share blocks") {
		t.Errorf("no copy: %v", err)
	}
	sent := f.receiveMany(20, "second")
	for id, raw := range sent {
		if f.raw(id) != raw {
			t.Fatalf("message %d is not what was taken", id)
		}
	}
	cutHalf(t, path)
	if _, _, err := f.tryReceive(mail("a@acme.test", "late", "y")); !errors.Is(err, ErrReplaced) {
		t.Errorf("taken from a file that was cut: %v", err)
	}
	if rescued, err := f.Rescue(t.Context()); err != nil || rescued.Lost == nil {
		t.Errorf("rescued: %+v, %v", rescued, err)
	}
}

// Whoever writes beside no server takes nothing into a database that is written over meanwhile,
// and makes no copy of it.
func TestWatch(t *testing.T) {
	for _, o := range overwritings {
		t.Run(o.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "gatepost.db")
			f := openAt(t, path)
			f.receiveMany(20, "first")
			old := f.backUp(path)
			f.receiveMany(1, "second")
			f.damage("pragma wal_checkpoint(truncate)") // the main file is another than old
			if err := f.Watch(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.receiveMany(2, "third")
			if f.writer.mirror.Load().copied != nil {
				t.Error("there is a copy")
			}
			o.do(t, path, old)
			if _, _, err := f.tryReceive(mail("a@acme.test", "late", "y")); err == nil {
				t.Error("taken")
			}
			if err := f.Ping(t.Context()); !errors.Is(err, ErrReplaced) {
				t.Errorf("written: %v", err)
			}
		})
	}
}

// Where a server runs, it watches.
func TestWatchBesideAServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	server := openAt(t, path)
	unlock, err := server.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	f := openAt(t, path)
	if err := f.Watch(t.Context()); err != nil || f.writer.mirror.Load() != nil {
		t.Errorf("it watches, %v", err)
	}
	f.receive(mail("a@acme.test", "beside", "x"))
}
