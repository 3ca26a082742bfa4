package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gatepost/policy"
)

// add puts entries on the list that are not there, or over their time. One that this very change
// took away comes back with its note, its age and its time.
func (c *change) add(entries []policy.Entry, life Life) (added int, err error) {
	expires := life.expires()
	for some := range slices.Chunk(besideOneAnother(entries), rulesAtOnce) {
		n, err := c.t.change(`insert into rules (list, keyword, target, text, note, position,
				generation, since, removed, created_at, expires_at)
			select $1, value ->> 0, value ->> 1, value ->> 2, $3, cast(value ->> 3 as bigint), $4, $4, false, $5, $6
			from json_each($2) where true
			on conflict (list, target, keyword) do update set text = excluded.text,
				position = excluded.position, generation = excluded.generation, removed = false,
				since = case when rules.generation = excluded.generation
					then rules.since else excluded.since end,
				note = case when rules.generation = excluded.generation
					then rules.note else excluded.note end,
				created_at = case when rules.generation = excluded.generation
					then rules.created_at else excluded.created_at end,
				expires_at = case when rules.generation = excluded.generation
					then rules.expires_at else excluded.expires_at end
			where rules.removed or rules.expires_at <= $5`, c.list, rowsOf(entries, some), life.Note,
			c.generation, c.now, expires)
		if err != nil {
			return 0, fmt.Errorf("add %s and others: %w", entries[some[0]], err)
		}
		added += int(n)
	}
	return added, nil
}

// rulesAtOnce is how many entries a statement puts on a list: one by one they take twice as long.
const rulesAtOnce = 500

// besideOneAnother are the places of entries in the order in which they are put on a list: theirs,
// but of very many by target, since SQLite's indexes take neighbours one after the other soonest.
func besideOneAnother(entries []policy.Entry) []int {
	order := make([]int, len(entries))
	for i := range order {
		order[i] = i
	}
	if len(entries) > fewRules {
		slices.SortStableFunc(order, func(a, b int) int {
			return strings.Compare(entries[a].Target, entries[b].Target)
		})
	}
	return order
}

// rowsOf are the columns of some of the entries as JSON, each entry once: PostgreSQL puts no row in
// a table and changes it by the same statement.
func rowsOf(entries []policy.Entry, some []int) string {
	rows := make([][4]string, 0, len(some))
	there := make(map[[2]string]bool, len(some))
	for _, at := range some {
		e := entries[at]
		key := [2]string{e.Keyword.String(), e.Target}
		if there[key] {
			continue
		}
		there[key] = true
		rows = append(rows, [4]string{key[0], key[1], e.Text, strconv.Itoa(at)})
	}
	text, _ := json.Marshal(rows) // of strings, which always can be
	return string(text)
}
