package main

import (
	"context"
	"iter"
	"strconv"

	"github.com/spf13/cobra"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/terminal"
)

func newLoopCommand(a *app) *cobra.Command {
	return group("loop", "look at who sends much within an hour, or forget it",
		newLoopList(a), newLoopReset(a))
}

func newLoopList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "list the senders of this hour, and how many of their messages were stored",
		Long: "Lists the senders whose messages were stored within the hour, the busiest first.\n" +
			"A sender is counted by its address where that is proven, and else by the address\n" +
			"and the network that it came from. STATE is what becomes of its next message by the\n" +
			"lists, profiles and its number, if nothing else of it holds it: it passes, is held,\n" +
			"is put off (4xx) or rejected. rate.per_hour says how many pass, and that is ten times\n" +
			"as many for senders on the allowlist. A stranger whom * holds is put off where others\n" +
			"are; what an entry, a suspended profile or another cause holds is held all the same.",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.listBands(cmd.Context(), db)
			})
		},
	}
}

// A bandState is one line of `loop list`.
type bandState struct {
	store.SenderBand
	State string `json:"state"` // of the next message: passes, held, put off or rejected
}

func (a *app) listBands(ctx context.Context, db *store.DB) error {
	rules, err := db.Policy(ctx)
	if err != nil {
		return err
	}
	a.noteLimit(rules.PerHour)
	bands := orNone(a, db.Bands(ctx), "nothing was stored within the hour")
	return printList(a, stated(bands, rules),
		[]string{"ADDRESS", "CLIENT", "STORED", "STATE", "SINCE", "UNTIL"}, a.bandCells)
}

// noteLimit says on a terminal what the states come from.
func (a *app) noteLimit(most int) {
	switch {
	case a.json || !terminal.Is(a.stdout):
	case most == 0:
		a.note("any number of messages passes within an hour (rate.per_hour = 0)")
	default:
		a.note("%s of one sender within an hour, then as many are held, and the rest is put off "+
			"(rate.per_hour = %d)", count(most, "message passes", "messages pass"), most)
	}
}

func stated(bands iter.Seq2[store.SenderBand, error], rules *policy.Policy) iter.Seq2[bandState,
	error] {
	return func(yield func(bandState, error) bool) {
		for b, err := range bands {
			if !yield(bandState{b, stateOf(b, rules)}, err) {
				return
			}
		}
	}
}

// stateOf judges a message of which nothing is known but its sender, taken as claimed: by the
// lists, the profile and how much was stored.
func stateOf(b store.SenderBand, rules *policy.Policy) string {
	f := &policy.Facts{Stored: b.Stored, Profile: b.Profile}
	f.Sender.Address, _ = message.ParseAddress(b.Address) // the zero Address is held
	switch rules.Decide(f).Action {
	case policy.Ticket:
		return "passes"
	case policy.Defer:
		return "put off"
	case policy.Reject:
		return "rejected"
	}
	return "held"
}

func (a *app) bandCells(b bandState) []string {
	client := b.Client
	switch {
	case b.Proven:
		client = "proven"
	case client == "":
		client = "unknown"
	}
	return []string{b.Address, client, strconv.Itoa(b.Stored), b.State, a.when(b.Since),
		a.when(b.Until)}
}

func newLoopReset(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reset ADDRESS…|-",
		Short: "forget what was counted of senders: their mail passes again",
		Args:  takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			senders, err := a.loopSenders(args)
			if err != nil {
				return err
			}
			forgotten := 0
			var unknown []message.Address
			err = a.withStore(cmd.Context(), false, func(db *store.DB) error {
				for _, sender := range senders {
					n, err := a.editor(db).ResetBands(cmd.Context(), sender)
					if err != nil {
						return err
					}
					if forgotten += n; n == 0 {
						unknown = append(unknown, sender)
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			return a.printForgotten(forgotten, unknown)
		},
	}
	a.yesFlag(cmd)
	return cmd
}

// loopSenders reads every address before one is forgotten.
func (a *app) loopSenders(args []string) ([]message.Address, error) {
	words, err := a.words(args)
	if err != nil {
		return nil, err
	}
	senders := make([]message.Address, len(words))
	for i, word := range words {
		if senders[i], err = message.ParseAddress(word); err != nil {
			return nil, badAddress("", word, err)
		}
	}
	return senders, nil
}

// printForgotten says how many counts were forgotten: a sender has one for each network
// that it came from, and of whom there was none.
func (a *app) printForgotten(n int, unknown []message.Address) error {
	if a.json {
		if err := a.printJSON(map[string]int{"forgotten": n}); err != nil {
			return err
		}
	}
	if n == 0 {
		return no("nothing was counted of that within the hour: nothing was forgotten")
	}
	if !a.json {
		a.note("%s forgotten", count(n, "count", "counts"))
	}
	for _, sender := range unknown {
		a.note("nothing was counted of %s within the hour", sender)
	}
	return nil
}
