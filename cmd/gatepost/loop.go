package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"gatepost/message"
	"gatepost/store"
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
			"and the network that it came from. loop.per_hour says how many pass.",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				bands := orNone(a, db.Bands(cmd.Context()), "nothing was stored within the hour")
				headers := []string{"ADDRESS", "CLIENT", "STORED", "SINCE", "UNTIL"}
				return printList(a, bands, headers, a.bandCells)
			})
		},
	}
}

func (a *app) bandCells(b store.SenderBand) []string {
	client := b.Client
	switch {
	case b.Proven:
		client = "proven"
	case client == "":
		client = "unknown"
	}
	return []string{b.Address, client, strconv.Itoa(b.Stored), a.when(b.Since), a.when(b.Until)}
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
			err = a.withStore(cmd.Context(), false, func(db *store.DB) error {
				for _, sender := range senders {
					n, err := db.ResetBands(cmd.Context(), sender)
					if err != nil {
						return err
					}
					forgotten += n
				}
				return nil
			})
			if err != nil {
				return err
			}
			return a.printForgotten(forgotten)
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
// that it came from.
func (a *app) printForgotten(n int) error {
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
	return nil
}
