package store

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// A database that is no file has no folder beside it. Each process has one of its own for its
// spools then, where the system keeps what is temporary, and holds a lock on it as long as it
// lives: what has none was left by one that was killed.
const spoolDirs = "gatepost-spool-"

// newSpoolDir makes it, once what others left is gone.
func newSpoolDir() (dir *os.File, err error) {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), spoolDirs+"*"))
	if err != nil {
		return nil, err
	}
	for _, path := range left {
		if dir := takeSpoolDir(path); dir != nil {
			err = errors.Join(err, os.RemoveAll(path), dir.Close())
		}
	}
	for err == nil && dir == nil { // somebody may have taken it for one that was left
		var path string
		if path, err = os.MkdirTemp("", spoolDirs); err == nil {
			dir = takeSpoolDir(path)
		}
	}
	return dir, err
}

// takeSpoolDir locks a folder of ours; nil if it is another's, or gone.
func takeSpoolDir(path string) *os.File {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return nil
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Getuid() {
		return nil
	}
	dir, err := os.Open(path)
	if err != nil {
		return nil
	}
	if lockFile(dir) == nil {
		if now, err := os.Lstat(path); err == nil && os.SameFile(info, now) {
			return dir
		}
	}
	_ = dir.Close() // nothing was written
	return nil
}
