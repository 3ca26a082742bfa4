package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/store"
)

func newSuspendedCommand(a *app) *cobra.Command {
	return group("suspended", "look at held messages, recover or delete them",
		newSuspendedList(a), newSuspendedShow(a), newSuspendedRecover(a),
		newSuspendedDelete(a), newSuspendedUndelete(a),
		newSuspendedExport(a), newSuspendedPurge(a))
}

func newSuspendedList(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list held messages, the newest first",
		Args:  takes(0, 0),
	}
	f, l := newFilter(cmd), newListing(cmd)
	f.addCause(cmd)
	f.addOrder(cmd, store.HeldOrders())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		q, err := f.query(a.now())
		if err != nil {
			return err
		}
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			return a.listSuspended(cmd.Context(), db, q, *l)
		})
	}
	return cmd
}

func (a *app) listSuspended(ctx context.Context, db *store.DB, q store.Query, l listing) error {
	if l.count {
		return a.printCount(db.CountSuspended(ctx, q))
	}
	held := orNone(a, db.ListSuspended(ctx, q),
		none(q, "nothing is held", "no held message matches"))
	if l.ids {
		return printIDs(a, held, func(s store.Suspended) int64 { return s.ID })
	}
	headers := []string{"ID", "AGE", "CAUSE", "AUTHOR", "SUBJECT", "RULE"}
	err := printList(a, held, headers, func(s store.Suspended) []string {
		return []string{strconv.FormatInt(s.ID, 10), a.when(s.CreatedAt), s.Cause,
			a.sender(s.Author.Email), heldSubject(s), orEmpty(s.Rule)}
	})
	return errors.Join(err, a.looked(ctx, db))
}

// looked takes down that somebody has seen the queue, where that matters, and warns of what is
// deleted for it.
func (a *app) looked(ctx context.Context, db *store.DB) error {
	s, err := a.settings()
	if err != nil || !bool(s.Suspended.KeepUnseen) && len(s.Digest.To) == 0 {
		return err
	}
	if err := db.Looked(ctx); err != nil || !bool(s.Suspended.KeepUnseen) {
		return err
	}
	status, err := db.Status(ctx)
	if err == nil && status.Expired > 0 {
		a.note("%s: what nobody had seen stays for a day from now, and is deleted then",
			overTime(int(status.Expired)))
	}
	return err
}

// heldSubject says first what of a message cannot be read.
func heldSubject(s store.Suspended) string {
	if s.Damaged == nil {
		return s.Subject
	}
	return "(damaged: " + s.Damaged.String() + ") " + s.Subject
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func newSuspendedShow(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "show a held message: its sender, why it is held, its text",
		Args:  takes(1, 1),
	}
	v := newView(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := parseID(args[0])
		if err != nil {
			return err
		}
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			s, err := db.Suspended(cmd.Context(), id)
			if err != nil {
				return notShown(cmd.Context(), db, id, err)
			}
			return a.printMessage(cmd.Context(), db, a.heldMessage(s), *v)
		})
	}
	return cmd
}

// notShown tells an id that was recovered from one that is not known.
func notShown(ctx context.Context, db *store.DB, id int64, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	e, errNow := db.Explain(ctx, strconv.FormatInt(id, 10))
	if errNow == nil && e.ID == id && e.Recovered != 0 {
		return recoveredAlready(id, e.Recovered, e.Comment)
	}
	if errNow == nil && e.Deleted {
		return no("held message %d was deleted: `suspended undelete %d` holds it again", id, id)
	}
	return no("there is no held message %d", id)
}

func (a *app) heldMessage(s store.Suspended) storedMessage {
	cause := s.Cause
	if s.CauseID != nil {
		cause += " (" + strconv.Itoa(*s.CauseID) + ")"
	}
	return storedMessage{
		id: s.ID, from: s.Author.Email, size: s.Size, created: s.CreatedAt, record: s,
		why: "held: " + s.Why,
		fields: append([][2]string{
			{"ID", strconv.FormatInt(s.ID, 10)},
			{"From", person(s.Author)},
			{"Reply-To", strings.Join(s.ReplyTo, ", ")},
			{"To", strings.Join(s.Recipients, ", ")},
			{"Subject", s.Subject},
			{"Received", stamp(s.CreatedAt) + ", " + age(a.now().Sub(s.CreatedAt)) + " ago"},
			{"Expires", stamp(s.ExpiresAt) + ", " + age(a.now().Sub(s.ExpiresAt))},
			{"Cause", cause},
			{"Rule", orEmpty(s.Rule)},
			{"Client", s.Client},
			{"Authentication", s.Authentication},
			{"Message-ID", s.MessageID},
			{"Decision", s.DecisionID},
			{"Node", s.Node},
			{"Size", strconv.FormatInt(s.Size, 10) + " octets"},
		}, damageFields(s.Damaged)...),
	}
}

func damageFields(damage store.Damage) (fields [][2]string) {
	for _, d := range damage {
		fields = append(fields, [2]string{"Damaged", d.Column + ": " + d.Text()})
	}
	return fields
}

func newSuspendedExport(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "write held messages as CSV, as JSON lines, as an mbox or as .eml files",
		Args:  takes(0, 0),
	}
	f, e := newFilter(cmd), newExport(cmd)
	f.addCause(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		q, err := f.query(a.now())
		if err != nil {
			return err
		}
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			n, _ := db.CountSuspended(cmd.Context(), q) // 0 where it cannot be read
			held := withBar(a.progress(a.stdout), n, db.ListSuspended(cmd.Context(), q))
			if e.files() {
				return a.exportMessages(cmd.Context(), db, storedMessages(held, a.heldMessage), *e)
			}
			return writeRecords(a, held, heldColumns(), heldCells)
		})
	}
	return cmd
}

func heldColumns() []string {
	return []string{"id", "created_at", "expires_at", "cause", "author_name", "author_email",
		"subject", "recipient", "rule", "why", "message_id", "client", "size", "decision_id"}
}

func heldCells(s store.Suspended) []string {
	return []string{strconv.FormatInt(s.ID, 10), stamp(s.CreatedAt), stamp(s.ExpiresAt), s.Cause,
		s.Author.Name, s.Author.Email, s.Subject, s.Recipient, orEmpty(s.Rule), s.Why,
		s.MessageID, s.Client, strconv.FormatInt(s.Size, 10), s.DecisionID}
}
