package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gatepost/policy"
)

// list compiles one field.
func list(t testing.TB, name policy.ListName, text string) *policy.List {
	t.Helper()
	entries, err := policy.ParseEntries(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Compile(slices.Values(entries))
}

func entry(t testing.TB, s string) policy.Entry {
	t.Helper()
	e, err := policy.ParseEntry(policy.Block, s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestWithLeavesTheListAsItWas(t *testing.T) {
	before := list(t, policy.Block, "acme.test reject:spam.test")
	after := before.With([]policy.Change{
		{Entry: entry(t, "reject:spam.test"), Removed: true},
		{Entry: entry(t, "suspend:spam.test")},
		{Entry: entry(t, "*")},
	})
	for e, want := range map[string][2]bool{
		"acme.test":         {true, true},
		"reject:spam.test":  {true, false},
		"suspend:spam.test": {false, true},
		"*":                 {false, true},
	} {
		got := [2]bool{before.Has(entry(t, e)), after.Has(entry(t, e))}
		if got != want {
			t.Errorf("%s: before and after %v, want %v", e, got, want)
		}
	}
	if before.Len() != 2 || after.Len() != 3 || before.Overlay() != 0 || after.Overlay() != 2 {
		t.Errorf("%d entries, then %d; %d over the base, then %d",
			before.Len(), after.Len(), before.Overlay(), after.Overlay())
	}
}

// TestShownAsWritten follows how one entry is shown when it is removed and added again,
// over the base and after it became one with it.
func TestShownAsWritten(t *testing.T) {
	show := func(l *policy.List) string {
		p := policy.Policy{Block: l}
		return p.Check(address(t, "ann@acme.test"), policy.Profile{}).RuleText()
	}
	l := list(t, policy.Block, "acmE.test acme.TEST")
	if got := show(l); got != "acmE.test" {
		t.Errorf("the first is shown as %q", got)
	}
	l = l.With([]policy.Change{{Entry: entry(t, "Acme.test")}})
	if got := show(l); got != "Acme.test" || l.Len() != 1 {
		t.Errorf("the one written again is shown as %q, of %d", got, l.Len())
	}
	gone := policy.Change{Entry: entry(t, "acme.test"), Removed: true}
	l = l.With([]policy.Change{gone})
	if got := show(l); got != "" {
		t.Errorf("the removed is shown as %q", got)
	}
	for _, text := range []string{"ACME.test", "acme.test"} {
		l = l.With([]policy.Change{gone, {Entry: entry(t, text)}})
		if got := show(l); got != text {
			t.Errorf("%q is shown as %q", text, got)
		}
		merged := l.With(many(t, 5000))
		if got := show(merged); got != text || merged.Overlay() != 0 {
			t.Errorf("%q is shown as %q, %d over the base", text, got, merged.Overlay())
		}
	}
}

// many are changes enough to make a new base.
func many(t testing.TB, n int) []policy.Change {
	changes := make([]policy.Change, n)
	for i := range changes {
		changes[i].Entry = entry(t, fmt.Sprintf("d%d.example", i))
	}
	return changes
}

func TestEmptyLists(t *testing.T) {
	var l *policy.List
	if l.Len() != 0 || l.Overlay() != 0 || l.Has(entry(t, "*")) {
		t.Error("the nil list has something on it")
	}
	l = l.With([]policy.Change{
		{Entry: entry(t, "acme.test"), Removed: true},
		{Entry: entry(t, "*")}, {Entry: entry(t, "*")},
	})
	if l.Len() != 1 || !l.Has(entry(t, "*")) {
		t.Errorf("%d entries", l.Len())
	}
	l = l.With([]policy.Change{{Entry: entry(t, "*"), Removed: true}})
	p := policy.Policy{Block: l}
	d := p.Check(address(t, "ann@acme.test"), policy.Profile{})
	if l.Len() != 0 || d.Action != policy.Ticket {
		t.Errorf("%d entries, %v", l.Len(), d.Action)
	}
}

// TestDeepDomains: a domain on the list counts however deep it is and the sender's is.
func TestDeepDomains(t *testing.T) {
	deep := strings.Repeat("a.", 120) + "test"
	for text, want := range map[string]string{
		"acme.test test":            "test",
		"x.y.z.example a.a.test":    "a.a.test",
		deep + " a.test":            deep,
		"b." + deep + " a.a.a.test": "a.a.a.test",
	} {
		p := policy.Policy{Block: list(t, policy.Block, text)}
		d := p.Check(address(t, "ann@"+deep), policy.Profile{})
		if d.RuleText() != want {
			t.Errorf("%q: %q decided", text, d.RuleText())
		}
	}
}
