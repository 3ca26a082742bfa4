package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"
)

const (
	// copyPages are copied in one step, 1 MiB at SQLite's page of 4 KiB: whoever waits for the
	// disk has its turn between two, and a person sees how far it is.
	copyPages = 256
	// mostCopies is how often the database is copied anew since contents that the copy names
	// were deleted before they could be copied. The next time only the newest are missing.
	mostCopies = 5
)

// A Backup is what is in the folder of a backup, and what was done for it.
type Backup struct {
	Dir      string  `json:"dir"`
	Messages int64   `json:"messages"`
	New      int     `json:"contents_new"`     // large contents that were copied
	Kept     int     `json:"contents_kept"`    // that were there, and are whole
	Removed  int     `json:"contents_removed"` // that no message has any more
	Bytes    int64   `json:"bytes"`            // that were written
	Damaged  []int64 `json:"damaged"`          // messages whose content is missing or not as received
	Waiting  int64   `json:"handoffs_waiting"` // hand-offs that waited; counted when it is read
}

// A Progress is told how far a step is, in octets; of a salvage in rows of a table, of a total that
// nobody knows (0).
type Progress func(step string, done, total int64)

// backupWork is one backup that is being made.
type backupWork struct {
	Backup
	from  string  // the folder of the large contents
	live  *sql.DB // the database, which is only read
	whole map[string]bool
	tell  Progress
	page  int64 // of the database, in octets
	total int64 // of the large contents
	done  int64
}

// BackUp copies a database that may be in use, of any layout that we know, into a folder that has
// a whole backup or none whatever happens. Large contents that are there and whole are kept. A
// message whose content cannot be had is named, and no reason to have no backup of the others.
func BackUp(ctx context.Context, path, dir string, tell Progress) (Backup, error) {
	path, err := realPath(path)
	if err == nil {
		err = checkFile(path, false)
	}
	if err != nil {
		return Backup{}, err
	}
	unlock, err := openBackup(path, dir)
	if err != nil {
		return Backup{}, fmt.Errorf("backup: %w", err)
	}
	w := &backupWork{from: contentDir(path), whole: map[string]bool{}, tell: tell}
	w.Dir, w.Damaged = dir, []int64{}
	if w.live, err = openSQLite(path, reading); err == nil {
		if err = w.run(ctx); err != nil {
			err = errors.Join(fmt.Errorf("backup of %s: %w", path, err), clearBackup(dir))
		}
		err = errors.Join(err, w.live.Close())
	}
	return w.Backup, errors.Join(err, unlock())
}

