package store

import (
	"encoding/json"
	"testing"
)

// FuzzJSON: a text of a message is kept as encoding/json would have it, whatever is in it.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{"", "no entry matches", "readable\none From address", "\n", "a\n\nb\n",
		`"Ann" <ann@acme.test> & \`, "tab\t, NUL \x00, DEL \x7f", "é 🎉\u2028\u2029", "\xff\xed\xa0\x80",
		"\n<"} {
		f.Add(s, "x")
		f.Add("x", s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, list := range [][]string{{}, {a}, {a, b}} {
			want, err := json.Marshal(list)
			if got := jsonList(list); err != nil || got != string(want) {
				t.Errorf("%q is kept as %s, want %s (%v)", list, got, want, err)
			}
		}
	})
}
