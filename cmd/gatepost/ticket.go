package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/store"
)

func newTicketCommand(a *app) *cobra.Command {
	return group("ticket", "look at tickets: the messages that were let in",
		newTicketList(a), newTicketShow(a), newTicketExport(a))
}

func newTicketList(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list tickets, the newest first",
		Args:  takes(0, 0),
	}
	f, l := newFilter(cmd), newListing(cmd)
	f.addOrder(cmd, store.TicketOrders())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		q, err := f.query(a.now())
		if err != nil {
			return err
		}
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			return a.listTickets(cmd.Context(), db, q, *l)
		})
	}
	return cmd
}

func (a *app) listTickets(ctx context.Context, db *store.DB, q store.Query, l listing) error {
	if l.count {
		return a.printCount(db.CountTickets(ctx, q))
	}
	tickets := orNone(a, db.ListTickets(ctx, q),
		none(q, "there are no tickets", "no ticket matches"))
	if l.ids {
		return printIDs(a, tickets, func(t store.Ticket) int64 { return t.ID })
	}
	headers := []string{"ID", "AGE", "STATUS", "REQUESTER", "SUBJECT", "VIA"}
	return printList(a, tickets, headers, func(t store.Ticket) []string {
		return []string{strconv.FormatInt(t.ID, 10), a.when(t.CreatedAt), t.Status,
			a.sender(t.Requester.Email), t.Subject, t.Via}
	})
}

func newTicketShow(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "show a ticket: its requester, subject, text, comments and where it was handed on",
		Args:  takes(1, 1),
	}
	v := newView(cmd)
	var comment int64
	cmd.Flags().Int64Var(&comment, "comment", 0, "show the comment of that `id` in its place")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := parseID(args[0])
		if err != nil {
			return err
		}
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			t, err := db.Ticket(cmd.Context(), id)
			if err != nil {
				return notFound(err, "there is no ticket %d", id)
			}
			if cmd.Flags().Changed("comment") {
				return a.showComment(cmd.Context(), db, t, comment, *v)
			}
			return a.showTicket(cmd.Context(), db, t, *v)
		})
	}
	return cmd
}

func (a *app) ticketMessage(t store.Ticket) storedMessage {
	return storedMessage{
		id: t.ID, from: t.Requester.Email, size: t.Size, created: t.CreatedAt, record: t,
		fields: [][2]string{
			{"ID", strconv.FormatInt(t.ID, 10)},
			{"Requester", person(t.Requester.Person)},
			{"Answers go to", answers(t)},
			{"Claimed", yesNo(t.Requester.Claimed)},
			{"Proven", provenBy(t)},
			{"To", strings.Join(t.Recipients, ", ")},
			{"Subject", t.Subject},
			{"Status", t.Status},
			{"Created", stamp(t.CreatedAt) + ", " + age(a.now().Sub(t.CreatedAt)) + " ago"},
			{"Via", t.Via},
			{"Message-ID", t.MessageID},
			{"Decision", t.DecisionID},
			{"Size", strconv.FormatInt(t.Size, 10) + " octets"},
		},
	}
}

// answers names whom an answer reaches in the place of the requester, if it does.
func answers(t store.Ticket) string {
	if len(t.ReplyTo) == 0 {
		return ""
	}
	return strings.Join(t.ReplyTo, ", ") + " (Reply-To)"
}

// provenBy says whether a ticket is from whom it says, and on whose word if it is not our own.
func provenBy(t store.Ticket) string {
	if t.Sealer != "" {
		return "yes, as sealed by " + t.Sealer
	}
	return yesNo(t.Proven)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func newTicketExport(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "write tickets as CSV, as JSON lines, or with their comments as an mbox or as .eml files",
		Args:  takes(0, 0),
	}
	f, e := newFilter(cmd), newExport(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		q, err := f.query(a.now())
		if err != nil {
			return err
		}
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			n, _ := db.CountTickets(cmd.Context(), q) // 0 where it cannot be read
			tickets := withBar(a.progress(a.stdout), n, db.ListTickets(cmd.Context(), q))
			if e.files() {
				return a.exportMessages(cmd.Context(), db, a.withComments(cmd.Context(), db, tickets), *e)
			}
			return writeRecords(a, tickets, ticketColumns(), ticketCells)
		})
	}
	return cmd
}

func ticketColumns() []string {
	return []string{"id", "created_at", "status", "requester_name", "requester_email", "claimed",
		"subject", "recipient", "via", "proven", "message_id", "size", "decision_id"}
}

func ticketCells(t store.Ticket) []string {
	return []string{strconv.FormatInt(t.ID, 10), stamp(t.CreatedAt), t.Status, t.Requester.Name,
		t.Requester.Email, strconv.FormatBool(t.Requester.Claimed), t.Subject, t.Recipient, t.Via,
		strconv.FormatBool(t.Proven), t.MessageID, strconv.FormatInt(t.Size, 10), t.DecisionID}
}
