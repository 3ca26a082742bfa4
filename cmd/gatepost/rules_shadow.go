package main

import (
	"context"
	"errors"
	"runtime/debug"

	"github.com/spf13/cobra"

	"gatepost/store"
	"gatepost/trial"
)

func newRulesShadow(a *app) *cobra.Command {
	return group("shadow", "try a change of the lists beside them, on the mail that comes",
		newShadowSet(a), newShadowShow(a), newShadowDiff(a), newShadowPromote(a), newShadowDrop(a))
}

func newShadowSet(a *app) *cobra.Command {
	t := &try{app: a}
	cmd := &cobra.Command{
		Use:   "set",
		Short: "set a change of the lists as the shadow, which decides nothing",
		Long: "Sets a change of the lists as the shadow, in the place of the one that there is. Mail is\n" +
			"decided by the lists alone; `rules shadow diff` says what the shadow would have made of\n" +
			"all that came since it was set, `promote` makes the change, `drop` forgets it.\n" +
			"--allow and --block have a file in the place of a whole list, as `rules import` reads\n" +
			"it. What is kept is what differs from the lists as they stand: when these are changed\n" +
			"later, the shadow is laid over what they have become.",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !t.listsGiven() {
				return misuse("say what to change: --allow, --block, --add or --remove")
			}
			return a.withStore(cmd.Context(), true, func(db *store.DB) error {
				return t.setShadow(cmd.Context(), db)
			})
		},
	}
	a.yesFlag(cmd)
	t.listFlags(cmd)
	return cmd
}

func (t *try) setShadow(ctx context.Context, db *store.DB) error {
	now, err := db.Policy(ctx)
	if err != nil {
		return err
	}
	then, err := t.then(now)
	if err != nil {
		return err
	}
	changes := trial.Changes(now, then)
	if len(changes) == 0 {
		return no("the lists are so already: there is nothing to try\nno shadow was set")
	}
	if err := t.editor(db).SetShadow(ctx, now.Generation, changes); err != nil {
		return err
	}
	added, removed := counted(changes)
	if t.json {
		return t.printJSON(shadowCounts{added, removed})
	}
	t.note("the shadow is set: it would put %s on the lists and take %d off; it decides nothing",
		count(added, "entry", "entries"), removed)
	t.note("what it would have done: %s", t.command("rules", "shadow", "diff"))
	return nil
}

type shadowCounts struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
}

func counted(changes []store.ShadowChange) (added, removed int) {
	for _, c := range changes {
		if c.Removed {
			removed++
		}
	}
	return len(changes) - removed, removed
}

func newShadowDiff(a *app) *cobra.Command {
	t := &try{app: a}
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "say what the shadow would have made of the mail that came since it was set",
		Long: "Says which messages would have become something else by the shadow, as `rules try` does,\n" +
			"of all that came since it was set. Of silent rejections nothing is kept: what would have\n" +
			"become of them otherwise is counted when they come, and no sender of theirs is named.",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return t.shadowDiff(cmd.Context(), db)
			})
		},
	}
	t.domainFlag(cmd)
	return cmd
}

func (t *try) shadowDiff(ctx context.Context, db *store.DB) error {
	debug.SetMemoryLimit(mostMemory)
	s, diff, err := trial.Shadow(ctx, db, 0)
	if err != nil {
		return noShadow(err)
	}
	return t.tell(diff, s.SetAt)
}

// noShadow is the answer where there is none.
func noShadow(err error) error {
	if errors.Is(err, store.ErrNoShadow) {
		return no("no shadow is set: gatepost rules shadow set")
	}
	return err
}

func newShadowPromote(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "promote",
		Short: "make the change of the lists that the shadow is",
		Long: "Makes the change that the shadow is, of both lists at once; the audit log has it as one\n" +
			"entry, which can be undone. It is refused if the lists were changed since the shadow was\n" +
			"set where it changes them: `rules shadow show` names what.",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.promote(cmd.Context(), db)
			})
		},
	}
	a.yesFlag(cmd)
	return cmd
}

func (a *app) promote(ctx context.Context, db *store.DB) error {
	s, err := db.Shadow(ctx)
	if err != nil {
		return noShadow(err)
	}
	did, err := a.editor(db).PromoteShadow(ctx, s.Number)
	if errors.Is(err, store.ErrShadowConflicts) {
		return no("%w: %s names what\nthe lists stay as they are", err,
			a.command("rules", "shadow", "show"))
	}
	if err != nil {
		return noShadow(err)
	}
	if a.json {
		return a.printJSON(shadowCounts{did.Added, did.Removed})
	}
	a.note("the shadow is promoted: %s added to the lists, %d removed",
		count(did.Added, "entry", "entries"), did.Removed)
	return nil
}

func newShadowDrop(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drop",
		Short: "forget the shadow; the lists stay as they are",
		Args:  takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.dropShadow(cmd.Context(), db)
			})
		},
	}
	a.yesFlag(cmd)
	return cmd
}

func (a *app) dropShadow(ctx context.Context, db *store.DB) error {
	s, err := db.Shadow(ctx)
	if err == nil {
		err = a.editor(db).DropShadow(ctx, s.Number)
	}
	if err != nil {
		return noShadow(err)
	}
	if a.json {
		return a.printJSON(struct {
			Dropped bool `json:"dropped"`
		}{true})
	}
	a.note("the shadow is dropped; the lists stay as they are")
	return nil
}
