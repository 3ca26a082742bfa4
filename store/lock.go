package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// checkedWhole is the largest database whose pages are all checked at start, in octets:
// more would delay the mail.
const checkedWhole = 1 << 30

func (db sqlite) lock(ctx context.Context) (unlock func() error, err error) {
	if err := checkRescued(db.path); err != nil {
		return nil, err
	}
	f, err := takeLock(db.path, db.path)
	if err != nil {
		return nil, err
	}
	if err := db.files.open(db.path, lockSuffix); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	for _, step := range []func(context.Context) error{db.mendIndexes, db.Check, db.sweep,
		db.recordStart} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	if err := db.startMirror(ctx, false); err != nil {
		return nil, errors.Join(fmt.Errorf("second copy of the database: %w", err), f.Close())
	}
	db.sound.Store(true)
	return f.Close, nil
}

const lockSuffix = ".lock"

func (db *DB) lockPath() string { return db.path + lockSuffix }

// takeLock tries for a second: Status looks at the lock by taking it for a moment. The file
// belongs to the owner of like.
func takeLock(path, like string) (*os.File, error) {
	f, err := os.OpenFile(path+lockSuffix, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := giveTo(path+lockSuffix, like); err != nil {
		return nil, errors.Join(fmt.Errorf("lock: %w", err), f.Close())
	}
	for deadline := time.Now().Add(time.Second); ; time.Sleep(10 * time.Millisecond) {
		if err = lockFile(f); err == nil {
			return f, nil
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("another server has %s open: stop it, or "+
				"name another database with --db", path), f.Close())
		}
	}
}

func (db sqlite) locked(context.Context) (bool, error) {
	f, err := os.Open(db.lockPath())
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock: %w", err)
	}
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil, nil
}

// Check reads every page of a database of up to 1 GiB and reports what is damaged.
func (db *DB) Check(ctx context.Context) error {
	small, err := db.checkedAtStart()
	if err != nil || !small {
		return err
	}
	return db.quickCheck(ctx, "1")
}

func (db *DB) checkedAtStart() (bool, error) {
	info, err := os.Stat(db.path)
	return err == nil && info.Size() <= checkedWhole, err
}

// quickCheck reports damage of one table, or of all: what is 1, the most faults to find.
func (db *DB) quickCheck(ctx context.Context, what string) error {
	var verdict string
	err := db.read.QueryRowContext(ctx, "pragma quick_check("+what+")").Scan(&verdict)
	if err == nil && verdict != "ok" {
		return fmt.Errorf("the database %s is damaged (%s): %s", db.path,
			strings.Join(strings.Fields(verdict), " "), mendDamage)
	}
	return damaged(err)
}

// checkQueue does so once for each process, where no server has checked the database at its start: to
// write to a table that is damaged may cost what is whole in it. Raw bytes of messages are not read.
func (db sqlite) checkQueue(ctx context.Context) error {
	if db.sound.Load() {
		return nil
	}
	serving, err := db.locked(ctx)
	for _, table := range []string{"suspended", "deleted", "tickets", "comments", "users"} {
		if err == nil && !serving {
			err = db.quickCheck(ctx, table)
		}
	}
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	db.sound.Store(true)
	return nil
}

// orphans is the folder for contents that no message names. They are kept: a database that
// was restored from a backup does not know of what came after it.
const orphans = "orphans"

// sweep removes spools whose process has died, and sets aside contents that no message names.
func (db *DB) sweep(ctx context.Context) error {
	files, err := os.ReadDir(db.Dir())
	if err != nil {
		return err
	}
	for _, file := range files {
		if !strings.HasPrefix(file.Name(), spooling) && !strings.HasSuffix(file.Name(), ".eml") {
			continue
		}
		if err := db.sweepFile(ctx, file.Name()); err != nil {
			return fmt.Errorf("sweep %s: %w", file.Name(), err)
		}
	}
	return nil
}

// sweepFile leaves a file alone that a living process holds or a message names. The lock
// comes first: whoever writes a content holds it until the commit is known.
func (db *DB) sweepFile(ctx context.Context, name string) error {
	path := filepath.Join(db.Dir(), name)
	f, err := os.Open(path)
	if err != nil {
		return ignoreAbsent(err)
	}
	defer f.Close()
	if lockFile(f) != nil {
		return nil
	}
	if strings.HasPrefix(name, spooling) {
		return ignoreAbsent(os.Remove(path))
	}
	var n int
	err = db.read.QueryRowContext(ctx, db.text(`select count(*) from messages
		where decision_id = $1`), strings.TrimSuffix(name, ".eml")).Scan(&n)
	if err != nil || n > 0 {
		return err
	}
	aside := filepath.Join(db.Dir(), orphans)
	return errors.Join(os.MkdirAll(aside, 0o700), os.Rename(path, filepath.Join(aside, name)))
}

func ignoreAbsent(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// recordStart also forgets rules that were removed: no policy is older than this server. Where a
// shadow is set, what was removed since may be a conflict with it.
func (db *DB) recordStart(ctx context.Context) error {
	return db.writer.do(ctx, func(t *tx) error {
		err := t.exec(`update meta set value = $1 where name = 'started_at'`,
			db.now().UnixMilli())
		if err != nil {
			return err
		}
		n, err := t.change(`delete from rules where removed
			and generation <= coalesce((select generation from shadow), generation)`)
		if err != nil {
			return err
		}
		m, err := t.change(`delete from organization_entries where removed`)
		if err != nil || n+m == 0 {
			return err
		}
		return t.exec(`update meta set value =
			(select value from meta where name = 'generation') where name = 'rules_floor'`)
	})
}
