package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"gatepost/policy"
	"gatepost/store"
	"gatepost/trial"
)

// fieldRoom is how many octets of a field are read from stdin: more than policy.MaxField
// code points of four octets each, so that a longer field is refused and not cut.
const fieldRoom = 4*policy.MaxField + 1024

func newRulesSet(a *app) *cobra.Command {
	var since int64
	cmd := &cobra.Command{
		Use:   "set allow|block TEXT|-",
		Short: "replace a list whole; empty text empties it",
		Long: "Replaces a list whole; empty text empties it, and - reads it from stdin. It is refused\n" +
			"if the lists were changed since the generation that --since names, which `rules show\n" +
			"LIST --text --json` and `status` print. With - it is also refused if they were changed\n" +
			"since the command began, and if nothing comes, so that a pipe that breaks empties no\n" +
			"list. Nothing is lost in\n\n" +
			"    gatepost rules show block | sed 's/^old.test$/new.test/' | gatepost rules set block -\n\n" +
			"nor with an editor in the place of sed: vipe, of the package moreutils.",
		Args: takes(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := listName(args[0])
			if err != nil {
				return err
			}
			seen, err := a.rulesSeen(cmd, since, args[1])
			if err != nil {
				return err
			}
			text, err := a.field(args[1], fmt.Sprintf("the %slist stays as it was; "+
				"`gatepost rules set %[1]s ''` empties it", list))
			if err != nil {
				return err
			}
			entries, err := policy.ParseList(list, text)
			if err != nil {
				return refused(list, err)
			}
			return a.withStore(cmd.Context(), true, func(db *store.DB) error {
				return a.setRules(cmd.Context(), db, seen, store.NewList{Name: list, Entries: entries})
			})
		},
	}
	a.yesFlag(cmd)
	sinceFlag(cmd, &since)
	return cmd
}

// sinceFlag is for who has read what the command changes.
func sinceFlag(cmd *cobra.Command, since *int64) {
	cmd.Flags().Int64Var(since, "since", 0,
		"`generation` that you have read: if somebody made another since, change nothing")
}

// seenSince is the generation that --since names.
func seenSince(cmd *cobra.Command, since int64) (int64, error) {
	switch {
	case !cmd.Flags().Changed("since"):
		return store.AnyGeneration, nil
	case since < 0:
		return 0, misuse("--since %d: generations count from 0", since)
	}
	return since, nil
}

// rulesSeen is the generation of the lists that text was made from, as far as that is known.
// What comes from stdin is at its earliest from now: it is not read yet.
func (a *app) rulesSeen(cmd *cobra.Command, since int64, text string) (int64, error) {
	seen, err := seenSince(cmd, since)
	if err != nil || seen != store.AnyGeneration || text != "-" {
		return seen, err
	}
	err = a.withStore(cmd.Context(), false, func(db *store.DB) error {
		seen, err = db.Generation(cmd.Context())
		return err
	})
	if errors.Is(err, store.ErrNotFound) { // no database, and so no lists yet
		return 0, nil
	}
	return seen, err
}

// field is arg, or what stdin holds if arg is -. Nothing on stdin is no field: the command
// before the pipe has failed more likely than that somebody wants an empty one. Instead says
// what became of it, and how to empty it.
func (a *app) field(arg, instead string) (string, error) {
	if arg != "-" {
		return arg, nil
	}
	text, err := io.ReadAll(io.LimitReader(a.stdin, fieldRoom))
	if err != nil {
		return "", fmt.Errorf("read stdin: %w", err)
	}
	return string(text), something(text, instead)
}

// something refuses what came from stdin if there is nothing but white space in it.
func something(text []byte, instead string) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return no("nothing came on stdin: %s", instead)
	}
	return nil
}

func (a *app) setRules(ctx context.Context, db *store.DB, seen int64, l store.NewList) error {
	fresh, err := newTo(ctx, db, l.Name, l.Entries)
	if err != nil {
		return err
	}
	did, err := a.editor(db).SetRules(ctx, seen, l)
	if errors.Is(err, store.ErrRulesChanged) {
		return no("the lists were changed meanwhile: read them again (gatepost rules show %s), then "+
			"set them; gatepost audit list says who did what\nthe %[1]slist stays as it was", l.Name)
	}
	if err != nil {
		return err
	}
	if err := a.saySet(l, did[0]); err != nil {
		return err
	}
	return a.noteFindings(ctx, db, trial.On(l.Name, fresh))
}

func (a *app) saySet(l store.NewList, did store.Replaced) error {
	if a.json {
		return a.printJSON(struct {
			List    policy.ListName `json:"list"`
			Entries int             `json:"entries"`
			Added   int             `json:"added"`
			Removed int             `json:"removed"`
		}{l.Name, len(l.Entries), did.Added, did.Removed})
	}
	a.noteList(l.Name, len(l.Entries), did.Added, did.Removed)
	return nil
}

// noteList says what a list is now, and what came and went.
func (a *app) noteList(list policy.ListName, entries, added, removed int) {
	a.note("the %slist has %s now: %d added, %d removed", list,
		count(entries, "entry", "entries"), added, removed)
}
