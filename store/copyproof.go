package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"golang.org/x/sync/errgroup"
)

// A rowSum is a sum over rows in any order: the SHA-256 of each, added by eight octets.
type rowSum struct {
	rows int64
	sum  [sha256.Size / 8]uint64
	hash hash.Hash
}

// add has each value stand with its type and its length.
func (s *rowSum) add(row []any) {
	s.hash.Reset()
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			s.write('0', nil)
		case bool:
			s.write('b', binary.AppendVarint(nil, map[bool]int64{true: 1}[v]))
		case int64:
			s.write('i', binary.BigEndian.AppendUint64(nil, uint64(v)))
		case string:
			s.write('t', []byte(v))
		case []byte:
			s.write('o', v)
		}
	}
	of := s.hash.Sum(nil)
	for i := range s.sum {
		s.sum[i] += binary.BigEndian.Uint64(of[8*i:])
	}
	s.rows++
}

func (s *rowSum) write(kind byte, octets []byte) {
	s.hash.Write(binary.AppendUvarint([]byte{kind}, uint64(len(octets))))
	s.hash.Write(octets)
}

func (s *rowSum) String() string {
	var octets []byte
	for _, n := range s.sum {
		octets = binary.BigEndian.AppendUint64(octets, n)
	}
	return hex.EncodeToString(octets)
}

// sumOfRows reads all of a table.
func sumOfRows(ctx context.Context, db *DB, t copiedTable, tell func(rows int64)) (*rowSum, error) {
	s := &rowSum{hash: sha256.New()}
	t.order = ""
	for row, err := range readRows(ctx, db, t, 0) {
		if err != nil {
			return nil, fmt.Errorf("read %s again: table %s: %w", db.place(), t.name, err)
		}
		if s.add(row); s.rows%toldRows == 0 {
			tell(s.rows)
		}
	}
	return s, nil
}

// compare reads both sides again, at the same time.
func (c *copying) compare() error {
	for _, t := range c.tables {
		total := c.done[t.name]
		group, ctx := errgroup.WithContext(c.ctx)
		var theirs, ours *rowSum
		group.Go(func() (err error) {
			theirs, err = sumOfRows(ctx, c.from, t, func(int64) {})
			return err
		})
		group.Go(func() (err error) {
			ours, err = sumOfRows(ctx, c.to, t, func(rows int64) { c.tell("compare "+t.name, rows, total) })
			return err
		})
		if err := group.Wait(); err != nil {
			return err
		}
		if theirs.rows != ours.rows || theirs.sum != ours.sum {
			return fmt.Errorf("table %s has %d rows in %s and %d in %s, or others: it was changed since the "+
				"copy was begun; remove the copy, and begin anew", t.name, theirs.rows, c.from.place(),
				ours.rows, c.to.place())
		}
		c.Tables = append(c.Tables, CopiedTable{t.name, ours.rows, ours.String()})
	}
	return c.compareContents()
}

// sumOfContent reads one, nil if it is not there.
func sumOfContent(ctx context.Context, db *DB, of copiedContent) (sum []byte, size int64, err error) {
	from, err := db.contents.open(ctx, of.id, of.decision)
	if isGone(err) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer from.Close()
	h := sha256.New()
	if size, err = io.Copy(h, from); err != nil {
		return nil, 0, err
	}
	return h.Sum(nil), size, nil
}
