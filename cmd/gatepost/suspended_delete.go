package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/store"
	"gatepost/terminal"
)

func newSuspendedDelete(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete ID…|-",
		Short: "delete held messages; for suspended.undelete they can be restored",
		Args:  takes(1, -1),
		RunE:  a.withIDs(a.deleteSuspended),
	}
	a.yesFlag(cmd)
	return cmd
}

// deleteSuspended looks first, so that nobody is asked about what is not there.
func (a *app) deleteSuspended(ctx context.Context, db *store.DB, ids []int64) error {
	doomed, err := heldLines(ctx, db, ids)
	if err != nil {
		return err
	}
	what := "delete " + count(len(ids), "held message", "held messages")
	if db.DeletedKept() == 0 {
		what += " for good"
	}
	if err := a.confirm(what, doomed...); err != nil {
		return err
	}
	missing, err := a.editor(db).DeleteSuspended(ctx, ids)
	if len(missing) > 0 {
		return noHeld(missing, "deleted")
	}
	if err != nil {
		return err
	}
	return a.printDone("deleted", len(ids))
}

func newSuspendedUndelete(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "undelete ID…|-",
		Short: "hold messages again that were deleted less than suspended.undelete ago",
		Args:  takes(1, -1),
		RunE: a.withIDs(func(ctx context.Context, db *store.DB, ids []int64) error {
			missing, err := a.editor(db).Undelete(ctx, ids)
			if len(missing) > 0 {
				return noDeleted(missing)
			}
			if err != nil {
				return err
			}
			a.noteDamaged(ctx, db, ids)
			return a.printDone("restored", len(ids))
		}),
	}
}

// noteDamaged names those of the held messages whose rows are damaged.
func (a *app) noteDamaged(ctx context.Context, db *store.DB, ids []int64) {
	for _, id := range ids {
		if s, err := db.Suspended(ctx, id); err == nil && s.Damaged != nil {
			a.note("held message %d is damaged in %s: see `gatepost suspended show %d`", id, s.Damaged, id)
		}
	}
}

// heldLines are a line for each of the held messages; all of them must be there.
func heldLines(ctx context.Context, db *store.DB, ids []int64) (lines []string, err error) {
	var missing []int64
	for _, id := range ids {
		s, err := db.Suspended(ctx, id)
		switch {
		case errors.Is(err, store.ErrNotFound):
			missing = append(missing, id)
		case err != nil:
			return nil, err
		default:
			lines = append(lines, heldLine(s))
		}
	}
	if len(missing) > 0 {
		return nil, noHeld(missing, "deleted")
	}
	return lines, nil
}

// heldLine names a held message to whoever is asked about it.
func heldLine(s store.Suspended) string {
	return fmt.Sprintf("%d  %s  %s", s.ID, cmp.Or(s.Author.Email, "(no sender)"),
		cmp.Or(s.Subject, "(no subject)"))
}

// noHeld says that ids are not those of held messages, and that nothing was done.
func noHeld(ids []int64, done string) error {
	return no("there is no held message %s: nothing was %s", idNames(ids), done)
}

// noDeleted is noHeld for what was to be restored.
func noDeleted(ids []int64) error {
	return no("there is no deleted message %s any more: nothing was restored", idNames(ids))
}

func idNames(ids []int64) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(names, ", ")
}

// printDone says how many held messages something was done to.
func (a *app) printDone(done string, n int) error {
	if a.json {
		return a.printJSON(map[string]int{done: n})
	}
	a.note("%s %s", count(n, "held message", "held messages"), done)
	return nil
}

func newSuspendedPurge(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "purge",
		Short: "delete the held messages that have expired, and no others",
		Args:  takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.purgeHeld(cmd.Context(), db)
			})
		},
	}
	a.yesFlag(cmd)
	return cmd
}

// purgeHeld looks first, unless nobody is to be asked.
func (a *app) purgeHeld(ctx context.Context, db *store.DB) error {
	var expired []string
	if !a.yes && terminal.Is(a.stdin) {
		for s, err := range db.ListSuspended(ctx, store.Query{}) {
			if err != nil {
				return err
			}
			if !s.ExpiresAt.After(a.now()) {
				expired = append(expired, heldLine(s))
			}
		}
		if len(expired) == 0 {
			return a.printDone("purged", 0)
		}
	}
	err := a.confirm("delete every held message that has expired", expired...)
	if err != nil {
		return err
	}
	s, err := a.settings()
	if err != nil {
		return err
	}
	p, err := db.Purge(ctx, expiry(s, a.actor()))
	if err != nil {
		return err
	}
	if p.Waiting > 0 {
		a.note("%s and left: %s", overTime(p.Waiting), whyLeft(p))
	}
	return a.printDone("purged", p.Deleted)
}

func overTime(n int) string {
	return count(n, "held message is over its time", "held messages are over their time")
}

// whyLeft says what keeps messages from being deleted.
func whyLeft(p store.Purged) string {
	if p.Ahead > 0 {
		return fmt.Sprintf("the clock is %s ahead of the time that was seen to pass, and counts "+
			"if it says the same a day from now", age(p.Ahead))
	}
	return "a run deletes a twentieth of the queue, and nothing unseen with suspended.keep_unseen"
}
