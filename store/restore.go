package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// restoringMark is what the folder of a restore that is not finished has behind the name of the
// database.
const restoringMark = ".restoring"

// openCopy opens a copy of a database that nobody writes to, and writes nothing beside it.
func openCopy(path string) (*sql.DB, error) {
	return sql.Open("sqlite3", "file:"+escapePath(path)+"?"+
		url.Values{"mode": {"ro"}, "immutable": {"1"}}.Encode())
}

// checkPages reads every page and every index of a copy.
func checkPages(ctx context.Context, db *sql.DB) error {
	var verdict string
	if err := db.QueryRowContext(ctx, "pragma integrity_check(1)").Scan(&verdict); err != nil {
		return damaged(err)
	}
	if verdict != "ok" {
		return fmt.Errorf("the database is damaged (%s): `gatepost doctor` of the original tells "+
			"more", strings.Join(strings.Fields(verdict), " "))
	}
	return nil
}

// VerifyBackup reads all of a backup: every page of its database, and every content.
func VerifyBackup(ctx context.Context, dir string, tell Progress) (b Backup, err error) {
	f, err := lockBackup(dir, os.O_RDONLY, syscall.LOCK_SH)
	if err != nil {
		return b, noBackup(dir, err)
	}
	b, err = verifyBackup(ctx, dir, tell)
	return b, errors.Join(err, f.Close())
}

func noBackup(dir string, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no backup in %s: %w", dir, err)
	}
	return err
}

func verifyBackup(ctx context.Context, dir string, tell Progress) (b Backup, err error) {
	name := filepath.Join(dir, backupDatabase)
	if _, err := os.Stat(name); err != nil {
		return b, noBackup(dir, err)
	}
	if hasLog(name) {
		return b, fmt.Errorf("%s was opened, and changed, by a program: there is a %s-wal beside it",
			name, backupDatabase)
	}
	db, err := openCopy(name)
	if err != nil {
		return b, err
	}
	w := &backupWork{Backup: Backup{Dir: dir, Damaged: []int64{}}, tell: tell}
	err = w.verify(ctx, db)
	if err = errors.Join(err, db.Close()); err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return w.Backup, err
}

func (w *backupWork) verify(ctx context.Context, db *sql.DB) error {
	if err := checkLayout(ctx, db); err != nil {
		return err
	}
	if err := checkPages(ctx, db); err != nil {
		return err
	}
	err := db.QueryRowContext(ctx, `select cast(coalesce(sum(size), 0) as integer) from messages
		where raw is null`).Scan(&w.total)
	if err != nil {
		return damaged(err)
	}
	for c, err := range contentsOf(ctx, db, largeQuery) {
		if err != nil {
			return err
		}
		if c.name == filepath.Base(c.name) && readWhole(filepath.Join(w.dir(), c.name), c) == nil {
			w.Kept++
		} else {
			w.Damaged = append(w.Damaged, c.id)
		}
		w.done += c.size
		w.tell("contents", w.done, w.total)
	}
	return errors.Join(w.checkInline(ctx, db), w.countWaiting(ctx, db))
}

// countWaiting counts none in a layout that has no hand-offs yet.
func (w *backupWork) countWaiting(ctx context.Context, db *sql.DB) error {
	var there bool
	err := db.QueryRowContext(ctx, `select exists (select 1 from sqlite_schema
		where name = 'handoffs')`).Scan(&there)
	if err == nil && there {
		err = db.QueryRowContext(ctx, `select count(*) from handoffs where state = 'waiting'`).
			Scan(&w.Waiting)
	}
	return damaged(err)
}

// ErrIncomplete says that the contents of some messages of a backup are missing or damaged.
var ErrIncomplete = errors.New("contents are missing or damaged")

// RestoreOptions are what Restore may be told.
type RestoreOptions struct {
	Incomplete bool // restore what is whole of a backup that is not
	Progress   Progress
}

