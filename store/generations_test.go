package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

// standing are both lists with the notes and times of their entries, in no order.
func (f *fixture) standing() []string {
	f.Helper()
	var texts []string
	for _, list := range []policy.ListName{policy.Allow, policy.Block} {
		for _, r := range all(f, f.Rules(f.Context(), list)) {
			texts = append(texts, fmt.Sprint(list, " ", r.Entry, " ", r.Note, " ", r.ExpiresAt))
		}
	}
	slices.Sort(texts)
	return texts
}

// changeAny makes any change of the lists, an undo among them.
func (f *fixture) changeAny(h *Editor) {
	f.Helper()
	f.clock = f.clock.Add(time.Second)
	list := []policy.ListName{policy.Allow, policy.Block}[rand.IntN(2)]
	var some []string
	for _, e := range []string{"a.test", "b.test", "c.test", "ann@a.test"} {
		if rand.IntN(2) == 0 {
			some = append(some, e)
		}
	}
	entries := parse(f, list, strings.Join(some, " "))
	var err error
	switch rand.IntN(5) {
	case 4:
		if len(entries) > 0 {
			err = h.SetLife(f.Context(), list, entries[0], NewLife{
				Life: Life{Note: fmt.Sprint(rand.IntN(3))}, KeepTime: rand.IntN(2) == 0})
		}
	case 0:
		end := noon.AddDate(0, 0, 1+rand.IntN(3))
		_, err = h.AddRules(f.Context(), list, entries,
			Life{Note: fmt.Sprint(rand.IntN(3)), ExpiresAt: &end})
	case 1:
		_, err = h.RemoveRules(f.Context(), list, entries, "")
	case 2:
		_, err = h.SetRules(f.Context(), AnyGeneration, NewList{list, entries})
	default:
		if made := h.Entries(); len(made) > 0 {
			err = h.Undo(f.Context(), made[len(made)-1])
		}
	}
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrCannotUndo) {
		f.Fatal(err)
	}
}

// TestRevert: whatever was done to the lists, they become again what they were at any generation,
// and what a difference says leads from one to the other.
func TestRevert(t *testing.T) {
	f := open(t)
	h := f.editor()
	was := map[int64][]string{0: nil}
	for range 40 {
		f.changeAny(h)
		was[generationOf(t, f)] = f.standing()
	}
	f.historyCounts()
	stood := f.standing()
	for generation, want := range was {
		before := generationOf(t, f)
		differs := all(t, f.RuleDiff(t.Context(), before, generation))
		did, err := h.RevertRules(t.Context(), generation, AnyGeneration)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.standing(); !slices.Equal(got, want) {
			t.Errorf("generation %d: %q\nwant %q", generation, got, want)
		}
		n := 0
		for _, r := range did {
			n += r.Added + r.Removed
		}
		if n != len(differs) {
			t.Errorf("generation %d: %v changed, but the difference is %+v", generation, did, differs)
		}
		for _, d := range differs {
			stands := fmt.Sprint(d.List, " ", d.Entry, " ", d.Note, " ", d.ExpiresAt)
			if d.Added != slices.Contains(want, stands) {
				t.Errorf("generation %d: %+v", generation, d)
			}
		}
	}
	last := slices.Max(generations(was))
	if _, err := h.RevertRules(t.Context(), last, AnyGeneration); err != nil || !slices.Equal(f.standing(), stood) {
		t.Errorf("back to %d: %q, %v", last, f.standing(), err)
	}
	if _, err := h.RevertRules(t.Context(), 1<<40, AnyGeneration); !errors.Is(err, ErrNoGeneration) {
		t.Errorf("to come: %v", err)
	}
}

// historyCounts: of each change the history says as many entries as are kept of it.
func (f *fixture) historyCounts() {
	f.Helper()
	count := func(c RuleChange, added bool) int {
		n, err := one(f.Context(), f.DB, scanCount, `select count(*) from audit_rules
			where audit = $1 and list = $2 and added = $3`, c.Audit, string(c.List), added)
		if err != nil {
			f.Fatal(err)
		}
		return int(n)
	}
	for _, c := range all(f, f.RuleHistory(f.Context(), HistoryQuery{})) {
		if c.All() == 0 || c.Added != count(c, true) || c.Removed != count(c, false) {
			f.Errorf("%+v: %d added and %d removed are kept", c, count(c, true), count(c, false))
		}
	}
}

func generations(was map[int64][]string) (all []int64) {
	for g := range was {
		all = append(all, g)
	}
	return all
}

// What changes nothing makes no generation: the history would not know of it.
func TestNothingChanged(t *testing.T) {
	f := open(t)
	h := f.editor()
	for what, change := range map[string]func() error{
		"added": func() error {
			_, err := h.AddRules(t.Context(), policy.Block, nil, Life{})
			return err
		},
		"removed": func() error {
			_, err := h.RemoveRules(t.Context(), policy.Block, nil, "")
			return err
		},
		"set": func() error {
			_, err := h.SetRules(t.Context(), AnyGeneration, NewList{policy.Block, nil})
			return err
		},
	} {
		before := generationOf(t, f)
		if err := change(); err != nil || generationOf(t, f) != before {
			t.Errorf("nothing %s: generation %d after %d, %v", what, generationOf(t, f), before, err)
		}
	}
}

// TestRevertIsUndone as any other change is, what was put back first.
func TestRevertIsUndone(t *testing.T) {
	f := open(t)
	f.rules(policy.Block, "a.test", "b.test")
	f.set(policy.Block, "c.test")
	stood, h := f.standing(), f.editor()
	if _, err := h.RevertRules(t.Context(), 1, AnyGeneration); err != nil {
		t.Fatal(err)
	}
	if got := f.text(policy.Block); got != "a.test b.test" {
		t.Fatalf("the blocklist is %q", got)
	}
	for _, id := range slices.Backward(h.Entries()) {
		if err := h.Undo(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.standing(); !slices.Equal(got, stood) {
		t.Errorf("undone: %q, was %q", got, stood)
	}
}

func TestRuleHistory(t *testing.T) {
	f := open(t)
	_, err := f.editor().AddRules(t.Context(), policy.Block, parse(t, policy.Block, "a.test b.test"),
		Life{Note: "since May"})
	if err != nil {
		t.Fatal(err)
	}
	f.set(policy.Allow, "c.test")
	f.set(policy.Block, "b.test")
	said := func(list policy.ListName, target string, limit int) (words []string) {
		for _, c := range all(t, f.RuleHistory(t.Context(), HistoryQuery{List: list, Target: target, Limit: limit})) {
			words = append(words, fmt.Sprintf("%d %s %s %s %s", c.Generation, c.List, c.Action, c.Entries, c.Notes))
		}
		return words
	}
	one, two, three := "1 block rules.add [+a.test +b.test] [since May]",
		"2 allow rules.set [+c.test] []", "3 block rules.set [-a.test] []"
	for _, c := range []struct {
		list   policy.ListName
		target string
		limit  int
		want   []string
	}{{"", "", 0, []string{three, two, one}}, {policy.Block, "", 0, []string{three, one}},
		{"", "b.test", 0, []string{one}}, {"", "", 1, []string{three}}} {
		if got := said(c.list, c.target, c.limit); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
