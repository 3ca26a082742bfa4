package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"gatepost/message"
	"gatepost/store"
)

// A checked is one line of check: a sender and what the lists do to its mail.
type checked struct {
	Sender   string  `json:"sender"`
	Decision string  `json:"decision"`
	Rule     *string `json:"rule"`
	Why      string  `json:"why"`
}

func newCheckCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "check ADDRESS...",
		Short: "what the lists do to the mail of these senders",
		Long: "Says what the lists and profiles do to the mail of each sender. - reads the\n" +
			"addresses from stdin; an empty one stands for mail without a readable sender.",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			words, err := a.words(args)
			if err != nil {
				return err
			}
			senders, err := parseSenders(words)
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.check(cmd.Context(), db, senders)
			})
		},
	}
}

// parseSenders reads every address before one is answered for.
func parseSenders(words []string) ([]message.Address, error) {
	senders := make([]message.Address, len(words))
	var errs []error
	for i, word := range words {
		if word == "" {
			continue
		}
		var err error
		if senders[i], err = message.ParseAddress(word); err != nil {
			errs = append(errs, badAddress("", word, err))
		}
	}
	return senders, errors.Join(errs...)
}

func (a *app) check(ctx context.Context, db *store.DB, senders []message.Address) error {
	j, err := a.newJudge(ctx, db)
	if err != nil {
		return err
	}
	lines := make([]checked, len(senders))
	for i, sender := range senders {
		profile, err := j.Profile(sender)
		if err != nil {
			return err
		}
		d := j.Rules.Check(sender, profile)
		lines[i] = checked{sender.String(), d.Action.String(), orNull(d.RuleText()), d.Why()}
	}
	return printList(a, rowsOf(lines), []string{"SENDER", "DECISION", "RULE", "WHY"},
		func(l checked) []string {
			return []string{l.Sender, l.Decision, orEmpty(l.Rule), l.Why}
		})
}