// Restore puts the database and the contents of a backup where there are none. All of the backup
// is read before anything is made, and all that is made before it has its name, the database
// last: what is interrupted leaves no database.
func Restore(ctx context.Context, dir, path string, o RestoreOptions) (b Backup, err error) {
	if path, err = realPath(path); err != nil {
		return b, err
	}
	unlock, err := lockVacant(path)
	if err != nil {
		return b, fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	f, err := lockBackup(dir, os.O_RDONLY, syscall.LOCK_SH)
	if err != nil {
		return b, noBackup(dir, err)
	}
	defer f.Close()
	if b, err = verifyBackup(ctx, dir, o.Progress); err != nil {
		return b, err
	}
	if len(b.Damaged) > 0 && !o.Incomplete {
		others := ""
		if n := len(b.Damaged) - 1; n > 0 {
			others = fmt.Sprintf(" and %d more", n)
		}
		return b, fmt.Errorf("%w: of message %d%s: nothing was restored", ErrIncomplete,
			b.Damaged[0], others)
	}
	b.Kept = 0 // nothing was there
	w := &backupWork{Backup: b, from: filepath.Join(dir, backupContents), tell: o.Progress}
	err = w.restore(ctx, path)
	return w.Backup, err
}

// lockVacant keeps servers from a path where no database is, nor anything that belongs to one.
func lockVacant(path string) (unlock func() error, err error) {
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("database %s: %w: make its folder, or name another database with "+
			"--db", path, err)
	}
	f, err := takeLock(path, filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal", contentSuffix} {
		left, err := os.ReadDir(path + suffix)
		if errors.Is(err, os.ErrNotExist) || err == nil && len(left) == 0 && suffix == contentSuffix {
			continue
		}
		return nil, errors.Join(fmt.Errorf("%s is there, and nothing is overwritten: move it away, "+
			"or name another database with --db", path+suffix), f.Close())
	}
	if err := checkRescued(path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}

func (w *backupWork) restore(ctx context.Context, path string) error {
	temp := path + restoringMark
	err := os.RemoveAll(temp)
	if err == nil {
		err = os.MkdirAll(contentDir(filepath.Join(temp, backupDatabase)), 0o700)
	}
	if err != nil {
		return err
	}
	if err := w.fill(ctx, temp); err != nil {
		return errors.Join(fmt.Errorf("restore %s: %w", path, err), os.RemoveAll(temp))
	}
	from := filepath.Join(temp, backupDatabase)
	if err = ignoreAbsent(os.Remove(contentDir(path))); err == nil { // an empty one may be there
		err = os.Rename(contentDir(from), contentDir(path))
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err == nil {
		err = os.Rename(from, path)
	}
	return errors.Join(err, syncDir(filepath.Dir(path)), os.RemoveAll(temp))
}

// fill copies the database and the contents into a folder, and has them belong to the owner of
// the folder above it.
func (w *backupWork) fill(ctx context.Context, temp string) error {
	from, to := filepath.Join(w.Dir, backupDatabase), filepath.Join(temp, backupDatabase)
	c, err := contentOfFile(from)
	if err != nil {
		return err
	}
	if err := checkRoom(temp, c.size+w.total); err != nil {
		return err
	}
	if err := copyContent(from, to, c); err != nil {
		return err
	}
	w.Bytes += c.size
	copied, err := openCopy(to)
	if err != nil {
		return err
	}
	err = w.fillContents(ctx, copied, contentDir(to))
	if err := errors.Join(err, copied.Close()); err != nil {
		return err
	}
	owner := filepath.Dir(temp)
	err = filepath.WalkDir(temp, func(name string, _ fs.DirEntry, err error) error {
		return errors.Join(err, giveTo(name, owner))
	})
	return errors.Join(err, syncDir(contentDir(to)), syncDir(temp))
}

// fillContents leaves out what was found not to be whole.
func (w *backupWork) fillContents(ctx context.Context, db *sql.DB, to string) error {
	for c, err := range contentsOf(ctx, db, largeQuery) {
		if err != nil {
			return err
		}
		if _, err := bring(w.from, to, c); err != nil && !errors.Is(err, errContent) {
			return err
		} else if err == nil {
			w.New++
			w.Bytes += c.size
		}
	}
	return nil
}

// contentOfFile is what copyContent has to find in a copy of a file.
func contentOfFile(name string) (c keptContent, err error) {
	f, err := os.Open(name)
	if err != nil {
		return c, err
	}
	defer f.Close()
	sum := sha256.New()
	c.size, err = io.Copy(sum, f)
	c.sum = sum.Sum(nil)
	return c, err
}
