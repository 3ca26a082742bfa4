package store

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

func (f *fixture) addUntil(list policy.ListName, entries string, until time.Time) error {
	_, err := f.editor().AddRules(f.Context(), list, parse(f, list, entries),
		Life{Note: "for now", ExpiresAt: &until})
	return err
}

// TestEntriesEnd: an entry decides up to its time and nothing from then on, in a process that has
// the lists already and in one that reads them whole, though nobody changes anything; it stays on
// the list, and counts again once it is added again.
func TestEntriesEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	server, cli := openAt(t, path), openAt(t, path)
	outcome := func(f *fixture, at time.Time) policy.Action {
		t.Helper()
		f.clock = at
		r, _ := f.receive(mail("a@acme.test", "x", at.String()))
		return r.Decision.Action
	}
	wants := func(at time.Time, want policy.Action) {
		t.Helper()
		if got := outcome(server, at); got != want {
			t.Errorf("%v: %v, want %v", at, got, want)
		}
		whole := openAt(t, path)
		if got := outcome(whole, at); got != want {
			t.Errorf("%v, read whole: %v, want %v", at, got, want)
		}
	}
	end := noon.Add(time.Hour)
	wants(noon, policy.Ticket)
	if err := cli.addUntil(policy.Block, "acme.test", end); err != nil {
		t.Fatal(err)
	}
	if err := cli.addUntil(policy.Block, "suspend:other.test", end.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	generation := generationOf(t, server)
	wants(end.Add(-time.Millisecond), policy.Suspend)
	wants(end, policy.Ticket)
	if got := generationOf(t, server); got != generation {
		t.Errorf("the lists are of generation %d, were of %d", got, generation)
	}
	if got := outcome(server, end.Add(-time.Minute)); got != policy.Ticket {
		t.Errorf("the clock was turned back: %v", got)
	}
	server.clock, cli.clock = end.Add(time.Minute), end.Add(time.Minute)
	rules := all(t, server.Rules(t.Context(), policy.Block))
	if len(rules) != 2 || !rules[0].Expired || rules[1].Expired || !rules[0].ExpiresAt.Equal(end) {
		t.Errorf("%+v", rules)
	}
	if err := cli.addUntil(policy.Block, "acme.test", end); !errors.Is(err, ErrOver) {
		t.Errorf("into the past: %v", err)
	}
	cli.rules(policy.Block, "acme.test")
	wants(end.Add(time.Minute), policy.Suspend)
	if r := all(t, server.Rules(t.Context(), policy.Block))[1]; r.ExpiresAt != nil || r.Note != "" {
		t.Errorf("added again: %+v", r)
	}
}

func generationOf(t *testing.T, f *fixture) int64 {
	t.Helper()
	generation, err := f.Generation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return generation
}

// TestEndsStay: what is set again and what is undone keeps its time.
func TestEndsStay(t *testing.T) {
	f := open(t)
	h := f.editor()
	end := noon.Add(time.Hour)
	if err := f.addUntil(policy.Block, "a.test", end); err != nil {
		t.Fatal(err)
	}
	stays := func(after string) {
		t.Helper()
		r := all(t, f.Rules(t.Context(), policy.Block))
		if len(r) == 0 || r[0].Entry != "a.test" || r[0].ExpiresAt == nil || !r[0].ExpiresAt.Equal(end) {
			t.Errorf("%s: %+v", after, r)
		}
	}
	f.set(policy.Block, "a.test b.test")
	stays("set")
	if _, err := h.RemoveRules(t.Context(), policy.Block, parse(t, policy.Block, "a.test b.test"), ""); err != nil {
		t.Fatal(err)
	}
	if err := h.Undo(t.Context(), h.Entries()[0]); err != nil {
		t.Fatal(err)
	}
	stays("undone")
}

// TestEndsAreNoted: the audit log says once which entries ended.
func TestEndsAreNoted(t *testing.T) {
	f := open(t)
	if err := f.addUntil(policy.Block, "a.test b.test", noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := f.addUntil(policy.Allow, "c.test", noon.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	said := func(at time.Time) (words []string) {
		t.Helper()
		f.clock = at
		if _, err := f.Purge(t.Context(), Expiry{By: Server()}); err != nil {
			t.Fatal(err)
		}
		for _, e := range all(t, f.AuditLog(t.Context(), AuditQuery{})) {
			if e.Action == RulesExpired {
				words = append(words, e.Actor+" "+e.Subject+" "+string(e.Before))
			}
		}
		return words
	}
	one := `gatepost block {"count":2,"entries":["a.test","b.test"]}`
	other := `gatepost allow {"count":1,"entries":["c.test"]}`
	for _, step := range []struct {
		at   time.Duration
		want []string
	}{{0, nil}, {time.Hour, []string{one}}, {90 * time.Minute, []string{one}},
		{3 * time.Hour, []string{other, one}}} {
		got := said(noon.Add(step.at))
		if strings.Join(got, "\n") != strings.Join(step.want, "\n") {
			t.Errorf("after %v: %q", step.at, got)
		}
	}
}
