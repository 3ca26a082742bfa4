package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-sqlite3"
)

// ErrDamaged says that a row cannot be read. The others can.
var ErrDamaged = errors.New("its row is damaged")

// A Damaged is a part of a row that cannot be read: what stands there, octet for octet.
type Damaged struct {
	Column string `json:"column"`
	Raw    []byte `json:"raw"` // nil for nothing at all
}

// Damage is all that cannot be read of a row; what can be read of it is read.
type Damage []Damaged

func (d Damage) String() string {
	names := make([]string, len(d))
	for i, damaged := range d {
		names[i] = damaged.Column
	}
	return strings.Join(names, ", ")
}

// Text is what stands there, to be shown.
func (d Damaged) Text() string {
	if d.Raw == nil {
		return "nothing"
	}
	return strconv.Quote(string(d.Raw))
}

// A part is a column and where it goes: a *string, *int64, *bool, or *[]string, which stands
// there as JSON.
type part struct {
	column string
	to     any
}

// scanParts reads a row. What of it is of the wrong type, no text or no JSON is told, and left
// as it was where it should go.
func scanParts(row scanner, parts ...part) (damage Damage, err error) {
	dest := make([]any, len(parts))
	fields := make([]field, len(parts))
	for i, p := range parts {
		fields[i] = field{p, &damage}
		dest[i] = &fields[i]
	}
	return damage, row.Scan(dest...)
}

type field struct {
	part
	damage *Damage
}

// Scan is never an error: see sql.Scanner.
func (f *field) Scan(value any) error {
	if !f.take(value) {
		*f.damage = append(*f.damage, Damaged{f.column, rawBytes(value)})
	}
	return nil
}

func (f *field) take(value any) (ok bool) {
	switch to := f.to.(type) {
	case *int64:
		if is, isBool := value.(bool); isBool { // as PostgreSQL gives what a condition is
			value = int64(0)
			if is {
				value = int64(1)
			}
		}
		*to, ok = value.(int64)
	case *bool:
		*to, ok = value.(bool)
	case *string:
		text, isText := value.(string)
		if ok = isText && isClean(text); ok {
			*to = text
		}
	case *[]string:
		text, isText := value.(string)
		var texts []string
		if ok = isText && isClean(text) && json.Unmarshal([]byte(text), &texts) == nil; ok {
			*to = texts
		}
	}
	return ok
}

// isClean reports whether a text is as all that we write is.
func isClean(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }

func rawBytes(value any) []byte {
	switch v := value.(type) {
	case nil:
		return nil
	case []byte:
		return bytes.Clone(v)
	case string:
		return []byte(v)
	}
	return fmt.Append(nil, value)
}

// unreadable is ErrDamaged for what went wrong in reading a row, but for the errors that are
// not about the row.
func unreadable(err error) error {
	var ofSQLite sqlite3.Error
	switch {
	case err == nil, errors.Is(err, ErrNotFound), errors.Is(err, ErrDamaged),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone):
		return err
	case errors.As(err, &ofSQLite):
		return damaged(err)
	case sqlState(err) != "", isLost(err):
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}
