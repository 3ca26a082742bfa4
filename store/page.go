package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// What a page holds, in items.
const (
	defaultPage = 50
	largestPage = 1000
)

// A PageRequest asks for a page. Without a cursor that is the first; After has precedence.
type PageRequest struct {
	Size          int    // 0 is 50; at most 1,000
	After, Before string // the cursor of an item, which the page begins after or ends before
	Descending    bool
}

// A Page is a part of a list in its order. What is added to the list or taken from it
// meanwhile neither repeats nor skips any other item on the next page. Of an empty page the
// cursors stand where it would be.
type Page[T any] struct {
	Items       []T
	First, Last string // the cursors of the first and the last item
	HasMore     bool   // there are items after the last
	HasPrevious bool   // there are items before the first
}

// A listing is what pages are made of: a query without its end.
type listing[T any] struct {
	scan    func(scanner) (T, error)
	columns string
	from    string
	where   string // empty, or with the word
	args    []any
	sort    string // the name of the order
	key     string // an expression of a short text, or empty: the id is the order
	id      string // a column
}

type keyed[T any] struct {
	item T
	at   cursor
}

// page reads one page, and looks whether there is anything on the other side of it.
func page[T any](ctx context.Context, db *DB, l listing[T], r PageRequest) (p Page[T], err error) {
	size := r.Size
	if size <= 0 {
		size = defaultPage
	}
	size = min(size, largestPage)
	backward := r.After == "" && r.Before != ""
	at, err := l.cursor(r)
	if errors.Is(err, ErrNotFound) { // the list has no more than is to be passed over
		p.Items, p.HasPrevious = []T{}, true
		return p, nil
	}
	if err != nil {
		return p, err
	}
	rows, err := l.read(ctx, db, at, r.Descending != backward, size+1)
	if err != nil {
		return p, err
	}
	further := len(rows) > size
	rows = rows[:min(size, len(rows))]
	if backward {
		slices.Reverse(rows)
	}
	first, last := edges(rows, at, r.Descending, backward)
	p = newPage(rows, first, last)
	if at == nil {
		p.HasMore = further
		return p, nil
	}
	other := first
	if backward {
		other = last
	}
	behind, err := l.places().read(ctx, db, other, r.Descending == backward, 1)
	p.HasMore, p.HasPrevious = further, len(behind) > 0
	if backward {
		p.HasMore, p.HasPrevious = p.HasPrevious, p.HasMore
	}
	return p, err
}

// places are the items by nothing but their cursors.
func (l listing[T]) places() listing[int] {
	return listing[int]{scan: func(row scanner) (one int, err error) { return one, row.Scan(&one) },
		columns: "1", from: l.from, where: l.where, args: l.args, sort: l.sort, key: l.key, id: l.id}
}

// edges are the cursors of the first and the last row. Where there is none they are set so
// that the item which the page was to begin after is before it.
func edges[T any](rows []keyed[T], at *cursor, descending, backward bool) (first, last *cursor) {
	if len(rows) > 0 {
		return &rows[0].at, &rows[len(rows)-1].at
	}
	if at == nil {
		return nil, nil
	}
	beside := *at
	if beside.ID++; descending != backward {
		beside.ID -= 2
	}
	if backward {
		return at, &beside
	}
	return &beside, at
}

func newPage[T any](rows []keyed[T], first, last *cursor) (p Page[T]) {
	p.Items = make([]T, len(rows))
	for i, row := range rows {
		p.Items[i] = row.item
	}
	p.First, p.Last = first.String(), last.String()
	return p
}

// read gives up to limit rows behind a cursor, in one direction.
func (l listing[T]) read(ctx context.Context, db *DB, at *cursor, descending bool, limit int) (
	[]keyed[T], error) {
	compare, order := ">", ""
	if descending {
		compare, order = "<", " desc"
	}
	if at == nil {
		return l.query(ctx, db, "", nil, order, limit)
	}
	behind := fmt.Sprintf("%s %s $%d", l.id, compare, len(l.args)+1)
	if l.key == "" {
		return l.query(ctx, db, behind, []any{at.ID}, order, limit)
	}
	// Those of the same key first: SQLite's index leads to no place between two of them.
	behind += fmt.Sprintf(" and %s = $%d", l.key, len(l.args)+2)
	rows, err := l.query(ctx, db, behind, []any{at.ID, at.Key}, order, limit)
	if err != nil || len(rows) == limit {
		return rows, err
	}
	behind = fmt.Sprintf("%s %s $%d", l.key, compare, len(l.args)+1)
	others, err := l.query(ctx, db, behind, []any{at.Key}, order, limit-len(rows))
	return append(rows, others...), err
}

// query reads rows that meet one more condition, if there is one.
func (l listing[T]) query(ctx context.Context, db *DB, condition string, args []any,
	order string, limit int) (rows []keyed[T], err error) {
	where, key, by := l.where, "''", l.id+order
	if condition != "" {
		where = and(where, condition)
	}
	if l.key != "" {
		key, by = l.key, l.key+order+", "+by
	}
	query := "select " + l.columns + ", " + key + ", " + l.id + l.from + where + " order by " + by +
		atMost(limit)
	rows, err = collect(each(ctx, db, l.scanKeyed, query, slices.Concat(l.args, args)...))
	if again, ok := againUnindexed(query, err); ok { // it ended in the middle
		rows, err = collect(each(ctx, db, l.scanKeyed, again, slices.Concat(l.args, args)...))
		if err == nil {
			db.unindexed.Store(true)
		}
	}
	return rows, err
}

// collect gathers what is yielded, or has the error that ended it.
func collect[T any](seq iter.Seq2[T, error]) (all []T, err error) {
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func and(where, condition string) string {
	if where == "" {
		return " where " + condition
	}
	return where + " and " + condition
}

func (l listing[T]) scanKeyed(row scanner) (k keyed[T], err error) {
	k.at.Sort = l.sort
	var key sql.NullString // of a damaged row
	k.item, err = l.scan(also{row, []any{&key, &k.at.ID}})
	k.at.Key = key.String
	return k, err
}
