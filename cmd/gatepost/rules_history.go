package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/policy"
	"gatepost/store"
)

func newRulesHistory(a *app) *cobra.Command {
	var q store.HistoryQuery
	var entry string
	cmd := &cobra.Command{
		Use:   "history [allow|block]",
		Short: "list the changes of the lists: who made them, when and why",
		Long: "Lists the changes of the lists, the newest first, each with the generation that it made:\n" +
			"`rules diff` and `rules revert` take that. Why is the note of the entries that came, or\n" +
			"what `rules remove --note` said.",
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if len(args) > 0 {
				if q.List, err = listName(args[0]); err != nil {
					return err
				}
			}
			if q.Limit < 0 {
				return misuse("--limit %d is below 0: leave it out for all", q.Limit)
			}
			if entry != "" {
				e, err := policy.ParseEntry(policy.Block, entry)
				if err != nil {
					return misuse("--entry: %v", err)
				}
				q.Target = e.Target
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				changes := orNone(a, db.RuleHistory(cmd.Context(), q),
					"nothing was changed yet")
				headers := []string{"GENERATION", "AGE", "WHO", "BY", "ACTION", "LIST", "CHANGE", "WHY",
					"UNDO"}
				return printList(a, changes, headers, a.historyCells)
			})
		},
	}
	cmd.Flags().IntVar(&q.Limit, "limit", 0, "at most this many; 0 is all")
	cmd.Flags().StringVar(&entry, "entry", "", "only changes of this address or domain")
	return cmd
}

func (a *app) historyCells(c store.RuleChange) []string {
	shown := c.Entries[:min(len(c.Entries), entriesShown)]
	words := strings.Join(shown, " ")
	if more := c.Added + c.Removed - len(shown); more > 0 {
		words += fmt.Sprintf(" and %d more", more)
	}
	undo := a.command("audit", "undo", strconv.FormatInt(c.Audit, 10))
	if c.UndoneBy != nil {
		undo = fmt.Sprintf("undone by %d", *c.UndoneBy)
	}
	return []string{strconv.FormatInt(c.Generation, 10), a.when(c.At), c.Actor, c.Via,
		string(c.Action), string(c.List), words, strings.Join(c.Notes, "; "), undo}
}

func newRulesDiff(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "diff GENERATION [GENERATION]",
		Short: "say what became of the lists from one generation to another, or to now",
		Long: "Says which entries the second generation has and the first has not, with + in front, and\n" +
			"the other way round, with -; one whose note or time is another is both. Without a second\n" +
			"it is what stands. `rules history` lists the generations.",
		Args: takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var bounds [2]int64
			for i, arg := range args {
				var err error
				if bounds[i], err = parseGeneration(arg); err != nil {
					return err
				}
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) (err error) {
				if len(args) < 2 {
					if bounds[1], err = db.Generation(cmd.Context()); err != nil {
						return err
					}
				}
				return a.printDiff(cmd.Context(), db, bounds[0], bounds[1])
			})
		},
	}
}

func parseGeneration(s string) (int64, error) {
	generation, err := strconv.ParseInt(s, 10, 64)
	if err != nil || generation < 0 {
		return 0, misuse("%q is no generation: they are whole numbers, as `rules history` shows them", s)
	}
	return generation, nil
}

func (a *app) printDiff(ctx context.Context, db *store.DB, from, to int64) error {
	lines := orNone(a, db.RuleDiff(ctx, from, to), "the lists are the same")
	err := printList(a, lines, []string{"LIST", "ENTRY", "NOTE", "EXPIRES"},
		func(d store.RuleDifference) []string {
			sign, expires := "-", ""
			if d.Added {
				sign = "+"
			}
			if d.ExpiresAt != nil {
				expires = stamp(*d.ExpiresAt)
			}
			return []string{string(d.List), sign + d.Entry, d.Note, expires}
		})
	return noGeneration(err)
}

// noGeneration says where the generations are.
func noGeneration(err error) error {
	if errors.Is(err, store.ErrNoGeneration) {
		return no("%w: `rules history` shows them", err)
	}
	return err
}

func newRulesRevert(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revert GENERATION",
		Short: "make both lists what they were at a generation",
		Long: "Makes both lists what they were at a generation, with the notes and times of their\n" +
			"entries, but not in their order; organisations stay as they are. `rules diff GENERATION`\n" +
			"says what that is. To undo it, revert to the generation before it.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			generation, err := parseGeneration(args[0])
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.revert(cmd.Context(), db, generation)
			})
		},
	}
	a.yesFlag(cmd)
	return cmd
}

func (a *app) revert(ctx context.Context, db *store.DB, generation int64) error {
	before, err := db.Generation(ctx)
	if err != nil {
		return err
	}
	did, err := a.editor(db).RevertRules(ctx, generation, store.AnyGeneration)
	if err != nil {
		return noGeneration(err)
	}
	allow, block := did[policy.Allow], did[policy.Block]
	if a.json {
		return a.printJSON(struct {
			Before int64           `json:"before"` // the generation that undoes it
			Allow  revertedEntries `json:"allow"`
			Block  revertedEntries `json:"block"`
		}{before, revertedEntries(allow), revertedEntries(block)})
	}
	if allow == (store.Replaced{}) && block == allow {
		a.note("the lists are as they were at generation %d: nothing was changed", generation)
		return nil
	}
	for _, list := range []policy.ListName{policy.Allow, policy.Block} {
		a.note("the %slist is as at generation %d: %d added, %d removed", list, generation,
			did[list].Added, did[list].Removed)
	}
	a.note("to undo it: %s", a.command("rules", "revert", strconv.FormatInt(before, 10)))
	return nil
}

type revertedEntries struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
}
