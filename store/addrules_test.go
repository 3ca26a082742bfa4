package store

import (
	"fmt"
	"slices"
	"testing"

	"gatepost/policy"
)

// TestAddMany: very many entries stand in the order in which they were given, each once, and what is
// there already stays as it is.
func TestAddMany(t *testing.T) {
	f := open(t)
	f.rules(policy.Block, "d7.test")
	want := []string{"d7.test"}
	var entries []policy.Entry
	for i := range fewRules + 1 {
		e := policy.Entry{Target: fmt.Sprintf("d%d.test", i), Keyword: policy.Keyword(i % 2)}
		e.Text = e.Keyword.String() + fmt.Sprintf("D%d.test", i)
		entries = append(entries, e)
		want = append(want, e.Text)
	}
	plain := policy.Entry{Target: "d7.test", Text: "D7.test"} // d7.test, written otherwise
	added, err := f.editor().AddRules(t.Context(), policy.Block, append(entries, plain, entries[3]),
		Life{Note: "all of them"})
	if err != nil || added != len(entries) {
		t.Errorf("%d added, %v", added, err)
	}
	var got []string
	for _, r := range all(t, f.Rules(t.Context(), policy.Block)) {
		got = append(got, r.Entry)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d entries, want %d, or in another order", len(got), len(want))
	}
	change := all(t, f.RuleHistory(t.Context(), HistoryQuery{Limit: 1}))[0]
	if change.Added != len(entries) || change.Removed != 0 || change.Entries[0] != "+"+want[1] {
		t.Errorf("the history says %+v", change)
	}
}
