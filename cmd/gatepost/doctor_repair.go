package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"gatepost/settings"
	"gatepost/store"
)

func newDoctorSetAside(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set-aside ID…|-",
		Short: "take held messages and tickets whose rows are damaged out of the database, into files",
		Long: "Takes held messages and tickets whose rows are damaged out of the database. All that\n" +
			"stood in a row is kept in a file in the folder set-aside beside the contents.",
		Args: takes(1, -1),
		RunE: a.withIDs(a.setAside),
	}
	a.yesFlag(cmd)
	return cmd
}

func (a *app) setAside(ctx context.Context, db *store.DB, ids []int64) error {
	s, err := a.settings()
	if err == nil {
		err = settings.CheckFile(s.DB)
	}
	if err != nil {
		return err
	}
	err = a.confirm("take " + count(len(ids), "damaged message", "damaged messages") +
		" out of the database, into files")
	if err != nil {
		return err
	}
	for _, id := range ids {
		file, err := a.editor(db).SetAside(ctx, id)
		if err != nil {
			return notFound(err, "there is no message %d", id)
		}
		if a.json {
			err = a.printJSON(map[string]any{"id": id, "file": file})
		} else {
			err = a.print("%d is in %s", id, file)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func newDoctorSalvage(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "salvage NEW",
		Short: "copy what can be read of a damaged database to a new one",
		Long: "Copies every row that can be read of a damaged database to a new one, and its\n" +
			"contents. The damaged one is left as it is. No server may run on it.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.salvage(cmd.Context(), args[0])
		},
	}
}

func (a *app) salvage(ctx context.Context, to string) error {
	s, err := a.settings()
	if err != nil {
		return err
	}
	if err := errors.Join(settings.CheckFile(s.DB), settings.CheckFile(settings.Database(to))); err != nil {
		return err
	}
	p := a.progress(nil)
	saved, err := store.SalvageTo(ctx, string(s.DB), to, a.actor(),
		store.Options{Now: a.now, Tell: p.Things})
	p.End()
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(saved)
	}
	err = a.table([]string{"TABLE", "ROWS", "UNREADABLE"}, func(yield func([]string, error) bool) {
		for _, t := range saved.Tables {
			if !yield([]string{t.Name, fmt.Sprint(t.Rows), fmt.Sprint(t.Unreadable)}, nil) {
				return
			}
		}
	})
	a.note("%s lost; look at it with `gatepost --db %s doctor`, then put it in the place of %s",
		count(int(saved.Lost), "message is", "messages are"), to, s.DB)
	for _, table := range saved.Unreadable() {
		if what := unreadableNote(table); what != "" {
			a.note("%s", what)
		}
	}
	return err
}

// unreadableNote says what to look at before mail is taken again.
func unreadableNote(table string) string {
	switch table {
	case "access":
		return "the IP restrictions could not be read and are off: set them again with " +
			"`gatepost access set`"
	case "rules":
		return "some entries of the lists could not be read: compare `gatepost rules show`"
	case "users":
		return "some profiles could not be read: one that was suspended is so no more; " +
			"compare `gatepost user list`"
	}
	return ""
}
