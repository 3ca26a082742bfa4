package store

import (
	"context"
	"fmt"
	"iter"
	"math"
	"strings"
)

const (
	// copiedRows and copiedOctets bound what is written in one transaction: what a copy that is cut
	// off has to write again, and what it has in memory. A row has up to 64 KiB of a message.
	copiedRows   = 4000
	copiedOctets = 4 << 20

	toldRows = 500 // after so many it is told how far a table is
)

// table copies the rows that the copy does not have yet.
func (c *copying) table(t copiedTable) error {
	total, err := one(c.ctx, c.from, scanCount, "select count(*) from "+t.name)
	if err != nil {
		return err
	}
	done := c.done[t.name]
	var batch [][]any
	octets := 0
	write := func() error {
		if err := c.to.engine.fill(c.ctx, t, batch); err != nil {
			return err
		}
		done += int64(len(batch))
		c.tell(t.name, done, total)
		batch, octets = nil, 0
		return nil
	}
	for row, err := range readRows(c.ctx, c.from, t, done) {
		if err != nil {
			return err
		}
		batch, octets = append(batch, row), octets+sizeOf(row)
		if len(batch) < c.most && octets < copiedOctets {
			continue
		}
		if err := write(); err != nil {
			return err
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return write()
}

func sizeOf(row []any) (octets int) {
	for _, v := range row {
		switch v := v.(type) {
		case string:
			octets += len(v)
		case []byte:
			octets += len(v)
		}
	}
	return octets
}

// readRows yields the rows of a table but for the first ones.
func readRows(ctx context.Context, db *DB, t copiedTable, behind int64) iter.Seq2[[]any, error] {
	query := "select " + t.list() + " from " + t.name
	if t.order != "" {
		query += " order by " + t.order
	}
	return each(ctx, db, func(row scanner) ([]any, error) {
		values, dest := make([]any, len(t.columns)), make([]any, len(t.columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := row.Scan(dest...); err != nil {
			return nil, err
		}
		for i, c := range t.columns {
			var err error
			if values[i], err = c.value(values[i]); err != nil {
				return nil, fmt.Errorf("%w; in its first columns: %.200v", err, values[:i])
			}
		}
		return values, nil
	}, query+" limit $1 offset $2", int64(math.MaxInt64), behind)
}

// value is one as both engines have it, of the type of its column. SQLite has any in any.
func (c copiedColumn) value(v any) (any, error) {
	octets, isOctets := v.([]byte)
	text, isText := v.(string)
	number, isNumber := v.(int64)
	switch {
	case v == nil:
		return nil, nil
	case c.kind == "bytea" && isOctets:
		return octets, nil
	case c.kind == "bytea" && isText:
		return []byte(text), nil
	case c.kind == "text" && isText:
		return cleanText(text), nil
	case c.kind == "text" && isOctets:
		return cleanText(string(octets)), nil
	case c.kind == "bigint" && isNumber:
		return number, nil
	case c.kind == "boolean" && isNumber:
		return number != 0, nil
	}
	if _, is := v.(bool); is && c.kind == "boolean" {
		return v, nil
	}
	return nil, fmt.Errorf("what is in column %s of a row is no %s (%T): see `gatepost doctor`", c.name,
		c.kind, v)
}

// cleanText is a text as PostgreSQL takes it.
func cleanText(text string) string {
	if isClean(text) {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
