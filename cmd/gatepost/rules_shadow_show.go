package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

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
	SetAt    time.Time      `json:"set_at"`
	SetBy    string         `json:"set_by"`
	Decided  int            `json:"decided"`
	Changed  int            `json:"changed"`
	Rejected int            `json:"rejected"` // of those changed
	Moves    []trial.Count  `json:"moves"`
	Changes  []trial.Change `json:"changes"`
}

func (a *app) showShadow(ctx context.Context, db *store.DB) error {
	s, diff, err := trial.Shadow(ctx, db, 0)
	if err != nil {
		return noShadow(err)
	}
	changes, conflicts, err := trial.ShadowChanges(ctx, db, s.Number, 0)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(shownShadow{s.SetAt, s.SetBy, diff.Decided, diff.Changed, diff.Rejected,
			diff.Moves(), changes})
	}
	words := ""
	if diff.Changed > 0 {
		words = ": " + diff.Words()
	}
	a.note("set by %s at %s; %d of %s since would have changed%s", s.SetBy, stamp(s.SetAt),
		diff.Changed, count(diff.Decided, "message", "messages"), words)
	if conflicts > 0 {
		a.note("%s with what was done to the lists since: it cannot be promoted",
			count(conflicts, "change conflicts", "changes conflict"))
	}
	return a.printShadow(changes)
}

func (a *app) printShadow(changes []trial.Change) error {
	rows := func(yield func([]string, error) bool) {
		for _, c := range changes {
			if !yield([]string{c.Do(), string(c.List), c.String(), c.Conflict}, nil) {
				return
			}
		}
	}
	return a.table([]string{"CHANGE", "LIST", "ENTRY", "CONFLICT"}, rows)
}
