package store

import (
	"regexp"
	"slices"
	"strings"
)

// IndexesWarning is what whoever reads is told once an index could not be read.
const IndexesWarning = "an index of the database is damaged: lists are read without it, more " +
	"slowly; stop the server and have `gatepost doctor salvage` copy all to a sound database"

// WithoutIndexes reports whether something was read without the indexes, since pages of one are
// damaged. Of what is read so nothing is missing: the rows themselves are whole.
func (db *DB) WithoutIndexes() bool { return db.unindexed.Load() }

// tableNamed finds the tables that a query of ours reads, and nameBehind another name that one has
// there, or the parenthesis of what is no table.
var (
	tableNamed = regexp.MustCompile(`(?i)(?:\bdistinct\s+)?\b(?:from|join)\s+([a-z_]+)\b`)
	nameBehind = regexp.MustCompile(`(?i)^\s+(?:as\s+)?([a-z_]+)\b|^\(`)
)

// notNames are the words that may stand behind a table which has no other name.
var notNames = strings.Fields("where left inner cross join on order group limit union not having")

// unindexed is a query that asks no index (https://sqlite.org/lang_indexedby.html), so that a page
// of one that is damaged hides no row. It is the query itself where that asks none, or is of no
// table.
func unindexed(query string) string {
	if strings.Contains(query, " not indexed") {
		return query
	}
	var out strings.Builder
	written := 0
	for _, at := range tableNamed.FindAllStringSubmatchIndex(query, -1) {
		table, end := query[at[2]:at[3]], at[1]
		behind := nameBehind.FindStringSubmatchIndex(query[end:])
		switch {
		case behind != nil && behind[2] < 0, // a function
			isDistinct(query[at[0]:]), // it is a comparison
			strings.HasPrefix(table, "sqlite_"), strings.HasPrefix(table, "pragma_"):
			continue
		case behind != nil && !slices.Contains(notNames,
			strings.ToLower(query[end+behind[2]:end+behind[3]])):
			end += behind[1]
		}
		out.WriteString(query[written:end] + " not indexed")
		written = end
	}
	return out.String() + query[written:]
}

// isDistinct tells what "is distinct from" compares from what "from" reads.
func isDistinct(text string) bool {
	return len(text) > len("distinct") && strings.EqualFold(text[:len("distinct")], "distinct")
}

// againUnindexed gives the query to ask again where pages are damaged, if there is another way.
func againUnindexed(query string, err error) (again string, ok bool) {
	if !IsDamaged(err) {
		return "", false
	}
	again = unindexed(query)
	return again, again != query
}
