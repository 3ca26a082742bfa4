package store

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFilesAreTheOwners: what is made beside a database, by root or not, belongs to whom the
// folder belongs to.
func TestFilesAreTheOwners(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "theirs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	owner := os.Geteuid()
	if owner == 0 {
		owner = 65534
		if err := os.Chown(dir, owner, owner); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"made", "opened again"} {
		t.Run(name, func(t *testing.T) {
			f := openAt(t, filepath.Join(dir, "gatepost.db"))
			release, err := f.Lock(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			f.receive(mail("Ann <ann@acme.test>", "large", strings.Repeat("x", inline)))
			checkOwner(t, dir, owner)
			if err := release(); err != nil {
				t.Error(err)
			}
		})
	}
}

func checkOwner(t *testing.T, dir string, owner int) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		files++
		if stat := info.Sys().(*syscall.Stat_t); int(stat.Uid) != owner {
			t.Errorf("%s is %d's and not %d's", path, stat.Uid, owner)
		}
		return nil
	})
	if err != nil || files < 6 { // the folder, database, log, its index, lock, contents
		t.Errorf("%d files, %v", files, err)
	}
}
