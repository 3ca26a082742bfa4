package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

// fill puts entries on the blocklist that differ in all by which they can be sorted.
func (f *fixture) fill() {
	f.Helper()
	for i, text := range []string{"d.test", "suspend:a.test", "reject:c.test", "b.test", "ann@a.test",
		"xn--bcher-kva.test"} {
		f.clock = noon.Add(time.Duration(i) * time.Minute)
		life := Life{Note: []string{"spam again", "", "<b>who</b>"}[i%3]}
		if i%2 == 1 {
			end := noon.AddDate(0, 0, 10-i)
			life.ExpiresAt = &end
		}
		if _, err := f.editor().AddRules(f.Context(), policy.Block, parse(f, policy.Block, text),
			life); err != nil {
			f.Fatal(err)
		}
	}
	f.rules(policy.Allow, "other.test")
	for i, from := range []string{"x@d.test", "y@d.test", "x@a.test", "x@c.test"} {
		f.clock = noon.Add(time.Hour + time.Duration(i)*time.Minute)
		f.receive(mail(from, fmt.Sprint(i), ""))
	}
}

// listed are all entries that q selects, page by page, forward and back again.
func (f *fixture) listed(q RuleQuery, descending bool) (texts []string) {
	f.Helper()
	r := PageRequest{Size: 2, Descending: descending}
	var back []string
	for {
		p, err := f.RulePage(f.Context(), q, r)
		if err != nil {
			f.Fatal(err)
		}
		for _, l := range p.Items {
			texts = append(texts, l.Entry)
			if l.Actor != f.editor().actor.Name {
				f.Errorf("%s is by %q", l.Entry, l.Actor)
			}
		}
		if !p.HasMore {
			r.After, r.Before = "", p.First
			break
		}
		r.After = p.Last
	}
	for r.Before != "" {
		p, err := f.RulePage(f.Context(), q, r)
		if err != nil {
			f.Fatal(err)
		}
		for _, l := range slices.Backward(p.Items) {
			back = append(back, l.Entry)
		}
		if r.Before = p.First; !p.HasPrevious {
			break
		}
	}
	slices.Reverse(back)
	if n := len(back); !slices.Equal(back, texts[:n]) {
		f.Errorf("%+v: back %q, forward %q", q, back, texts)
	}
	return texts
}

// TestRulePage: each order and each filter, page by page.
func TestRulePage(t *testing.T) {
	f := open(t)
	f.fill()
	for _, c := range []struct {
		query string // sort, search, keyword, state
		want  string
	}{
		{"entry", "suspend:a.test ann@a.test b.test reject:c.test d.test xn--bcher-kva.test"},
		{"nonsense", "suspend:a.test ann@a.test b.test reject:c.test d.test xn--bcher-kva.test"},
		{"added", "d.test suspend:a.test reject:c.test b.test ann@a.test xn--bcher-kva.test"},
		{"expires", "xn--bcher-kva.test b.test suspend:a.test"},
		{"hits", "suspend:a.test reject:c.test d.test"},
		{"last", "d.test suspend:a.test"},
		{"entry,@a.test", "ann@a.test"},
		{"added,again", "d.test b.test"},
		{"entry,%", ""},
		{"entry,,suspend", "suspend:a.test"},
		{"entry,,reject", "reject:c.test"},
		{"entry,test,plain", "ann@a.test b.test d.test xn--bcher-kva.test"},
		{"entry,,,ends", "suspend:a.test b.test xn--bcher-kva.test"},
		{"entry,,,expired", ""},
		{"entry,,,unmet", ""},
	} {
		words := append(strings.Split(c.query, ","), "", "", "")
		q := RuleQuery{List: policy.Block, Sort: words[0], Search: words[1], Keyword: words[2],
			State: words[3]}
		if got := strings.Join(f.listed(q, false), " "); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.query, got, c.want)
		}
		back := f.listed(q, true)
		slices.Reverse(back)
		if got := strings.Join(back, " "); got != c.want {
			t.Errorf("%s descending: %s", c.query, got)
		}
	}
	f.clock = noon.Add(UnmetAfter + 48*time.Hour)
	for state, want := range map[string]string{"expired": "suspend:a.test b.test xn--bcher-kva.test",
		"ends":  "",
		"unmet": "suspend:a.test ann@a.test b.test d.test xn--bcher-kva.test"} {
		got := f.listed(RuleQuery{List: policy.Block, State: state}, false)
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s later: %s", state, text)
		}
	}
	for _, cursor := range []string{"x", "e30", "eyJzIjoiaGl0cyIsImkiOjF9"} { // that of another order
		_, err := f.RulePage(t.Context(), RuleQuery{List: policy.Block}, PageRequest{After: cursor})
		if !errors.Is(err, ErrCursor) {
			t.Errorf("cursor %s: %v", cursor, err)
		}
	}
}