// run brings the contents first, so that few are missing once the database is copied.
func (w *backupWork) run(ctx context.Context) error {
	if err := w.measure(ctx); err != nil {
		return err
	}
	if _, err := w.copyLarge(ctx, w.live); err != nil {
		return err
	}
	copied, err := w.copyAll(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(w.check(ctx, copied), copied.Close()); err != nil {
		return err
	}
	if err := w.publish(); err != nil {
		return err
	}
	return w.prune(ctx)
}

// measure refuses a database that we cannot read, and a disk that is too small.
func (w *backupWork) measure(ctx context.Context) error {
	if err := checkLayout(ctx, w.live); err != nil {
		return err
	}
	var need int64
	err := w.live.QueryRowContext(ctx, `select page_size, page_count * page_size
		from pragma_page_count, pragma_page_size`).Scan(&w.page, &need)
	if err != nil {
		return damaged(err)
	}
	for c, err := range contentsOf(ctx, w.live, largeQuery) {
		if err != nil {
			return err
		}
		w.total += c.size
		info, err := os.Stat(filepath.Join(w.dir(), c.name))
		if err != nil || info.Size() != c.size {
			need += c.size
		}
	}
	return checkRoom(w.Dir, need)
}

func (w *backupWork) dir() string { return filepath.Join(w.Dir, backupContents) }

// copyAll copies the database and what it names. What was deleted between the two is not in the
// next copy.
func (w *backupWork) copyAll(ctx context.Context) (*sql.DB, error) {
	for range mostCopies {
		if err := w.copyDatabase(ctx); err != nil {
			return nil, err
		}
		copied, err := openCopy(filepath.Join(w.Dir, backupNew))
		if err != nil {
			return nil, err
		}
		gone, err := w.copyLarge(ctx, copied)
		if err == nil {
			var deleted bool
			if deleted, err = w.deleted(ctx, gone); err == nil && !deleted {
				w.Damaged = append(w.Damaged, gone...)
				return copied, nil
			}
		}
		if err := errors.Join(err, copied.Close()); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("messages are deleted as fast as they are copied: try again")
}

// copyLarge brings the large contents that a database names, and names the messages whose
// content cannot be had.
func (w *backupWork) copyLarge(ctx context.Context, db *sql.DB) (gone []int64, err error) {
	for c, err := range contentsOf(ctx, db, largeQuery) {
		if err != nil {
			return nil, err
		}
		if w.whole[c.name] {
			continue
		}
		switch isNew, err := bring(w.from, w.dir(), c); {
		case errors.Is(err, errContent):
			gone = append(gone, c.id)
		case err != nil:
			return nil, err
		case isNew:
			w.New++
			w.Bytes += c.size
			w.whole[c.name] = true
		default:
			w.Kept++
			w.whole[c.name] = true
		}
		w.done += c.size
		w.tell("contents", min(w.done, w.total), w.total)
	}
	return gone, syncDir(w.dir())
}

// deleted reports whether one of these messages is gone from the database.
func (w *backupWork) deleted(ctx context.Context, ids []int64) (bool, error) {
	for _, id := range ids {
		var n int
		err := w.live.QueryRowContext(ctx, "select count(*) from messages where id = ?1",
			id).Scan(&n)
		if err != nil || n == 0 {
			return n == 0, damaged(err)
		}
	}
	return false, nil
}

// copyDatabase copies one snapshot of the database, whatever is written meanwhile: without a
// transaction of its own each commit of others would have it begin anew
// (https://sqlite.org/c3ref/backup_finish.html). Its file has no write-ahead log.
func (w *backupWork) copyDatabase(ctx context.Context) (err error) {
	if err := clearBackup(w.Dir); err != nil {
		return err
	}
	name := filepath.Join(w.Dir, backupNew)
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	to, err := sql.Open("sqlite3", "file:"+escapePath(name)+"?_journal_mode=OFF&_sync=OFF")
	if err != nil {
		return err
	}
	if err := errors.Join(w.copyPages(ctx, to), to.Close()); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	w.Bytes += info.Size()
	return f.Sync()
}

func (w *backupWork) copyPages(ctx context.Context, to *sql.DB) (err error) {
	dest, err := to.Conn(ctx)
	if err != nil {
		return err
	}
	defer dest.Close()
	src, err := w.live.Conn(ctx)
	if err != nil {
		return err
	}
	defer src.Close()
	if _, err := src.ExecContext(ctx, "begin; select count(*) from sqlite_master"); err != nil {
		return damaged(err)
	}
	defer func() {
		_, e := src.ExecContext(context.WithoutCancel(ctx), "rollback")
		err = errors.Join(err, e)
	}()
	err = dest.Raw(func(dest any) error {
		return src.Raw(func(src any) error {
			return w.step(ctx, dest.(*sqlite3.SQLiteConn), src.(*sqlite3.SQLiteConn))
		})
	})
	if err != nil {
		return damaged(err)
	}
	_, err = dest.ExecContext(ctx, "pragma journal_mode = delete")
	return err
}

func (w *backupWork) step(ctx context.Context, dest, src *sqlite3.SQLiteConn) error {
	b, err := dest.Backup("main", src, "main")
	if err != nil {
		return err
	}
	for left, done := -1, false; !done; left = b.Remaining() {
		if done, err = b.Step(copyPages); err == nil {
			err = ctx.Err()
		}
		if err == nil && !done && b.Remaining() == left { // it waits for somebody's lock
			err = errors.New("the copy is locked")
		}
		if err != nil {
			return errors.Join(err, b.Finish())
		}
		total := int64(b.PageCount()) * w.page
		w.tell("database", total-int64(b.Remaining())*w.page, total)
	}
	return b.Finish()
}

// check reads every page of the copy, and every content that is in it.
func (w *backupWork) check(ctx context.Context, copied *sql.DB) error {
	if err := checkPages(ctx, copied); err != nil {
		return fmt.Errorf("the copy: %w", err)
	}
	return w.checkInline(ctx, copied)
}

func (w *backupWork) publish() error {
	err := os.Rename(filepath.Join(w.Dir, backupNew), filepath.Join(w.Dir, backupDatabase))
	return errors.Join(err, syncDir(w.Dir))
}
