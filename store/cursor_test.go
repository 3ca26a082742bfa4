package store

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"gatepost/policy"
)

// FuzzCursor: any text is a cursor of the list in its order, or refused as none; and what a page
// gives as its cursors are some.
func FuzzCursor(f *testing.F) {
	for _, c := range []cursor{{}, {Sort: "author", Key: "a@acme.test", ID: 2}, {Sort: "subject", ID: -1},
		{Sort: "cause", Key: "\x00'", ID: 1 << 62}} {
		f.Add(c.String(), true)
	}
	f.Add("", false)
	f.Add("e30", true)
	f.Add("bnVsbA", false)
	db := cursorFixture(f)
	f.Fuzz(func(t *testing.T, text string, before bool) {
		for _, order := range orders {
			r := PageRequest{Size: 2, After: text}
			if before {
				r = PageRequest{Size: 2, Before: text}
			}
			p, err := db.SuspendedPage(context.Background(), Query{Sort: order}, r)
			if errors.Is(err, ErrCursor) {
				continue
			}
			if err != nil {
				t.Errorf("%q in order %q: %v", text, order, err)
				continue
			}
			for _, c := range []string{p.First, p.Last} {
				_, err := db.SuspendedPage(context.Background(), Query{Sort: order},
					PageRequest{Size: 2, After: c})
				if err != nil {
					t.Errorf("%q in order %q gives %q: %v", text, order, c, err)
				}
			}
		}
	})
}

// cursorFixture holds five messages.
func cursorFixture(f *testing.F) *fixture {
	db, err := Open(at(f, filepath.Join(f.TempDir(), "gatepost.db")), Options{Create: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	x := &fixture{DB: db, clock: noon}
	entries, err := policy.ParseList(policy.Block, "*")
	if err == nil {
		_, err = x.editor().AddRules(context.Background(), policy.Block, entries, Life{})
	}
	for i := 0; i < 5 && err == nil; i++ {
		_, _, err = x.tryReceive(mail(string(rune('a'+i))+"@acme.test", "hello", "x"))
	}
	if err != nil {
		f.Fatal(err)
	}
	return x
}