// TestSetLife: an entry has another note and time, keeps its age, and has both again as they were by
// one revert.
func TestSetLife(t *testing.T) {
	f := open(t)
	f.fill()
	h, entry := f.editor(), parse(t, policy.Block, "suspend:a.test")[0]
	stood, before := f.standing(), generationOf(t, f)
	made := f.rule(entry.Text).CreatedAt
	past := noon
	err := h.SetLife(t.Context(), policy.Block, entry, NewLife{Life: Life{ExpiresAt: &past}})
	if !errors.Is(err, ErrOver) {
		t.Errorf("over already: %v", err)
	}
	err = h.SetLife(t.Context(), policy.Block, parse(t, policy.Block, "gone.test")[0], NewLife{})
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("of none: %v", err)
	}
	err = h.SetLife(t.Context(), policy.Block, entry, NewLife{KeepTime: true})
	if err != nil || generationOf(t, f) != before {
		t.Errorf("as it is: %v, generation %d", err, generationOf(t, f))
	}
	err = h.SetLife(t.Context(), policy.Block, entry, NewLife{Life: Life{Note: "why"}, KeepTime: true})
	if err != nil {
		t.Fatal(err)
	}
	r := f.rule(entry.Text)
	if r.Note != "why" || r.ExpiresAt == nil || r.CreatedAt != made {
		t.Errorf("it is %+v", r)
	}
	if err := h.SetLife(t.Context(), policy.Block, entry, NewLife{}); err != nil {
		t.Fatal(err)
	}
	if r := f.rule(entry.Text); r.Note != "" || r.ExpiresAt != nil {
		t.Errorf("it is %+v", r)
	}
	if _, err := h.RevertRules(t.Context(), before, before); !errors.Is(err, ErrRulesChanged) {
		t.Errorf("who saw it before: %v", err)
	}
	_, err = h.RevertRules(t.Context(), before, generationOf(t, f))
	if err != nil || !slices.Equal(f.standing(), stood) {
		t.Errorf("reverted: %v, %q", err, f.standing())
	}
}

// TestWhyRemoved: the note of a removal is in the history.
func TestWhyRemoved(t *testing.T) {
	f := open(t)
	f.rules(policy.Block, "a.test", "b.test")
	_, err := f.editor().RemoveRules(t.Context(), policy.Block, parse(t, policy.Block, "a.test"),
		"they said sorry")
	if err != nil {
		t.Fatal(err)
	}
	newest := all(t, f.RuleHistory(t.Context(), HistoryQuery{Limit: 1}))[0]
	if !slices.Equal(newest.Notes, []string{"they said sorry"}) || newest.Removed != 1 {
		t.Errorf("%+v", newest)
	}
	older := all(t, f.RuleHistory(t.Context(), HistoryQuery{Before: newest.Audit}))
	if len(older) != 1 || older[0].Added != 2 {
		t.Errorf("%+v", older)
	}
}

func (f *fixture) rule(entry string) Rule {
	f.Helper()
	for _, r := range all(f, f.Rules(f.Context(), policy.Block)) {
		if r.Entry == entry {
			return r
		}
	}
	f.Fatalf("%s is not there", entry)
	return Rule{}
}
