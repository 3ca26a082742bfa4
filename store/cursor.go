package store

import (
	"encoding/base64"
	"encoding/json"
	"errors"
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
