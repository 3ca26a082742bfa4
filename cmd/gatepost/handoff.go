package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/store"
)

func newHandoffCommand(a *app) *cobra.Command {
	return group("handoff", "what is carried on to help desks, and where it stands",
		newHandoffTargets(a), newHandoffList(a), newHandoffShow(a), newHandoffRetry(a),
		newHandoffDiscard(a), newHandoffPause(a), newHandoffResume(a), newHandoffTest(a))
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
		states := store.HandoffStates()
		switch {
		case state != "" && !slices.Contains(states, state):
			return misuse("there is no state %q: write %s", state, strings.Join(states, ", "))
		case q.Limit < 0:
			return misuse("--limit %d is below 0: leave it out for all", q.Limit)
		case state != "":
			q.States = []string{state}
		case !all:
			q.States = store.UnendedHandoffs()
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
	targets, err := db.Targets(ctx)
	if err != nil {
		return err
	}
	headers := []string{"ID", "AGE", "TARGET", "EVENT", "TICKET", "STATE", "TRIES", "NEXT", "SAID"}
	err = printList(a, found, headers, func(h store.Handoff) []string {
		return []string{strconv.FormatInt(h.ID, 10), a.when(h.CreatedAt), h.Target, h.Event,
			idOrNone(h.Ticket), h.State, strconv.Itoa(h.Attempts), a.next(h, targets), h.Said}
	})
	a.noteTargets(targets)
	return err
}

// next is when a hand-off is tried, or why it is not.
func (a *app) next(h store.Handoff, targets []store.TargetStatus) string {
	for _, t := range targets {
		if state := targetState(t); t.Name == h.Target && h.DueAt != nil && state != targetActive {
			return state
		}
	}
	if h.DueAt == nil {
		return ""
	}
	return a.when(*h.DueAt)
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
		{"Ticket", idOrNone(h.Ticket)},
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

// idOrNone is empty for a hand-off that is about no ticket.
func idOrNone(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
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
			return a.handoffsChanged(a.editor(db).RetryHandoffs(ctx, ids), "retried", ids)
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
			return a.handoffsChanged(a.editor(db).DiscardHandoffs(ctx, ids), "discarded", ids)
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
