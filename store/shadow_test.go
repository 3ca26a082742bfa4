package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"gatepost/policy"
)

func shadowChange(t *testing.T, list policy.ListName, text string, removed bool) ShadowChange {
	t.Helper()
	e, err := policy.ParseEntry(list, text)
	if err != nil {
		t.Fatal(err)
	}
	return ShadowChange{list, policy.Change{Entry: e, Removed: removed}}
}

// shadow sets one, and gives its number.
func (f *fixture) setShadow(changes ...ShadowChange) int64 {
	f.Helper()
	generation, err := f.Generation(context.Background())
	if err == nil {
		err = f.By(Server()).SetShadow(context.Background(), generation, changes)
	}
	if err != nil {
		f.Fatal(err)
	}
	s, err := f.Shadow(context.Background())
	if err != nil {
		f.Fatal(err)
	}
	return s.Number
}

// besideAt reports whether the shadow allows ann, and its number.
func (f *fixture) besideAt() string {
	f.Helper()
	p, err := f.Policy(context.Background())
	if err != nil {
		f.Fatal(err)
	}
	then, number, err := f.Beside(context.Background(), p)
	if err != nil {
		f.Fatal(err)
	}
	if then == nil {
		return fmt.Sprint(number)
	}
	return fmt.Sprint(number, then.Allow.Len(), then.Block.Len())
}

// Another process sees at once that a shadow is set, set anew and dropped, and what the lists
// below it become.
func TestShadowOfAnotherProcess(t *testing.T) {
	f := open(t)
	f.set(policy.Block, "acme.test spam.test")
	other := openAt(t, f.path)
	wants := func(when, want string) {
		t.Helper()
		if got := other.besideAt(); got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	wants("before", "0")
	f.setShadow(shadowChange(t, policy.Allow, "ann@acme.test", false),
		shadowChange(t, policy.Block, "acme.test", true))
	wants("set", "1 1 1")
	f.rules(policy.Block, "more.test")
	wants("more on the list", "1 1 2")
	number := f.setShadow(shadowChange(t, policy.Block, "acme.test", true))
	wants("set anew", "2 0 2")
	if err := f.By(Server()).DropShadow(context.Background(), 1); !errors.Is(err, ErrNoShadow) {
		t.Errorf("the first one: %v", err)
	}
	wants("still", "2 0 2")
	if err := f.By(Server()).DropShadow(context.Background(), number); err != nil {
		t.Error(err)
	}
	wants("dropped", "0")
}

// What is counted of rejected mail is that of the shadow which is set, and of none before it.
func TestShadowCountsItsOwn(t *testing.T) {
	f := open(t)
	f.rules(policy.Block, "reject:spam.test")
	first := f.setShadow(shadowChange(t, policy.Block, "reject:spam.test", true))
	reject := func(number int64) {
		f.receive(mail("eve@spam.test", "junk", "x"), func(r *Record) {
			r.Shadowed = Shadowed{Number: number, Action: policy.Suspend, Cause: policy.Blank}
		})
	}
	wants := func(when string, number, rejected int64, want ...ShadowRejection) {
		t.Helper()
		s, err := f.Shadow(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var got []ShadowRejection
		for r, err := range f.ShadowRejections(context.Background(), number) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r)
		}
		if s.Rejected != rejected || !slices.Equal(got, want) {
			t.Errorf("%s: %d rejected, %v; want %d, %v", when, s.Rejected, got, rejected, want)
		}
	}
	reject(first)
	reject(0)
	reject(first)
	wants("first", first, 3, ShadowRejection{policy.Suspend, policy.Blank, 2})
	second := f.setShadow(shadowChange(t, policy.Block, "reject:spam.test", true))
	reject(first) // decided before the second was set
	wants("second", second, 1)
	wants("no more of the first", first, 1)
	reject(second)
	wants("its own", second, 2, ShadowRejection{policy.Suspend, policy.Blank, 1})
}

// What was made of the targets of a shadow since it was set is a conflict, unless it is what the
// shadow would make too; a server that starts does not forget it.
func TestShadowConflicts(t *testing.T) {
	remove := func(list policy.ListName, text string) func(*fixture) {
		return func(f *fixture) {
			_, err := f.editor().RemoveRules(context.Background(), list, parse(f.T, list, text), "")
			if err != nil {
				f.Fatal(err)
			}
		}
	}
	add := func(list policy.ListName, text string) func(*fixture) {
		return func(f *fixture) { f.rules(list, text) }
	}
	for name, c := range map[string]struct {
		since []func(*fixture)
		want  string
	}{
		"nothing":                   {nil, ""},
		"another domain":            {[]func(*fixture){add(policy.Block, "other.test")}, ""},
		"what it would remove goes": {[]func(*fixture){remove(policy.Block, "acme.test")}, ""},
		"what it would add comes":   {[]func(*fixture){add(policy.Block, "new.test")}, ""},
		"another order":             {[]func(*fixture){func(f *fixture) { f.set(policy.Block, "spam.test acme.test") }}, ""},
		"removed, and back": {[]func(*fixture){remove(policy.Block, "acme.test"),
			add(policy.Block, "acme.test")}, "acme.test was put on the blocklist since"},
		"added, and gone": {[]func(*fixture){add(policy.Block, "new.test"),
			remove(policy.Block, "new.test")}, "new.test was taken off the blocklist since"},
		"with a keyword":  {[]func(*fixture){add(policy.Block, "suspend:new.test")}, "suspend:new.test was put on the blocklist since"},
		"on another list": {[]func(*fixture){add(policy.Allow, "new.test")}, "new.test was put on the allowlist since"},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t)
			f.set(policy.Block, "acme.test spam.test")
			number := f.setShadow(shadowChange(t, policy.Block, "acme.test", true),
				shadowChange(t, policy.Block, "new.test", false))
			for _, do := range c.since {
				do(f)
			}
			unlock, err := f.Lock(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer unlock()
			var got string
			for c, err := range f.ShadowConflicts(context.Background()) {
				if err != nil {
					t.Fatal(err)
				}
				got += c.Words()
			}
			_, err = f.By(Server()).PromoteShadow(context.Background(), number)
			if got != c.want || errors.Is(err, ErrShadowConflicts) != (c.want != "") {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
			f.historyCounts()
		})
	}
}
