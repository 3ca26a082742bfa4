package store

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// linked is a database that is about to be made, by each of the ways that links lead to it.
func linked(t *testing.T) (real string, links map[string]string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	real = in("real/gatepost.db")
	links = map[string]string{"absolute": in("absolute.db"), "relative": in("relative.db"),
		"link to a link": in("twice.db"), "folder": in("folder/gatepost.db"),
		"through .. of a linked folder": in("through.db")}
	if err := os.MkdirAll(in("real/deep/er"), 0o700); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"absolute.db": real, "relative.db": "real/gatepost.db",
		"twice.db": "relative.db", "folder": "real", "deep": "real/deep/er",
		"through.db": "deep/../../gatepost.db"} {
		if err := os.Symlink(to, in(link)); err != nil {
			t.Fatal(err)
		}
	}
	return real, links
}

// Whatever link leads to a database, all that is beside it goes by its own name, and one
// server has it.
func TestLinks(t *testing.T) {
	for _, name := range []string{"absolute", "relative", "link to a link", "folder",
		"through .. of a linked folder"} {
		t.Run(name, func(t *testing.T) {
			real, links := linked(t)
			through := openAt(t, links[name])
			unlock, err := through.Lock(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer unlock()
			large := mail("a@acme.test", "large", strings.Repeat("z", 2*inline))
			_, id := through.receive(large)
			direct := openAt(t, real)
			if direct.raw(id) != large {
				t.Error("another content")
			}
			if _, err := direct.Lock(context.Background()); err == nil ||
				!strings.Contains(err.Error(), "another server") {
				t.Errorf("a second server: %v", err)
			}
			names(t, filepath.Dir(real), "deep", "gatepost.db", "gatepost.db-shm",
				"gatepost.db-wal", "gatepost.db.content", "gatepost.db.lock", "gatepost.db.queue")
		})
	}
}

func names(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, len(entries))
	for i, entry := range entries {
		got[i] = entry.Name()
	}
	if !slices.Equal(got, want) {
		t.Errorf("in the folder: %q, want %q", got, want)
	}
}

// A database with a second name is opened by neither: not even to look at it.
func TestHardLink(t *testing.T) {
	path := made(t)
	second := filepath.Join(t.TempDir(), "second.db")
	if err := os.Link(path, second); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, second} {
		db, err := Open(name, Options{Create: true})
		if err == nil {
			_ = db.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "2 hard links") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	openAt(t, path)
}

func TestLinkInACircle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	if err := os.Symlink("gatepost.db", path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(at(t, path), Options{Create: true}); err == nil ||
		!strings.Contains(err.Error(), "have the link name the file itself") {
		t.Errorf("opened: %v", err)
	}
}
