package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrReplaced says that a file of the open database is no longer at its path, or that the main
// file was written over: what is written goes where nobody will look for it.
var ErrReplaced = errors.New("the database was replaced")

// lookEvery is how often an idle server looks whether its files are at their paths.
const lookEvery = time.Second

// files are those that are open, to be compared with what is at their paths. They are open
// beside SQLite's (O_PATH: closing such a one gives up no lock of fcntl(2)), so that their
// numbers are not used again, and that what has become of them can be said.
type files struct {
	list     []openFile
	replaced atomic.Pointer[error]
	found    chan struct{} // closed when replaced
}

type openFile struct {
	suffix string // of the database's path
	path   string // absolute: the folder that we are in may be moved
	file   *os.File
	dev    uint64
	ino    uint64
}

// openFiles opens what has these suffixes.
func (f *files) open(path string, suffixes ...string) error {
	whole, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	for _, suffix := range suffixes {
		o := openFile{suffix: suffix, path: whole + suffix}
		if o.file, err = os.OpenFile(o.path, unix.O_PATH|syscall.O_NOFOLLOW, 0); err != nil {
			return err
		}
		f.list = append(f.list, o)
		last := &f.list[len(f.list)-1]
		if last.dev, last.ino, err = identity(int(o.file.Fd())); err != nil {
			return err
		}
	}
	return nil
}

func identity(fd int) (dev, ino uint64, err error) {
	var stat syscall.Stat_t
	err = syscall.Fstat(fd, &stat)
	return stat.Dev, stat.Ino, err
}

func (f *files) close() error {
	var errs []error
	for _, o := range f.list {
		errs = append(errs, o.file.Close())
	}
	return errors.Join(errs...)
}

// gone is ErrReplaced once that was found.
func (f *files) gone() error {
	if err := f.replaced.Load(); err != nil {
		return *err
	}
	return nil
}

// look compares the open files with their paths. What it finds stays found; where it cannot
// see the answer may be another one the next time.
func (f *files) look() error {
	if err := f.gone(); err != nil {
		return err
	}
	var what []string
	for i := range f.list {
		o := &f.list[i]
		there, err := o.there()
		if err != nil {
			return fmt.Errorf("look at the open database: %w", err)
		}
		if !there {
			what = append(what, o.fate())
		}
	}
	if what == nil {
		return nil
	}
	return f.note(strings.Join(what, "; "))
}

// note has ErrReplaced be what was found.
func (f *files) note(what string) error {
	err := fmt.Errorf("%w: %s", ErrReplaced, what)
	if f.replaced.CompareAndSwap(nil, &err) {
		close(f.found)
	}
	return f.gone()
}

// there reports whether the file is at its path. Before it says no it asks for the number of
// the open file anew: on an overlay (overlayfs) that may change.
func (o *openFile) there() (bool, error) {
	var stat syscall.Stat_t
	switch err := syscall.Lstat(o.path, &stat); {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR):
		return false, nil
	case err != nil:
		return false, &os.PathError{Op: "lstat", Path: o.path, Err: err}
	case stat.Dev == o.dev && stat.Ino == o.ino:
		return true, nil
	}
	dev, ino, err := identity(int(o.file.Fd()))
	return stat.Dev == dev && stat.Ino == ino, err
}

// fate says what has become of a file that is not at its path.
func (o *openFile) fate() string {
	fate := o.path + " was deleted"
	if now := o.now(); now != "" {
		fate = o.path + " was moved to " + now
	}
	if _, err := os.Lstat(o.path); err == nil {
		fate += ", and another is in its place"
	}
	return fate
}

// now is the path that the open file has now, "" if none.
func (o *openFile) now() string {
	path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", o.file.Fd()))
	var stat syscall.Stat_t
	if err != nil || syscall.Lstat(path, &stat) != nil || stat.Dev != o.dev || stat.Ino != o.ino {
		return ""
	}
	return path
}

// of is the open file of a suffix, nil if it is not open.
func (f *files) of(suffix string) *openFile {
	for i := range f.list {
		if f.list[i].suffix == suffix {
			return &f.list[i]
		}
	}
	return nil
}

// Replaced is ErrReplaced, with what has happened, once a file of the database was found to be
// gone from its path. Nothing is written any more then.
func (db *DB) Replaced() error { return db.files.gone() }

// AwaitReplaced looks every second whether the files are at their paths, and once more at the
// end of ctx. It reports true if they are not.
func (db *DB) AwaitReplaced(ctx context.Context) bool {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-db.files.found:
			return true
		case <-ctx.Done():
			return errors.Is(db.look(), ErrReplaced)
		case <-tick.C:
			_ = db.look() // what cannot be seen is no message's yet
		}
	}
}

// look is for whoever has nothing to write. It copies the main file anew if that is needed.
func (db *DB) look() error {
	if db.writer == nil {
		return db.files.look()
	}
	if err := db.writer.look(true); err != nil || !db.writer.mirror.Load().isLost() {
		return err
	}
	return db.writer.do(context.Background(), func(*tx) error { return nil })
}
