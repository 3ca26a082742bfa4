package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatepost/settings"
	"gatepost/store"
)

func newHandoffTargets(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "targets",
		Short: "list the targets, and what waits for each",
		Args:  takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				all, err := db.Targets(cmd.Context())
				if err != nil {
					return err
				}
				headers := []string{"TARGET", "KIND", "PLACE", "STATE", "WAITING", "OLDEST", "FAILED",
					"UNKNOWN", "WHY"}
				none := "there are no targets: docs/hand-off.md says how to set one"
				s, err := a.settings()
				if err != nil {
					return err
				}
				if unread := unreadTargets(s, all); len(unread) > 0 {
					none = "no server goes by a target"
					defer a.note("no server has read yet that the settings have %s: start one, or send it SIGHUP "+
						"(`systemctl reload gatepost`)", strings.Join(unread, ", "))
				}
				return printList(a, orNone(a, rowsOf(all), none), headers, a.targetCells)
			})
		},
	}
}

// unreadTargets are those of the settings that no server goes by, in the order of their names.
func unreadTargets(s *settings.Settings, known []store.TargetStatus) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(s.Handoff)) {
		if !slices.ContainsFunc(known, func(t store.TargetStatus) bool { return t.Configured && t.Name == name }) {
			names = append(names, name)
		}
	}
	return names
}

func (a *app) targetCells(t store.TargetStatus) []string {
	oldest := ""
	if t.Oldest != nil {
		oldest = a.when(*t.Oldest)
	}
	return []string{t.Name, t.Kind, t.Place, targetState(t), strconv.FormatInt(t.Waiting, 10), oldest,
		strconv.FormatInt(t.Failed, 10), strconv.FormatInt(t.Unknown, 10), t.PausedWhy}
}

// targetState is removed for what the settings of the last server had no more.
func targetState(t store.TargetStatus) string {
	switch {
	case !t.Configured:
		return "removed"
	case t.PausedAt != nil:
		return "paused"
	}
	return targetActive
}

const targetActive = "active"

// noteTargets says why some of it waits.
func (a *app) noteTargets(all []store.TargetStatus) {
	for _, t := range all {
		switch waiting := count(int(t.Waiting), "hand-off waits", "hand-offs wait"); targetState(t) {
		case "removed":
			a.note("%s for %s, which the settings have no more: put it back, or discard them", waiting,
				t.Name)
		case "paused":
			a.note("%s for %s, which is paused (%s): `gatepost handoff resume %s`", waiting, t.Name,
				t.PausedWhy, t.Name)
		}
	}
}

// lateHandoff is since when the oldest hand-off may wait without a word of it.
const lateHandoff = time.Hour

// targetWarnings are what somebody should see to, a text for each target and reason.
func (a *app) targetWarnings(targets []store.TargetStatus) (all []string) {
	for _, t := range targets {
		waiting := count(int(t.Waiting), "hand-off waits", "hand-offs wait")
		switch state := targetState(t); {
		case state == "removed":
			all = append(all, fmt.Sprintf("%s for %s, which the settings have no more", waiting, t.Name))
		case state == "paused":
			all = append(all, fmt.Sprintf("%s for %s, which is paused: %s", waiting, t.Name, t.PausedWhy))
		case t.Oldest != nil && a.now().Sub(*t.Oldest) > lateHandoff:
			all = append(all, fmt.Sprintf("%s for %s, the oldest since %s", waiting, t.Name,
				stamp(*t.Oldest)))
		}
		if t.Failed > 0 || t.Unknown > 0 {
			all = append(all, fmt.Sprintf("%s to %s failed and %d may have arrived: see `gatepost "+
				"handoff list`", count(int(t.Failed), "hand-off", "hand-offs"), t.Name, t.Unknown))
		}
	}
	return all
}

func newHandoffPause(a *app) *cobra.Command {
	var why string
	cmd := &cobra.Command{
		Use:   "pause TARGET",
		Short: "carry nothing to a target until it is resumed; its messages are kept",
		Args:  takes(1, 1),
	}
	cmd.Flags().StringVar(&why, "why", "", "the `reason`, which lists show")
	a.yesFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			err := a.editor(db).PauseTarget(cmd.Context(), args[0], why)
			return a.targetChanged(cmd.Context(), db, err, args[0], "paused")
		})
	}
	return cmd
}

func newHandoffResume(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resume TARGET",
		Short: "carry to a paused target again, at once",
		Args:  takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				err := a.editor(db).ResumeTarget(cmd.Context(), args[0])
				return a.targetChanged(cmd.Context(), db, err, args[0], "resumed")
			})
		},
	}
	a.yesFlag(cmd)
	return cmd
}

func (a *app) targetChanged(ctx context.Context, db *store.DB, err error, name, done string) error {
	if errors.Is(err, store.ErrNotFound) {
		return a.noTarget(ctx, db, name)
	}
	if err != nil {
		return err
	}
	status, err := db.TargetStatus(ctx, name)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(status)
	}
	a.note("%s is %s, and %s", name, done, count(int(status.Waiting), "hand-off waits",
		"hand-offs wait"))
	return nil
}

// noTarget says which there are.
func (a *app) noTarget(ctx context.Context, db *store.DB, name string) error {
	all, err := db.Targets(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, t := range all {
		names = append(names, t.Name)
	}
	if names == nil {
		return no("there is no target %s: a server that starts, or is told to read its settings anew "+
			"(SIGHUP), takes down those that they have", name)
	}
	return no("%s", fmt.Sprintf("there is no target %s: there are %s", name,
		strings.Join(names, ", ")))
}
