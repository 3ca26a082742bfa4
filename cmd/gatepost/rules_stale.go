package main

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"gatepost/store"
)

func newRulesStale(a *app) *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use:   "stale [allow|block]",
		Short: "list entries that no mail met",
		Long: "Lists the entries that are there since before --since and decided nothing since then, the\n" +
			"oldest first; of those with reject:, the ones that never did.",
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			lists, err := listNames(args)
			if err != nil {
				return err
			}
			at, err := parseDate(a.now(), "--since", since)
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				from, err := db.HitsSince(cmd.Context())
				if err != nil {
					return err
				}
				if at.Before(from) {
					return no("--since %s: which entries decide is counted since %s only", since, stamp(from))
				}
				stale := func(yield func(listedRule, error) bool) {
					for _, list := range lists {
						for r, err := range db.StaleRules(cmd.Context(), list, at) {
							if !yield(listedRule{list, r}, err) {
								return
							}
						}
					}
				}
				return printList(a, orNone(a, stale, "mail met every entry since then"),
					[]string{"LIST", "ENTRY", "ADDED", "HITS", "LAST", "NOTE"}, a.staleCells)
			})
		},
	}
	cmd.Flags().StringVar(&since, "since", "90d", "a `date`: "+datesHelp)
	return cmd
}

func (a *app) staleCells(r listedRule) []string {
	return []string{string(r.List), r.Entry, a.when(r.CreatedAt),
		strconv.FormatInt(r.Hits.Count, 10), a.whenever(r.Last), r.Note}
}

// whenever is when something was, if it ever was.
func (a *app) whenever(t *time.Time) string {
	if t == nil {
		return ""
	}
	return a.when(*t)
}
