package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// errContent says that a content is not there, cannot be read or is not what was received.
var errContent = errors.New("the content is not what was received")

// A kept content is what a database says of the content of a message.
type keptContent struct {
	id   int64
	name string // of its file
	size int64
	sum  []byte
	raw  []byte // of a small one
}

// What a row has is taken as it is: a damaged one is a content that is not as it should be.
const (
	largeQuery = `select id, cast(coalesce(decision_id, '') as text),
		cast(coalesce(size, -1) as integer), cast(sum as blob), null
		from messages where id > ?1 and raw is null order by id limit 500`
	inlineQuery = `select id, '', cast(coalesce(size, -1) as integer), cast(sum as blob),
		cast(raw as blob) from messages where id > ?1 and raw is not null order by id limit 500`
)

// contentsOf yields what a query has, some at a time: nobody's write-ahead log grows meanwhile.
func contentsOf(ctx context.Context, db *sql.DB, query string) iter.Seq2[keptContent, error] {
	return func(yield func(keptContent, error) bool) {
		for after := int64(-1 << 63); ; {
			some, err := someContents(ctx, db, query, after)
			if err != nil {
				yield(keptContent{}, err)
				return
			}
			for _, c := range some {
				if !yield(c, nil) {
					return
				}
				after = c.id
			}
			if len(some) == 0 {
				return
			}
		}
	}
}

func someContents(ctx context.Context, db *sql.DB, query string, after int64) (
	some []keptContent, err error) {
	rows, err := db.QueryContext(ctx, query, after)
	if err != nil {
		return nil, damaged(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c keptContent
		if err := rows.Scan(&c.id, &c.name, &c.size, &c.sum, &c.raw); err != nil {
			return nil, damaged(err)
		}
		c.name = contentName(c.name)
		some = append(some, c)
	}
	return some, damaged(rows.Err())
}

// bring has a content in a folder, whole. One that is there and whole is left.
func bring(from, to string, c keptContent) (isNew bool, err error) {
	if c.name != filepath.Base(c.name) {
		return false, fmt.Errorf("%w: %q is no name of a file", errContent, c.name)
	}
	err = readWhole(filepath.Join(to, c.name), c)
	if !errors.Is(err, errContent) {
		return false, err
	}
	return true, copyContent(filepath.Join(from, c.name), filepath.Join(to, c.name), c)
}

// A source keeps its own errors apart from those of what it is copied to.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// copyContent has a copy on disk, read back from there, before it has its name. It shares no
// block with what it is a copy of, as a hard link would.
func copyContent(from, to string, c keptContent) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("%w: %w", errContent, err)
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), newContent)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(out.Name()))
		}
	}()
	s := &source{Reader: in}
	_, err = io.Copy(out, s)
	if err = errors.Join(err, out.Sync(), out.Close()); s.err != nil {
		return fmt.Errorf("%w: %w", errContent, s.err)
	}
	if err == nil {
		err = readWhole(out.Name(), c)
	}
	if err != nil {
		return err
	}
	return os.Rename(out.Name(), to)
}

// readWhole is errContent unless a file has the octets that were received. They are read from
// the disk and not from memory, if that is clean.
func readWhole(name string, c keptContent) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("%w: %w", errContent, err)
	}
	defer f.Close()
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) // not every file system can
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return fmt.Errorf("%w: %w", errContent, err)
	}
	if n != c.size || !bytes.Equal(sum.Sum(nil), c.sum) {
		return errContent
	}
	return nil
}

// checkInline names the messages whose contents are in the database and not as received.
func (w *backupWork) checkInline(ctx context.Context, db *sql.DB) error {
	var total, done int64
	err := db.QueryRowContext(ctx, `select count(*), cast(coalesce(sum(length(raw)), 0) as integer)
		from messages`).Scan(&w.Messages, &total)
	if err != nil {
		return damaged(err)
	}
	for c, err := range contentsOf(ctx, db, inlineQuery) {
		if err != nil {
			return err
		}
		sum := sha256.Sum256(c.raw)
		if int64(len(c.raw)) != c.size || !bytes.Equal(sum[:], c.sum) {
			w.Damaged = append(w.Damaged, c.id)
		}
		done += int64(len(c.raw))
		w.tell("check", min(done, total), total)
	}
	return nil
}
