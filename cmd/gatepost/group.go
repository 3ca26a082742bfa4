package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/store"
)

// group is a noun: a command that does nothing but hold its verbs.
func group(name, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownVerb(cmd, args[0])
		},
	}
	for _, verb := range verbs {
		verb.SuggestFor = alsoCalled(verb.Name())
	}
	cmd.AddCommand(verbs...)
	return cmd
}

// takes wants a number of arguments from least to most; a most below 0 is no bound.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return misuse("an argument is missing: write %s", cmd.UseLine())
		case most >= 0 && len(args) > most:
			return misuse("%q is an argument too many: write %s", args[most], cmd.UseLine())
		}
		return nil
	}
}

// oneOf refuses more than one of the flags that are named.
func oneOf(names ...string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		var given []string
		for _, name := range names {
			if cmd.Flags().Changed(name) {
				given = append(given, "--"+name)
			}
		}
		if len(given) > 1 {
			return misuse("%s do not go together: give one of them", strings.Join(given, " and "))
		}
		return nil
	}
}

// withStore opens the database for f and closes it afterwards. It warns where indexes could not
// be read.
func (a *app) withStore(ctx context.Context, create bool, f func(*store.DB) error) error {
	db, err := a.openDB(ctx, create)
	if err != nil {
		return err
	}
	a.noteCreated(db)
	err = f(db)
	if db.WithoutIndexes() {
		a.note("warning: %s", store.IndexesWarning)
	}
	return errors.Join(err, db.Close())
}
