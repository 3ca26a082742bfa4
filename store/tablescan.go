package store

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// mostUnreadable is how many rows of a table may follow one another that cannot be read. More
// than any page that leads to others knows of: then the table itself cannot be.
const mostUnreadable = 100_000

// A tableScan reads the rows of a table by their ids, the newest first. What SQLite cannot read
// of a damaged database it steps over, row by row: a damaged page hides no other.
type tableScan[T any] struct {
	db      *DB
	scan    func(scanner) (T, error)
	id      func(T) int64
	columns string
	alias   string // of the table
	whole   string // from it, and from messages
	half    string // from it alone, with nothing of messages
	where   string
	args    []any
	limit   int
	given   int
	idTrail
}

// rows yields them, and in the end the error that hid some.
func (s *tableScan[T]) rows(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		more, hidden := s.read(ctx, s.whole, "", yield)
		if more && IsDamaged(hidden) {
			var err error
			if more, err = s.stepOver(ctx, yield); err != nil {
				hidden = err
			}
		}
		if more && hidden != nil {
			yield(none, hidden)
		}
	}
}

// stepOver goes on where rows cannot be read, below the one that was read last.
func (s *tableScan[T]) stepOver(ctx context.Context, yield func(T, error) bool) (
	more bool, err error) {
	if s.last == 0 {
		if s.last, err = s.db.newestID(ctx); err != nil {
			return true, err
		}
		s.last++
	}
	for failed := 0; s.last > 1 && failed < mostUnreadable; failed++ {
		s.last--
		given := s.given
		more, err := s.read(ctx, s.whole, "=", yield)
		if IsDamaged(err) {
			more, err = s.read(ctx, s.half, "=", yield)
		}
		if more && err == nil { // this one is there, or is not: those below it may be
			more, err = s.read(ctx, s.whole, "<", yield)
			if err == nil {
				return more, nil
			}
		}
		if !more || !IsDamaged(err) {
			return more, err
		}
		if s.given > given {
			failed = 0
		}
	}
	return true, nil
}

// read yields the rows whose ids compare with the last as it says, all if it is empty. It
// reports whether more is wanted.
func (s *tableScan[T]) read(ctx context.Context, from, compare string, yield func(T, error) bool) (
	more bool, err error) {
	if s.limit > 0 && s.given >= s.limit {
		return false, nil
	}
	where, args, limit, bound := s.where, s.args, 0, int64(math.MaxInt64)
	if compare != "" {
		bound = s.last
		where = and(where, fmt.Sprintf("%s.id %s $%d", s.alias, compare, len(args)+1))
		args = slices.Concat(args, []any{s.last})
	}
	if s.limit > 0 {
		limit = s.limit - s.given
	}
	for v, err := range each(ctx, s.db, s.scan, "select "+s.columns+from+where+" order by "+
		s.alias+".id desc"+atMost(limit), args...) {
		if err != nil {
			return true, err
		}
		id := s.id(v)
		if compare != "" && s.knows(id) {
			continue
		}
		s.note(id, bound, false)
		s.given++
		if !yield(v, nil) {
			return false, nil
		}
	}
	return true, nil
}

// sorted yields the rows by a key, by age if it is empty. keyOf is the same key of a row.
func (s *tableScan[T]) sorted(ctx context.Context, key string, keyOf func(T) string) iter.Seq2[T,
	error] {
	if key == "" {
		return s.rows(ctx)
	}
	return func(yield func(T, error) bool) {
		more, begun := true, false
		var err error
		for v, e := range each(ctx, s.db, s.scan, "select "+s.columns+s.whole+s.where+" order by +"+
			key+", "+s.alias+".id desc"+atMost(s.limit), s.args...) {
			if err = e; e == nil {
				begun, more = true, yield(v, nil)
			}
			if !more {
				return
			}
		}
		var none T
		if err != nil && (begun || !IsDamaged(err)) {
			yield(none, err)
		} else if err != nil {
			s.sortHere(ctx, keyOf, yield)
		}
	}
}

// sortHere reads all that can be read, since SQLite cannot sort it.
func (s *tableScan[T]) sortHere(ctx context.Context, keyOf func(T) string,
	yield func(T, error) bool) {
	limit := s.limit
	s.limit = 0
	var read []T
	var hidden error
	for v, err := range s.rows(ctx) {
		if hidden = err; err == nil {
			read = append(read, v)
		}
	}
	slices.SortStableFunc(read, func(a, b T) int { return cmp.Compare(keyOf(a), keyOf(b)) })
	for i, v := range read {
		if limit > 0 && i == limit || !yield(v, nil) {
			return
		}
	}
	if hidden != nil {
		var none T
		yield(none, hidden)
	}
}

func asciiLower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// wholeOrHalf is the only row of a table, with nothing of messages if that cannot be read.
func wholeOrHalf[T any](ctx context.Context, db *DB, scan func(scanner) (T, error),
	columns, whole, half, where string, id int64) (T, error) {
	v, err := one(ctx, db, scan, "select "+columns+whole+where, id)
	if IsDamaged(err) {
		return one(ctx, db, scan, "select "+columns+half+where, id)
	}
	return v, err
}

// newestID is the highest id that was given out, as far as anything can say.
func (db *DB) newestID(ctx context.Context) (id int64, err error) {
	for _, query := range []string{`select value from meta where name = 'sequence'`,
		`select max(id) from messages`, `select max(id) from suspended`,
		`select max(id) from tickets`, `select max(id) from comments`} {
		if id, err = one(ctx, db, scanCount, query); err == nil {
			return id, nil
		}
	}
	return 0, err
}

// IsDamaged reports whether SQLite could not read what it was asked for, since its pages are
// damaged.
func IsDamaged(err error) bool {
	return isCode(err, sqlite3.ErrCorrupt) || isCode(err, sqlite3.ErrNotADB)
}
