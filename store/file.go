package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// Modes of access(2): X_OK, W_OK, R_OK.
const (
	searchable = 1
	writable   = 2
	readable   = 4
)

// checkFile refuses what SQLite would take for a new database, or would change by opening
// it. It reads only; what it cannot see, since a write-ahead log lies over it, is left to
// the checks behind it.
func checkFile(path string, create bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return checkAbsent(path, create)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("database %s: %w: %s", path, os.ErrPermission,
			forAccess(filepath.Dir(path), "let yourself into its folder"))
	case err != nil:
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a folder: name the database file in it", path)
	}
	if info.Size() == 0 {
		return fmt.Errorf("%s is empty, which a database of ours never is: restore it from a "+
			"backup, or remove it (and its -wal and -shm) to start anew", path)
	}
	if err := checkAccess(path); err != nil {
		return err
	}
	if err := checkNames(path); err != nil {
		return err
	}
	return checkHeader(path, info.Size())
}

// checkAccess refuses a database that this process may not use.
func checkAccess(path string) error {
	if err := syscall.Access(path, readable|writable); err != nil {
		return fmt.Errorf("database %s cannot be read and written (%w): %s", path, err,
			forAccess(path, "make it readable and writable"))
	}
	if err := syscall.Access(filepath.Dir(path), writable); err != nil {
		return fmt.Errorf("the folder of %s cannot be written (%w), and SQLite writes beside "+
			"its database even to read it: %s", path, err, forAccess(path, "make it writable"))
	}
	return nil
}

func unixAccess(dir string) error { return syscall.Access(dir, writable|searchable) }

// forAccess says how to get at a path, or at the nearest folder above it that can be seen:
// what is another user's is used as that user, and not loosened for others; what is ours is
// mended.
func forAccess(path, mend string) string {
	info, err := os.Stat(path)
	for err != nil && path != filepath.Dir(path) {
		path = filepath.Dir(path)
		info, err = os.Stat(path)
	}
	if err != nil {
		return mend
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) == os.Getuid() {
		return mend
	}
	owner := "'#" + strconv.Itoa(int(stat.Uid)) + "'" // as sudo takes a number
	if u, err := user.LookupId(strconv.Itoa(int(stat.Uid))); err == nil {
		owner = u.Username
	}
	return "run as its owner: sudo -u " + owner + " gatepost …"
}

func checkAbsent(path string, create bool) error {
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		err = os.ErrNotExist
		if !create { // who can do without a database can do without its folder
			err = ErrNotFound
		}
		return fmt.Errorf("database %s: %w: the folder %s is missing: make it, or name another "+
			"database with --db", path, err, dir)
	}
	if err := checkRescued(path); err != nil {
		return err
	}
	if hasLog(path) {
		return fmt.Errorf("%s is missing but %s-wal is there: restore the database from a "+
			"backup, or remove that file to start anew", path, path)
	}
	if contents, _ := filepath.Glob(filepath.Join(contentDir(path), "*.eml")); contents != nil {
		return fmt.Errorf("database %s is missing, but the contents of its messages are in %s: "+
			"restore it from a backup, or move that folder away to start anew", path,
			contentDir(path))
	}
	if !create {
		return fmt.Errorf("database %s: %w: start `gatepost serve` once, or name another "+
			"with --db", path, ErrNotFound)
	}
	if err := syscall.Access(dir, writable|searchable); err != nil {
		return fmt.Errorf("database %s cannot be made (%w): %s, or name another with --db", path,
			err, forAccess(dir, "make the folder "+dir+" writable"))
	}
	return nil
}

// hasLog reports whether a write-ahead log with something in it lies beside the database.
func hasLog(path string) bool {
	info, err := os.Stat(path + "-wal")
	return err == nil && info.Size() > 0
}

// checkHeader reads the header of the file (https://sqlite.org/fileformat.html, section 1.3).
func checkHeader(path string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 100)
	_, err = io.ReadFull(f, head)
	number := func(at int) int64 { return int64(binary.BigEndian.Uint32(head[at:])) }
	switch begins := string(head[:16]) == "SQLite format 3\x00"; {
	case err == nil && !begins && number(68) == applicationID:
		return fmt.Errorf("%s is damaged (its first octets were changed): %s", path, mendDamage)
	case err != nil || !begins:
		return fmt.Errorf("%s is not an SQLite database: name another file with --db", path)
	case hasLog(path):
		return nil
	}
	pageSize := int64(binary.BigEndian.Uint16(head[16:]))
	if pageSize == 1 {
		pageSize = 65536
	}
	pages, owner := size/pageSize, number(68)
	switch {
	case number(24) == number(92) && pages < number(28):
		return fmt.Errorf("%s is damaged (%d of its %d pages are there): %s", path, pages,
			number(28), mendDamage)
	case owner != applicationID && (owner != 0 || pages > 1):
		return fmt.Errorf("%s is a database of another program: name another file with --db", path)
	case owner == applicationID && pages == 1:
		return fmt.Errorf("the tables of %s are gone: restore it from a backup", path)
	}
	return nil
}
