package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/policy"
	"gatepost/store"
)

func newAuditCommand(a *app) *cobra.Command {
	return group("audit", "see who changed what, and take a change back",
		newAuditList(a), newAuditUndo(a))
}

func newAuditList(a *app) *cobra.Command {
	var q store.AuditQuery
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list what people changed and what expired, the newest first",
		Long: "Lists what people changed, the newest first: by the command line, the console and\n" +
			"the API; and how many held messages each run of the purge took. The log is\n" +
			"append-only.",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if q.Limit < 0 {
				return misuse("--limit %d is below 0: leave it out for all", q.Limit)
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				words := "nothing was changed yet"
				if q.Subject != "" {
					words = "nothing in the log is about " + q.Subject
				}
				entries := orNone(a, db.AuditLog(cmd.Context(), q), words)
				headers := []string{"ID", "AGE", "WHO", "BY", "ACTION", "SUBJECT", "CHANGE", "UNDONE BY"}
				return printList(a, entries, headers, a.auditCells)
			})
		},
	}
	cmd.Flags().IntVar(&q.Limit, "limit", 0, "at most this many; 0 is all")
	cmd.Flags().StringVar(&q.Subject, "subject", "",
		"only what is about this: allow, block, access, an address, a domain, a message")
	return cmd
}

func (a *app) auditCells(e store.AuditEntry) []string {
	by, undone := e.Via, ""
	if e.Client != "" {
		by += " " + e.Client
	}
	if e.UndoneBy != nil {
		undone = strconv.FormatInt(*e.UndoneBy, 10)
	}
	return []string{strconv.FormatInt(e.ID, 10), a.when(e.At), e.Actor, by, string(e.Action),
		e.Subject, auditChange(e), undone}
}

func newAuditUndo(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "undo ID",
		Short: "undo a change of a list, of access or of a suspension, a recovery or a deletion",
		Long: "Undoes a change of a list, of the IP restrictions or of the suspension of a profile,\n" +
			"unless what it changed has been changed since. That is a change too: to undo it\n" +
			"makes the first one again. Messages that were recovered or deleted are held again,\n" +
			"and what was changed of a list with them is undone with them.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID(args[0])
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.undo(cmd.Context(), db, id)
			})
		},
	}
	a.yesFlag(cmd)
	return cmd
}

func (a *app) undo(ctx context.Context, db *store.DB, id int64) error {
	err := a.editor(db).Undo(ctx, id)
	switch {
	case errors.Is(err, store.ErrCannotUndo):
		return no("%w\nnothing was changed", err)
	case err != nil:
		return notFound(err, "there is no audit entry %d: `audit list` shows them", id)
	}
	e, err := db.AuditEntry(ctx, id)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(e)
	}
	a.note("audit entry %d is undone: %s", e.ID, strings.TrimSpace(string(e.Action)+" "+e.Subject))
	return a.noteUndone(ctx, db, e)
}

// noteKeptProfiles says which profiles stay although the recovery that made them was undone.
func (a *app) noteKeptProfiles(ctx context.Context, db *store.DB, audit int64) error {
	kept, err := db.KeptProfiles(ctx, audit)
	for _, k := range kept {
		why := "it has other tickets, or was changed"
		if k.Commented {
			why = "its owner has commented since"
		}
		a.note("the profile of %s stays: %s", k.Email, why)
	}
	return err
}

// noteUndone says what the list or the restrictions are now, as the command that sets them
// does, or how many messages are held again.
func (a *app) noteUndone(ctx context.Context, db *store.DB, was store.AuditEntry) error {
	undo, err := db.AuditEntry(ctx, *was.UndoneBy)
	switch {
	case err != nil:
		return err
	case was.Messages > 0:
		a.note("%s held again", count(undo.Messages, "message is", "messages are"))
		return a.noteKeptProfiles(ctx, db, was.ID)
	case was.Subject == "access":
		access, err := db.Access(ctx)
		if err == nil {
			_, err = a.noteAccess(ctx, db, access)
		}
		return err
	case !was.Lists, was.OfOrganizations(): // which the line above names
		return nil
	case was.Subject == store.BothLists:
		a.note("both lists: %d added, %d removed", auditCount(undo.After), auditCount(undo.Before))
		return nil
	}
	return a.noteListNow(ctx, db, policy.ListName(was.Subject), undo)
}

func (a *app) noteListNow(ctx context.Context, db *store.DB, list policy.ListName,
	undo store.AuditEntry) error {
	entries := 0
	for _, err := range db.Rules(ctx, list) {
		if err != nil {
			return err
		}
		entries++
	}
	a.noteList(list, entries, auditCount(undo.After), auditCount(undo.Before))
	return nil
}
