package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

// TestHits: each message counts for the entry that decided it, in what is committed with it; when
// one was rejected is not kept.
func TestHits(t *testing.T) {
	f := open(t)
	f.rules(policy.Block, "reject:spam.test", "junk.test", "quiet.test", "reject:never.test")
	f.rules(policy.Allow, "fine.test", "quiet.example")
	for i, from := range []string{"a@spam.test", "b@spam.test", "a@junk.test", "a@fine.test",
		"a@other.test"} {
		f.clock = noon.Add(time.Duration(i) * time.Minute)
		f.receive(mail(from, fmt.Sprint(i), ""))
	}
	var got []string
	for _, list := range []policy.ListName{policy.Block, policy.Allow} {
		for _, r := range all(t, f.Rules(t.Context(), list)) {
			last := "never"
			if r.Last != nil {
				last = r.Last.Sub(noon).String()
			}
			got = append(got, fmt.Sprint(r.Entry, " ", r.Hits.Count, " ", last))
		}
	}
	want := "reject:spam.test 2 never, junk.test 1 2m0s, quiet.test 0 never, " +
		"reject:never.test 0 never, fine.test 1 3m0s, quiet.example 0 never"
	if text := strings.Join(got, ", "); text != want {
		t.Errorf(" got %s\nwant %s", text, want)
	}
	stale := func(list policy.ListName, since time.Time) string {
		var texts []string
		for _, r := range all(t, f.StaleRules(t.Context(), list, since)) {
			texts = append(texts, r.Entry)
		}
		return strings.Join(texts, " ")
	}
	for _, c := range []struct {
		list  policy.ListName
		since time.Time
		want  string
	}{{policy.Block, noon, ""}, {policy.Block, noon.Add(time.Minute), "quiet.test reject:never.test"},
		{policy.Block, noon.Add(time.Hour), "quiet.test reject:never.test junk.test"},
		{policy.Allow, noon.Add(time.Minute), "quiet.example"}} {
		if got := stale(c.list, c.since); got != c.want {
			t.Errorf("%s since %v: %q, want %q", c.list, c.since, got, c.want)
		}
	}
	unmet := func() (texts []string) {
		for e, err := range f.IdleEntries(t.Context(), policy.Allow) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Unmet {
				texts = append(texts, e.String())
			}
		}
		return texts
	}
	f.clock = noon.Add(UnmetAfter)
	if got := unmet(); got != nil {
		t.Errorf("after 90 days: %q", got)
	}
	f.clock = noon.Add(UnmetAfter + 2*time.Minute)
	if got := unmet(); fmt.Sprint(got) != "[quiet.example]" {
		t.Errorf("unmet are %q", got)
	}
}
