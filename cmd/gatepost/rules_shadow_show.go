package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"gatepost/policy"
	"gatepost/store"
	"gatepost/trial"
)

func newShadowShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "print the change of the lists that the shadow is, and what it came to so far",
		Args:  takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.showShadow(cmd.Context(), db)
			})
		},
	}
}

// A shownShadow is what `rules shadow show --json` prints.
type shownShadow struct {
	SetAt    time.Time     `json:"set_at"`
	SetBy    string        `json:"set_by"`
	Decided  int           `json:"decided"`
	Changed  int           `json:"changed"`
	Rejected int           `json:"rejected"` // of those changed
	Moves    []trial.Count `json:"moves"`
	Changes  []shownChange `json:"changes"`
}

// A shownChange is one change of a list. Conflict is what somebody did since that is at odds
// with it, in words, or "".
type shownChange struct {
	List     policy.ListName `json:"list"`
	Change   string          `json:"change"` // add or remove
	Entry    string          `json:"entry"`
	Conflict string          `json:"conflict"`
}

func (a *app) showShadow(ctx context.Context, db *store.DB) error {
	s, diff, err := trial.Shadow(ctx, db)
	if err != nil {
		return noShadow(err)
	}
	conflicts := map[store.ShadowChange]string{}
	for c, err := range db.ShadowConflicts(ctx) {
		if err != nil {
			return err
		}
		conflicts[c.Shadow] = c.Words()
	}
	shown := shownShadow{s.SetAt, s.SetBy, diff.Decided, diff.Changed, diff.Rejected, diff.Moves(), nil}
	for c, err := range db.ShadowChanges(ctx, s.Number) {
		if err != nil {
			return err
		}
		line := shownChange{c.List, "add", c.String(), conflicts[c]}
		if c.Removed {
			line.Change = "remove"
		}
		shown.Changes = append(shown.Changes, line)
	}
	if a.json {
		return a.printJSON(shown)
	}
	words := ""
	if diff.Changed > 0 {
		words = ": " + diff.Words()
	}
	a.note("set by %s at %s; %d of %s since would have changed%s", s.SetBy, stamp(s.SetAt),
		diff.Changed, count(diff.Decided, "message", "messages"), words)
	if len(conflicts) > 0 {
		a.note("%s with what was done to the lists since: it cannot be promoted",
			count(len(conflicts), "change conflicts", "changes conflict"))
	}
	return a.printShadow(shown.Changes)
}

func (a *app) printShadow(changes []shownChange) error {
	rows := func(yield func([]string, error) bool) {
		for _, c := range changes {
			if !yield([]string{c.Change, string(c.List), c.Entry, c.Conflict}, nil) {
				return
			}
		}
	}
	return a.table([]string{"CHANGE", "LIST", "ENTRY", "CONFLICT"}, rows)
}
