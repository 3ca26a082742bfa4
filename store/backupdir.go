package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// What is in the folder of a backup: a copy of the database, the large contents that it names,
// each under the name that it has beside the database, and a lock. What is not finished is
// called new. The names are others than beside a database, so that neither is taken for the
// other.
const (
	backupLock     = "backup.lock"
	backupDatabase = "backup.db"
	backupNew      = "new.db"
	backupContents = "contents"
	newContent     = "new-"
)

// openBackup takes the folder for a backup, which is made if it is not there, and clears away
// what an interrupted one has left. Without its lock a folder that has anything in it is
// somebody else's.
func openBackup(path, dir string) (unlock func() error, err error) {
	if err := checkApart(path, dir); err != nil {
		return nil, err
	}
	switch err := os.Mkdir(dir, 0o700); {
	case err == nil:
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return nil, err
		}
	case !errors.Is(err, os.ErrExist):
		return nil, err
	}
	if err := checkBackupFolder(dir); err != nil {
		return nil, err
	}
	f, err := lockBackup(dir, os.O_RDWR|os.O_CREATE, syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(dir, backupContents), 0o700); err != nil &&
		!errors.Is(err, os.ErrExist) {
		return nil, errors.Join(err, f.Close())
	}
	if err := clearBackup(dir); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

// checkApart refuses a folder in which the database itself is, or its contents are.
func checkApart(path, dir string) error {
	dir, err := realFolder(dir)
	if err != nil {
		return err
	}
	if sameFile(dir, filepath.Dir(path)) {
		return fmt.Errorf("%s is the folder of the database itself: name a folder on another disk",
			dir)
	}
	for at := dir; at != filepath.Dir(at); at = filepath.Dir(at) {
		if sameFile(at, contentDir(path)) {
			return fmt.Errorf("%s is in the folder of the database's contents: name a folder on "+
				"another disk", dir)
		}
	}
	return nil
}

// realFolder is the path of a folder without links, also if only the one above it is there.
func realFolder(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, os.ErrNotExist) {
		real, err = filepath.EvalSymlinks(filepath.Dir(dir))
		return filepath.Join(real, filepath.Base(dir)), err
	}
	return real, err
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	other, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(one, other)
}

// checkBackupFolder refuses a folder that has in it what no backup has. What mkfs makes at the
// top of a disk may be there.
func checkBackupFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	ours := append(unfinished(), backupLock, backupDatabase, backupContents, "lost+found")
	for _, entry := range entries {
		if !slices.Contains(ours, entry.Name()) {
			return fmt.Errorf("%s has something else in it (%s): name a folder for backups alone",
				dir, entry.Name())
		}
	}
	_, err = os.Lstat(filepath.Join(dir, backupLock))
	if err != nil && len(entries) > 0 && entries[0].Name() != "lost+found" {
		return fmt.Errorf("%s has something else in it (%s, and no %s): name a folder for backups "+
			"alone", dir, entries[0].Name(), backupLock)
	}
	return nil
}

// lockBackup takes the lock of a folder at once or not at all. Who only reads shares it.
func lockBackup(dir string, open, how int) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, backupLock), open|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("a backup into %s is being made, or used: wait for its "+
			"end", dir), f.Close())
	}
	return f, nil
}

// unfinished are the names of a copy of the database that is being made, and of what SQLite has
// beside it.
func unfinished() []string {
	return []string{backupNew, backupNew + "-wal", backupNew + "-shm", backupNew + "-journal"}
}

// clearBackup removes what is not finished.
func clearBackup(dir string) error {
	var errs []error
	for _, name := range unfinished() {
		errs = append(errs, ignoreAbsent(os.Remove(filepath.Join(dir, name))))
	}
	contents := filepath.Join(dir, backupContents)
	entries, err := os.ReadDir(contents)
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), newContent) {
			errs = append(errs, os.Remove(filepath.Join(contents, entry.Name())))
		}
	}
	return errors.Join(append(errs, err)...)
}

// prune removes contents that the newest copy of the database does not name.
func (w *backupWork) prune(ctx context.Context) error {
	contents := filepath.Join(w.Dir, backupContents)
	copied, err := openCopy(filepath.Join(w.Dir, backupDatabase))
	if err != nil {
		return err
	}
	defer copied.Close()
	entries, err := os.ReadDir(contents)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		decision, ok := strings.CutSuffix(entry.Name(), ".eml")
		if !ok {
			continue
		}
		var n int
		err := copied.QueryRowContext(ctx,
			"select count(*) from messages where decision_id = ?1", decision).Scan(&n)
		if err == nil && n == 0 {
			err = os.Remove(filepath.Join(contents, entry.Name()))
			w.Removed++
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkRoom refuses a disk that has less free than is needed.
func checkRoom(dir string, need int64) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return os.NewSyscallError("statfs", err)
	}
	if free := int64(fs.Bavail) * fs.Bsize; free < need {
		return fmt.Errorf("the disk of %s has %d MiB free, and %d MiB are needed: make room, or "+
			"name a folder on another disk", dir, free>>20, need>>20+1)
	}
	return nil
}
