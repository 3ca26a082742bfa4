package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gatepost/settings"
	"gatepost/store"
)

func newDBCommand(a *app) *cobra.Command {
	return group("db", "the database as a whole", newDBCopyCommand(a))
}

func newDBCopyCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "copy FROM TO",
		Short: "copy a database to PostgreSQL, or from there",
		Long: "Copies all of a database, with its large contents, to where there is none yet: a file, or\n" +
			"a database of PostgreSQL that was made for it. Stop the servers of both first. What is\n" +
			"interrupted goes on where it was when the same command is given again; until it has come\n" +
			"to its end no server and no other command opens the copy. In the end both are read once\n" +
			"more, and have to be the same row by row. FROM is brought up to date if it is of an older\n" +
			"version, and stays. The key of links and reply tokens, which is beside a file, comes along.",
		Args: takes(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, db := range args {
				if err := settings.CheckDB(settings.Database(db)); err != nil {
					return misuse("%w", err)
				}
			}
			began, p := a.now(), a.progress(nil)
			c, err := store.Copy(cmd.Context(), args[0], args[1], store.CopyOptions{Now: a.now,
				Tell: p.Things, Last: func(ctx context.Context, from, to *store.DB) error {
					return copyLinkKey(ctx, from, args[0], to, args[1])
				}})
			p.End()
			if err != nil {
				return fmt.Errorf("copy: %w", err)
			}
			return a.printCopied(c, settings.Database(args[1]), a.now().Sub(began))
		},
	}
}

// printCopied is exit 1 if the content of a message is missing, here as there.
func (a *app) printCopied(c store.Copied, to settings.Database, took time.Duration) (err error) {
	if a.json {
		err = a.printJSON(struct {
			store.Copied
			Seconds float64 `json:"seconds"`
		}{c, took.Seconds()})
	} else {
		a.note("copied to %s and compared: %s of %s, %s (%.1f MB), in %s", to,
			count(int(c.Rows()), "row", "rows"), count(len(c.Tables), "table", "tables"),
			count(int(c.Contents), "large content", "large contents"), float64(c.Octets)/1e6,
			took.Round(10*time.Millisecond))
	}
	if len(c.Damaged) > 0 {
		err = errors.Join(err, no("the contents of these messages are missing or not what was received, "+
			"here as there: %s", someIDs(c.Damaged)))
	}
	return err
}
