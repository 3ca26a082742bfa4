package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A copiedTable is a table that both sides have, without the columns that number its rows by
// themselves: they do so anew, in the same order.
type copiedTable struct {
	name    string
	columns []copiedColumn // by their names
	order   string         // by which its rows are read, the same each time; empty: there is one
	refers  []string       // to these tables, whose rows have to be there before its own
}

// A copiedColumn has the type that PostgreSQL calls its kind.
type copiedColumn struct{ name, kind string }

func (t copiedTable) list() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// notCopied are the tables that one engine has for itself. Secrets are beside a file: Last has them.
var notCopied = []string{"attempts", "contents", "layout", "leases", "nodes", "secrets", "writers"}

// A catalog is what an engine says of its tables: rows of a table, a column or what it refers to,
// and a kind; and by what each is read.
type catalog struct{ columns, refers, orders string }

// tablesOf reads them.
func tablesOf(ctx context.Context, db *DB) (map[string]*copiedTable, error) {
	all := map[string]*copiedTable{}
	c := db.engine.catalog()
	for _, of := range []struct {
		query string
		note  func(*copiedTable, string, string)
	}{
		{c.columns, func(t *copiedTable, name, kind string) {
			t.columns = append(t.columns, copiedColumn{name, kind})
		}},
		{c.refers, func(t *copiedTable, to, _ string) { t.refers = append(t.refers, to) }},
		{c.orders, func(t *copiedTable, order, _ string) { t.order = order }},
	} {
		for f, err := range each(ctx, db, func(row scanner) (f [3]string, err error) {
			return f, row.Scan(&f[0], &f[1], &f[2])
		}, of.query) {
			if err != nil {
				return nil, fmt.Errorf("tables of %s: %w", db.place(), err)
			}
			if all[f[0]] == nil {
				all[f[0]] = &copiedTable{name: f[0]}
			}
			of.note(all[f[0]], f[1], f[2])
		}
	}
	return all, nil
}

// commonTables are those to copy, each behind those that it refers to, in the order of the first.
func commonTables(ctx context.Context, from, to *DB) (tables []copiedTable, err error) {
	theirs, err := tablesOf(ctx, from)
	if err != nil {
		return nil, err
	}
	ours, err := tablesOf(ctx, to)
	if err != nil {
		return nil, err
	}
	placed := map[string]bool{}
	var place func(string)
	place = func(name string) {
		t, our := theirs[name], ours[name]
		if t == nil || our == nil || placed[name] || slices.Contains(notCopied, name) {
			return
		}
		placed[name] = true
		for _, before := range slices.Concat(t.refers, our.refers) {
			place(before)
		}
		if !slices.Equal(t.columns, our.columns) && err == nil {
			err = fmt.Errorf("table %s has other columns in %s than in %s", name, from.place(), to.place())
		}
		tables = append(tables, *t)
	}
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		place(name)
	}
	return tables, err
}
