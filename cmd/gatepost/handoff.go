package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatepost/store"
)

func newHandoffCommand(a *app) *cobra.Command {
	return group("handoff", "what is carried on to help desks, and where it stands",
		newHandoffTargets(a), newHandoffList(a), newHandoffShow(a), newHandoffRetry(a),
		newHandoffDiscard(a), newHandoffPause(a), newHandoffResume(a), newHandoffTest(a))
}

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
				return printList(a, orNone(a, rowsOf(all), "there are no targets: docs/hand-off.md says how to "+
					"set one"), headers, a.targetCells)
			})
		},
	}
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
	return "active"
}

// unended are the states that a list shows unless it is told otherwise: what is not over, and
// what somebody should see to.
func unended() []string {
	return []string{store.HandoffWaiting, store.HandoffFailed, store.HandoffUnknown}
}

func newHandoffList(a *app) *cobra.Command {
	var q store.HandoffQuery
	var state string
	var all, ids bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list hand-offs that wait, failed or are unknown, the newest first",
		Args:    takes(0, 0),
		PreRunE: oneOf("state", "all"),
	}
	flags := cmd.Flags()
	flags.StringVar(&q.Target, "target", "", "only to this target")
	flags.StringVar(&state, "state", "", "only waiting, done, failed, unknown or discarded")
	flags.Int64Var(&q.Ticket, "ticket", 0, "only of the ticket, or the held message, with this `id`")
	flags.IntVar(&q.Limit, "limit", 0, "at most this many; 0 is all")
	flags.BoolVar(&all, "all", false, "also what is done or discarded")
	flags.BoolVar(&ids, "ids", false, "print ids only, one a line")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		states := append(unended(), store.HandoffDone, store.HandoffDiscarded)
		switch {
		case state != "" && !slices.Contains(states, state):
			return misuse("there is no state %q: write %s", state, strings.Join(states, ", "))
		case q.Limit < 0:
			return misuse("--limit %d is below 0: leave it out for all", q.Limit)
		case state != "":
			q.States = []string{state}
		case !all:
			q.States = unended()
		}
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			return a.listHandoffs(cmd.Context(), db, q, ids)
		})
	}
	return cmd
}

func (a *app) listHandoffs(ctx context.Context, db *store.DB, q store.HandoffQuery, ids bool) error {
	found := orNone(a, db.Handoffs(ctx, q), "no hand-off is so; --all also shows what is done")
	if ids {
		return printIDs(a, found, func(h store.Handoff) int64 { return h.ID })
	}
	headers := []string{"ID", "AGE", "TARGET", "EVENT", "TICKET", "STATE", "TRIES", "NEXT", "SAID"}
	err := printList(a, found, headers, func(h store.Handoff) []string {
		next := ""
		if h.DueAt != nil {
			next = a.when(*h.DueAt)
		}
		return []string{strconv.FormatInt(h.ID, 10), a.when(h.CreatedAt), h.Target, h.Event,
			strconv.FormatInt(h.Ticket, 10), h.State, strconv.Itoa(h.Attempts), next, h.Said}
	})
	return errors.Join(err, a.noteTargets(ctx, db))
}

// noteTargets says why some of it waits.
func (a *app) noteTargets(ctx context.Context, db *store.DB) error {
	all, err := db.Targets(ctx)
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
	return err
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

func newHandoffShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "show a hand-off: its tries and what the other side said",
		Args:  takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				h, err := db.Handoff(cmd.Context(), id)
				if err != nil {
					return notFound(err, "there is no hand-off %d", id)
				}
				return a.printHandoff(h)
			})
		},
	}
}

func (a *app) printHandoff(h store.Handoff) error {
	if a.json {
		return a.printJSON(h)
	}
	fields := [][2]string{
		{"ID", strconv.FormatInt(h.ID, 10)},
		{"Target", h.Target},
		{"Event", h.Event},
		{"Ticket", strconv.FormatInt(h.Ticket, 10)},
		{"Subject", h.Subject},
		{"Recipient", h.Recipient},
		{"State", handoffState(h)},
		{"Tries", strconv.Itoa(h.Attempts)},
		{"Said", h.Said},
		{"Created", stamp(h.CreatedAt) + ", " + age(a.now().Sub(h.CreatedAt)) + " ago"},
	}
	if h.TriedAt != nil {
		fields = append(fields, [2]string{"Last try", stamp(*h.TriedAt)})
	}
	if h.DueAt != nil {
		fields = append(fields, [2]string{"Next try", stamp(*h.DueAt) + ", " +
			age(a.now().Sub(*h.DueAt))})
	}
	return a.printFields(append(fields, [2]string{"Key", h.Key}, [2]string{"Decision", h.DecisionID}))
}

// handoffState says of what may have arrived what that means.
func handoffState(h store.Handoff) string {
	switch {
	case h.State == store.HandoffUnknown:
		return "unknown: the connection broke behind the last octet, so that it may have arrived; " +
			"look there before `handoff retry`"
	case h.InHand:
		return h.State + ", in hand"
	}
	return h.State
}

func newHandoffRetry(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retry ID…|-",
		Short: "try hand-offs at once, and for the whole time anew",
		Args:  takes(1, -1),
		RunE: a.withIDs(func(ctx context.Context, db *store.DB, ids []int64) error {
			return a.handoffsChanged(a.hand(db).RetryHandoffs(ctx, ids), "retried", ids)
		}),
	}
	a.yesFlag(cmd)
	return cmd
}

func newHandoffDiscard(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "discard ID…|-",
		Short: "carry hand-offs no further; their tickets stay, and retry takes them up again",
		Args:  takes(1, -1),
		RunE: a.withIDs(func(ctx context.Context, db *store.DB, ids []int64) error {
			return a.handoffsChanged(a.hand(db).DiscardHandoffs(ctx, ids), "discarded", ids)
		}),
	}
	a.yesFlag(cmd)
	return cmd
}

func (a *app) handoffsChanged(err error, done string, ids []int64) error {
	switch {
	case errors.Is(err, store.ErrHandedOff):
		return no("%w: nothing was %s", err, done)
	case errors.Is(err, store.ErrNotFound):
		return no("%w: nothing was %s", err, done)
	case err != nil:
		return err
	case a.json:
		return a.printJSON(map[string]int{done: len(ids)})
	}
	a.note("%s %s", count(len(ids), "hand-off", "hand-offs"), done)
	return nil
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
			err := a.hand(db).PauseTarget(cmd.Context(), args[0], why)
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
				err := a.hand(db).ResumeTarget(cmd.Context(), args[0])
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
