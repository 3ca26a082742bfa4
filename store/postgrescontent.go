package store

import (
	"context"
	"errors"
	"io"
)

// contentRows are rows of the table contents, a MiB each: many nodes have no folder in common.
type contentRows struct{ *DB }

// contentPiece is how many octets a row has; a server needs several times as much to read it.
const contentPiece = 1 << 20

func (contentRows) keep(*Record) error { return nil }

// put writes a content while it is read from the spool.
func (contentRows) put(t *tx, r *Record) error {
	if r.Content.raw() != nil {
		return nil
	}
	return putPieces(t, r.ID, r.Content.Reader(), r.Content.Size)
}

// putPieces writes a content that has at most so many octets, or more than a piece. Pieces wait to be sent
// as all statements do, until those that wait have as many octets as a large one.
func putPieces(t *tx, decision string, from io.Reader, most int64) error {
	piece := make([]byte, min(contentPiece, most+1)) // the last does not fill it
	for n := 0; ; n++ {
		size, err := io.ReadFull(from, piece)
		last := err == io.ErrUnexpectedEOF
		if err == io.EOF {
			return nil
		}
		if err != nil && !last {
			return err
		}
		err = t.exec(`insert into contents (decision_id, n, octets) values ($1, $2, $3)`, decision,
			n, piece[:size])
		t.pieces += size
		if err == nil && (!last || t.pieces >= contentPiece) {
			err = t.w.engine.send(t) // piece is used again, and there may be many
		}
		if last || err != nil {
			return err
		}
	}
}

func (c contentRows) fill(ctx context.Context, decision string, open func() (io.ReadCloser, error)) error {
	return c.writer.do(ctx, func(t *tx) error {
		from, err := open()
		if err != nil {
			return err
		}
		defer from.Close()
		if err := t.exec(`delete from contents where decision_id = $1`, decision); err != nil {
			return err
		}
		return putPieces(t, decision, from, contentPiece)
	})
}

func (c contentRows) open(ctx context.Context, message int64, decision string) (
	io.ReadCloser, error) {
	size, err := one(ctx, c.DB, scanCount, contentSizeQuery, decision)
	if err != nil {
		return nil, err
	}
	if size < 0 {
		return nil, c.contentGone(message)
	}
	return &contentReader{ctx: ctx, db: c.DB, decision: decision, left: size}, nil
}

func (contentRows) has(row func(string, ...any) scanner, decision string, size int64) (bool, error) {
	n, err := scanCount(row(contentSizeQuery, decision))
	return n == size, err
}

// contentSizeQuery is how many octets there are, -1 if nothing is.
const contentSizeQuery = `select coalesce(sum(length(octets)), -1) from contents where decision_id = $1`

// remove has nothing to do: the rows went with that of messages.
func (contentRows) remove([]string) error { return nil }

// A contentReader reads the rows one after the other.
type contentReader struct {
	ctx      context.Context
	db       *DB
	decision string
	n        int
	piece    []byte
	left     int64 // octets, those of piece too
}

func (r *contentReader) Read(b []byte) (n int, err error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if len(r.piece) == 0 {
		r.piece, err = one(r.ctx, r.db, func(row scanner) (piece []byte, err error) {
			return piece, row.Scan(&piece)
		}, `select octets from contents where decision_id = $1 and n = $2`, r.decision, r.n)
		if errors.Is(err, ErrNotFound) { // it was deleted meanwhile
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		r.n++
	}
	n = copy(b, r.piece)
	r.piece, r.left = r.piece[n:], r.left-int64(n)
	return n, nil
}

func (r *contentReader) Close() error { return nil }
