package store

import (
	"context"
	"errors"
	"fmt"
)

// Octets that were deleted are written over in the database (pragma secure_delete), but the
// pages that they stood on are in the write-ahead log as well, as they were: until it is begun
// anew, which on an idle server may be never.

// emptyLog writes the log into the database and empties it, if anything was erased since. It
// waits for nobody, and mail not for it: where somebody reads or writes just then, it is left
// to the next run.
func (db sqlite) emptyLog(ctx context.Context) error {
	select {
	case <-db.writer.failed: // what is in the log may be all that is right
		return nil
	default:
	}
	if !db.writer.erased.Swap(false) {
		return nil
	}
	done, err := db.truncateLog(ctx)
	if err != nil || !done {
		db.writer.erased.Store(true)
	}
	if err != nil {
		return fmt.Errorf("empty the log of what was erased: %w", damaged(err))
	}
	return nil
}

func (db sqlite) truncateLog(ctx context.Context) (done bool, err error) {
	db.writer.writing.Lock() // what the log has is brought into the second copy before
	defer db.writer.writing.Unlock()
	if err := db.writer.look(false); err != nil {
		return false, err
	}
	if err := db.writer.checkpoint(1); err != nil {
		return false, err
	}
	conn, err := db.read.Conn(ctx) // which may do that, though it may not write
	if err != nil {
		return false, err
	}
	defer func() {
		_, e := conn.ExecContext(context.Background(), readersPatience)
		err = errors.Join(err, e, conn.Close())
	}()
	if _, err := conn.ExecContext(ctx, "pragma busy_timeout = 0"); err != nil {
		return false, err
	}
	var busy, pages, written int
	err = conn.QueryRowContext(ctx, "pragma wal_checkpoint(truncate)").Scan(&busy, &pages, &written)
	return busy == 0, err
}
