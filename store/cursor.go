package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrCursor says that a cursor is none of ours, or of another order.
var ErrCursor = errors.New("the cursor is not one of this list in this order: " +
	"begin at the first page")

// A cursor is a place in a listing: between what is up to an item and what is behind it.
type cursor struct {
	Sort string `json:"s"`
	Key  string `json:"k,omitempty"`
	ID   int64  `json:"i"`
}

// cursor reads the one that a request names, nil if it names none.
func (l listing[T]) cursor(r PageRequest) (*cursor, error) {
	text := r.After
	if text == "" {
		text = r.Before
	}
	if text == "" {
		return nil, nil
	}
	var at cursor
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) > maxCursor || json.Unmarshal(raw, &at) != nil || at.Sort != l.sort {
		return nil, ErrCursor
	}
	return &at, nil
}

// start is the place where a page begins or ends, nil if it is the first.
func (l listing[T]) start(ctx context.Context, db *DB, r PageRequest) (*cursor, error) {
	if r.After != "" || r.Before != "" || r.Offset <= 0 {
		return l.cursor(r)
	}
	order, key, by := "", "''", ""
	if r.Descending {
		order = " desc"
	}
	if l.key != "" {
		key, by = l.key, l.key+order+", "
	}
	at := cursor{Sort: l.sort}
	query := fmt.Sprintf("select %s, %s from %s%s order by %s%s%s limit 1 offset %d", key, l.id,
		l.table, l.where, by, l.id, order, r.Offset-1)
	return one(ctx, db, func(row scanner) (*cursor, error) {
		return &at, row.Scan(&at.Key, &at.ID)
	}, query, l.args...)
}

// maxCursor is the longest cursor taken, in octets: a key of 64 runes, escaped at worst.
const maxCursor = 1024

func (c *cursor) String() string {
	if c == nil {
		return ""
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}
