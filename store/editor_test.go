package store

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"gatepost/policy"
)

// TestEntriesOfAHand: each hand knows the entries that its own changes added, whatever is
// committed together with them; what fails or changes nothing adds none.
func TestEntriesOfAHand(t *testing.T) {
	f := open(t)
	add := func(h *Editor, entry string) error {
		e, err := policy.ParseEntry(policy.Block, entry)
		if err == nil {
			_, err = h.AddRules(t.Context(), policy.Block, []policy.Entry{e}, Life{})
		}
		return err
	}
	const many = 32
	hands := make([]*Editor, many)
	var all sync.WaitGroup
	for i := range hands {
		hands[i] = f.editor()
		all.Go(func() {
			for _, entry := range []string{"a%d.test", "a%d.test", "b%d.test"} { // one changes nothing
				if err := add(hands[i], fmt.Sprintf(entry, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	seen := map[int64]bool{}
	for i, h := range hands {
		err := h.RemoveUser(t.Context(), address(t, "nobody@acme.test"))
		if !errors.Is(err, ErrNotFound) || len(h.Entries()) != 2 || !slices.IsSorted(h.Entries()) {
			t.Fatalf("hand %d: entries %v, %v", i, h.Entries(), err)
		}
		for _, id := range h.Entries() {
			e, err := f.AuditEntry(t.Context(), id)
			if err != nil || e.Action != RulesAdded || seen[id] {
				t.Errorf("hand %d: %+v, %v", i, e, err)
			}
			seen[id] = true
		}
	}
}
