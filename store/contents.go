package store

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// contents are where what is too large for a row of messages is kept, by the id of its decision.
type contents interface {
	// keep takes a content over before the transaction that is to name it.
	keep(r *Record) error

	// put takes it over in that transaction, behind its row of messages.
	put(t *tx, r *Record) error

	// open reads a content from its start. ErrContentGone if it is not there.
	open(ctx context.Context, message int64, decision string) (io.ReadCloser, error)

	// has reports whether a content is there, and has so many octets; row asks the database, as one
	// that was just put there may have to be seen.
	has(row func(string, ...any) scanner, decision string, size int64) (bool, error)

	// fill takes over a content that a copy of the database is given, of a message that is there. It
	// may be opened more than once.
	fill(ctx context.Context, decision string, open func() (io.ReadCloser, error)) error

	// remove removes contents whose messages are gone, by the names that contentName gives. What
	// fails here is swept up by the next start.
	remove(names []string) error
}

// contentFiles are files beside the database.
type contentFiles struct{ *DB }

func (c contentFiles) keep(r *Record) error { return r.Content.keep(c.Dir(), contentName(r.ID)) }

func (c contentFiles) put(t *tx, r *Record) error {
	t.file = t.file || r.Content.kept
	return nil
}

func (c contentFiles) open(_ context.Context, message int64, decision string) (
	io.ReadCloser, error) {
	f, err := os.Open(c.contentPath(decision))
	if errors.Is(err, os.ErrNotExist) {
		return nil, c.contentGone(message)
	}
	return f, err
}

func (c contentFiles) has(_ func(string, ...any) scanner, decision string, size int64) (
	bool, error) {
	info, err := os.Stat(c.contentPath(decision))
	return err == nil && info.Size() == size, ignoreAbsent(err)
}

// fill has a content on disk before it has its name. What is left of one that was cut off is swept
// up as a spool is.
func (c contentFiles) fill(_ context.Context, decision string, open func() (io.ReadCloser, error)) error {
	from, err := open()
	if err != nil {
		return err
	}
	defer from.Close()
	content, err := Spool(c.Dir(), from)
	if err != nil {
		return err
	}
	if content.file == nil { // so small a one is in a row, if nothing was changed
		err = content.spill(c.Dir(), content.buf()[:content.Size])
	}
	if err == nil {
		err = content.keep(c.Dir(), contentName(decision))
	}
	return errors.Join(err, content.Close(), syncDir(c.Dir()))
}

func (c contentFiles) remove(names []string) (err error) {
	for _, name := range names {
		err = errors.Join(err, ignoreAbsent(os.Remove(filepath.Join(c.Dir(), name))))
	}
	return err
}

func (db *DB) contentPath(decisionID string) string {
	return filepath.Join(db.Dir(), contentName(decisionID))
}
