package store

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// away is how the files of an open database come to be no longer at their paths.
type away struct {
	name, reason string
	do           func(t *testing.T, path string)
}

func aways() []away {
	remove := func(t *testing.T, path string) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	move := func(t *testing.T, from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	return []away{
		{"deleted", "gatepost.db was deleted", remove},
		{"deleted with its log", "gatepost.db-wal was deleted", func(t *testing.T, path string) {
			for _, suffix := range []string{"", "-wal", "-shm"} {
				remove(t, path+suffix)
			}
		}},
		{"log deleted", "gatepost.db-wal was deleted", func(t *testing.T, path string) {
			remove(t, path+"-wal")
		}},
		{"index deleted", "gatepost.db-shm was deleted", func(t *testing.T, path string) {
			remove(t, path+"-shm")
		}},
		{"moved", "gatepost.db was moved to ", func(t *testing.T, path string) {
			move(t, path, path+".old")
		}},
		{"moved over", "gatepost.db was deleted, and another is in its place",
			func(t *testing.T, path string) { move(t, made(t), path) }},
		{"moved with all", "gatepost.db.content was moved to ", func(t *testing.T, path string) {
			for _, suffix := range []string{"", "-wal", "-shm", contentSuffix} {
				move(t, path+suffix, filepath.Join(t.TempDir(), "moved"+suffix))
			}
		}},
		{"contents moved", "gatepost.db.content was moved to ", func(t *testing.T, path string) {
			move(t, path+contentSuffix, path+".aside")
		}},
		{"another folder of contents", "and another is in its place",
			func(t *testing.T, path string) {
				move(t, path+contentSuffix, path+".aside")
				if err := os.Mkdir(path+contentSuffix, 0o700); err != nil {
					t.Fatal(err)
				}
			}},
		{"folder moved", "was moved to ", func(t *testing.T, path string) {
			move(t, filepath.Dir(path), filepath.Dir(path)+" and 'moved'")
		}},
		{"folder moved, another there", "was moved to ", func(t *testing.T, path string) {
			move(t, filepath.Dir(path), filepath.Dir(path)+".moved")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
		}},
	}
}

// What is written into files that are no longer at their paths is refused, though it may be in
// the rescued database; what was taken before is there when what Rescue says was typed.
func TestReplaced(t *testing.T) {
	for _, a := range aways() {
		t.Run(a.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "folder", "gatepost.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			f := openAt(t, path)
			unlock, err := f.Lock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer unlock()
			small, large := mail("a@acme.test", "small", "x"),
				mail("a@acme.test", "large", strings.Repeat("z", 2*inline))
			_, smallID := f.receive(small)
			_, largeID := f.receive(large)

			a.do(t, path)
			for range 2 {
				_, _, err := f.tryReceive(mail("a@acme.test", "late", "y"))
				if !errors.Is(err, ErrReplaced) || !strings.Contains(err.Error(), a.reason) {
					t.Fatalf("taken: %v, want %q", err, a.reason)
				}
			}
			rescued, err := f.Rescue(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			f.refuseUntilBack(path, rescued)
			again := openAt(t, path)
			if again.raw(smallID) != small || again.raw(largeID) != large {
				t.Error("not what was taken")
			}
			if err := again.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// refuseUntilBack types what a rescue says. Before that no server starts.
func (f *fixture) refuseUntilBack(path string, r Rescue) {
	f.Helper()
	if db, err := Open(path, Options{Create: true}); err == nil {
		if _, err = db.Lock(f.Context()); err == nil {
			f.Error("a server starts though the mail is not back")
		}
		_ = db.Close()
	}
	if out, err := exec.Command("sh", "-ec", r.Commands).CombinedOutput(); err != nil {
		f.Fatalf("%s: %v: %s", r.Commands, err, out)
	}
}
