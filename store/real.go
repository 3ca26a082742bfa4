package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// mostLinks is how many symbolic links are followed, as in Linux (path_resolution(7)).
const mostLinks = 40

// realPath is the file that a path names in the end, which need not be there yet. All that
// lies beside the database goes by its name: SQLite follows links too, and two servers would
// otherwise take two locks.
func realPath(path string) (string, error) {
	for range mostLinks {
		dir, base := filepath.Split(path)
		if dir == "" {
			dir = "."
		}
		real, err := filepath.EvalSymlinks(dir)
		if err != nil { // who looks at the file says why
			return path, nil
		}
		path = filepath.Join(real, base)
		target, err := os.Readlink(path)
		if err != nil { // it is no link, or not there
			return path, nil
		}
		if !filepath.IsAbs(target) { // not joined: that takes .. for the folder above a link
			target = real + string(filepath.Separator) + target
		}
		path = target
	}
	return "", fmt.Errorf("database %s: %w: have the link name the file itself", path,
		syscall.ELOOP)
}

// checkNames refuses a database with a second name, which somebody may open with a lock and a
// write-ahead log of that name: each would overwrite what the other has written
// (https://sqlite.org/howtocorrupt.html, section 2.5).
func checkNames(path string) error {
	var stat syscall.Stat_t
	err := syscall.Stat(path, &stat)
	if errors.Is(err, os.ErrNotExist) || err == nil && stat.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return nil
	}
	if err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if stat.Nlink > 1 {
		return fmt.Errorf("database %s has %d hard links, and a server on another of them would "+
			"destroy it: find them with `find / -xdev -inum %d` and remove all but one, which is "+
			"the one with the -wal beside it if there is such", path, stat.Nlink, stat.Ino)
	}
	return nil
}
