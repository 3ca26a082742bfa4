package policy

import (
	"slices"
	"testing"
)

// ChangesTo makes of any list any other, and nothing of the same, however they were built.
func TestChangesTo(t *testing.T) {
	list := func(text string) *List {
		entries, err := ParseList(Block, text)
		if err != nil {
			t.Fatal(err)
		}
		return Compile(slices.Values(entries))
	}
	laid := list("a.test b.test suspend:b.test").With([]Change{
		{Entry: Entry{Target: "a.test"}, Removed: true}, {Entry: Entry{Target: "ann@c.test"}}})
	for _, c := range []struct {
		from, to *List
		want     string
	}{
		{nil, nil, ""},
		{nil, list("A.test *"), "+* +A.test"},
		{list("a.test *"), nil, "-* -a.test"},
		{list("a.test"), list("A.test"), ""},
		{list("a.test b.test"), list("suspend:a.test c.test"), "-a.test +suspend:a.test -b.test +c.test"},
		{laid, list("suspend:b.test ann@c.test b.test"), ""},
		{laid, list("a.test"), "+a.test -ann@c.test -b.test -suspend:b.test"},
	} {
		changes, got := c.from.ChangesTo(c.to), ""
		for _, change := range changes {
			sign := " +"
			if change.Removed {
				sign = " -"
			}
			got += sign + change.String()
		}
		if got != "" {
			got = got[1:]
		}
		if got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if left := c.from.With(changes).ChangesTo(c.to); left != nil {
			t.Errorf("after them there is %v", left)
		}
	}
}
