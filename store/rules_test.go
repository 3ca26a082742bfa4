package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"gatepost/policy"
)

func parse(t testing.TB, list policy.ListName, text string) []policy.Entry {
	t.Helper()
	entries, err := policy.ParseList(list, text)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func (f *fixture) text(list policy.ListName) string {
	f.Helper()
	var texts []string
	for _, r := range all(f, f.Rules(context.Background(), list)) {
		texts = append(texts, r.Entry)
	}
	return strings.Join(texts, " ")
}

// What one process changes, the next message of another sees.
func TestRulesApplyAtOnce(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	server, cli := openAt(t, path), openAt(t, path)
	outcome := func() policy.Action {
		r, _ := server.receive(mail("a@acme.test", "x", ""))
		return r.Decision.Action
	}
	if got := outcome(); got != policy.Ticket {
		t.Errorf("empty lists: %s", got)
	}
	cli.rules(policy.Block, "reject:acme.test")
	if got := outcome(); got != policy.Reject {
		t.Errorf("after add: %s", got)
	}
	cli.set(policy.Block, "acme.test")
	if got := outcome(); got != policy.Suspend {
		t.Errorf("after set: %s", got)
	}
	if _, err := cli.editor().RemoveRules(ctx, policy.Block, parse(t, policy.Block, "acme.test"), ""); err != nil {
		t.Fatal(err)
	}
	if got := outcome(); got != policy.Ticket {
		t.Errorf("after remove: %s", got)
	}
}

// A policy that is older than what was forgotten of removed rules is read anew.
func TestRemovedRulesAreForgotten(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	old, other := openAt(t, path), openAt(t, path)
	other.rules(policy.Block, "acme.test", "b.test")
	old.receive(mail("a@acme.test", "x", ""))
	if _, err := other.editor().RemoveRules(ctx, policy.Block, parse(t, policy.Block, "acme.test"), ""); err != nil {
		t.Fatal(err)
	}
	unlock, err := other.Lock(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if r, _ := old.receive(mail("a@acme.test", "x", "")); r.Decision.Action != policy.Ticket {
		t.Errorf("a rule that is gone still holds: %s", r.Decision.Why())
	}
}

func TestSetRules(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	if _, err := f.editor().AddRules(ctx, policy.Block, parse(t, policy.Block, "b.test a.test"), Life{Note: "why"}); err != nil {
		t.Fatal(err)
	}
	did := f.set(policy.Block, "c.test a.test *")
	if did != (Replaced{2, 1}) || f.text(policy.Block) != "c.test a.test *" {
		t.Errorf("%+v, %q", did, f.text(policy.Block))
	}
	for _, r := range all(t, f.Rules(ctx, policy.Block)) {
		if want := map[string]string{"a.test": "why"}[r.Entry]; r.Note != want {
			t.Errorf("the note of %s is %q, want %q", r.Entry, r.Note, want)
		}
	}
	if did := f.set(policy.Block, "* c.test a.test"); did != (Replaced{}) ||
		f.text(policy.Block) != "* c.test a.test" {
		t.Errorf("put in order: %+v, %q", did, f.text(policy.Block))
	}
	if did := f.set(policy.Block, ""); did.Removed != 3 {
		t.Errorf("emptied: %+v", did)
	}
	if f.text(policy.Block) != "" {
		t.Errorf("left: %q", f.text(policy.Block))
	}
}

// set replaces a list, whatever it was.
func (f *fixture) set(list policy.ListName, text string) Replaced {
	f.Helper()
	did, err := f.editor().SetRules(context.Background(), AnyGeneration,
		NewList{list, parse(f, list, text)})
	if err != nil {
		f.Fatal(err)
	}
	return did[0]
}

// Who has seen other lists than those that stand replaces neither, but for who says what
// stands already.
func TestRulesChangedMeanwhile(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "old.test")
	generation := func() int64 {
		t.Helper()
		n, err := f.Generation(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	seen := generation()
	set := func(since int64, allow, block string) error {
		_, err := f.editor().SetRules(ctx, since, NewList{policy.Allow, parse(t, policy.Allow, allow)},
			NewList{policy.Block, parse(t, policy.Block, block)})
		return err
	}
	f.rules(policy.Block, "theirs.test")
	f.person("ann@acme.test", "", policy.EndUser) // which is no change of the lists
	before := f.audited()
	if err := set(seen, "mine.test", "old.test theirs.test"); !errors.Is(err, ErrRulesChanged) {
		t.Errorf("seen before: %v", err)
	}
	if err := set(seen, "", "old.test theirs.test"); err != nil {
		t.Errorf("what stands: %v", err)
	}
	if generation() != seen+1 || f.audited() != before || f.text(policy.Allow) != "" {
		t.Errorf("changed: at %d after %d, %s", generation(), seen, f.audited())
	}
	since := all(t, f.RulesSince(ctx, seen, 9))
	if len(since) != 1 || !strings.Contains(string(since[0].After), "theirs.test") {
		t.Errorf("meanwhile: %+v", since)
	}
	if err := set(seen+1, "mine.test", "mine.test"); err != nil || generation() != seen+2 {
		t.Errorf("seen as they stand: %v, at %d", err, generation())
	}
	if got := all(t, f.RulesSince(ctx, seen+1, 9)); len(got) != 2 {
		t.Errorf("both lists are %d changes", len(got))
	}
}

// What changes nothing is no reason to refuse others.
func TestNothingChangedIsNoGeneration(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "a.test", "b.test")
	before, err := f.Generation(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f.rules(policy.Block, "b.test")
	f.set(policy.Block, "a.test b.test")
	if after, err := f.Generation(ctx); err != nil || after != before {
		t.Errorf("at %d after %d, %v", after, before, err)
	}
	f.rules(policy.Block, "c.test")
	if r, _ := f.receive(mail("x@c.test", "x", "")); r.Decision.Action != policy.Suspend {
		t.Errorf("what came then is not seen: %s", r.Decision.Why())
	}
}

func TestAddAndRemoveRules(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	for want := 2; want >= 0; want -= 2 {
		n, err := f.editor().AddRules(ctx, policy.Allow, parse(t, policy.Allow, "a.test b@b.test"), Life{})
		if err != nil || n != want {
			t.Errorf("added %d, want %d, %v", n, want, err)
		}
	}
	missing, err := f.editor().RemoveRules(ctx, policy.Allow, parse(t, policy.Allow, "a.test gone.test"), "")
	if !errors.Is(err, ErrNotFound) || fmt.Sprint(missing) != "[gone.test]" {
		t.Errorf("missing %v, %v", missing, err)
	}
	if got := f.text(policy.Allow); got != "a.test b@b.test" {
		t.Errorf("the list is %q, though an entry was missing", got)
	}
}

// The lists say the same whether they were loaded whole or change by change.
func TestLoadedAtOnceOrChangeByChange(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	running, writing := openAt(t, path), openAt(t, path)
	steps := []func() error{
		func() error {
			_, err := writing.editor().AddRules(ctx, policy.Block, parse(t, policy.Block, "a.test reject:a.test bücher.test"), Life{})
			return err
		},
		func() error {
			_, err := writing.editor().RemoveRules(ctx, policy.Block, parse(t, policy.Block, "a.test"), "")
			return err
		},
		func() error {
			writing.set(policy.Block, "* suspend:a@a.test")
			return nil
		},
		func() error {
			_, err := writing.editor().AddRules(ctx, policy.Block, parse(t, policy.Block, "a.test xn--bcher-kva.test"), Life{})
			return err
		},
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		now, err := running.Policy(ctx)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := openAt(t, path).Policy(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range []string{"a@a.test", "b@a.test", "c@c.test", "d@bücher.test"} {
			p := policy.Profile{}
			one, two := now.Check(address(t, from), p), fresh.Check(address(t, from), p)
			if one.Action != two.Action || one.RuleText() != two.RuleText() {
				t.Errorf("step %d, %s: %s %q running, %s %q fresh", i, from,
					one.Action, one.RuleText(), two.Action, two.RuleText())
			}
		}
	}
}

// TestRulesInAnotherOrder: what takes nothing from a list is in the audit log, too, since it
// is what others who saw the list are refused for.
func TestRulesInAnotherOrder(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	for _, text := range []string{"a.test b.test", "B.test a.test"} {
		entries, err := policy.ParseList(policy.Allow, text)
		if err != nil {
			t.Fatal(err)
		}
		list := NewList{Name: policy.Allow, Entries: entries}
		if _, err := f.editor().SetRules(ctx, AnyGeneration, list); err != nil {
			t.Fatal(err)
		}
	}
	for e, err := range f.RulesSince(ctx, 1, 2) {
		if err != nil || e.Action != "rules.order" || e.Subject != "allow" || e.Undoable {
			t.Errorf("%+v, %v", e, err)
		}
		return
	}
	t.Error("nothing says that the list was changed")
}
