package main

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"strings"

	"gatepost/store"
)

// A commented is a ticket as `ticket show --json` prints it.
type commented struct {
	store.Ticket
	Comments []store.Comment `json:"comments"`
	Handoffs []store.Handoff `json:"handoffs"` // of its comments too, the newest first
}

// showTicket prints a ticket, and below its own text the replies that joined it, and where all of
// it was handed on, in the words of the other side.
func (a *app) showTicket(ctx context.Context, db *store.DB, t store.Ticket, v view) error {
	comments, err := commentsOf(ctx, db, t.ID)
	if err != nil {
		return err
	}
	handoffs, err := db.HandoffsOf(ctx, t.ID)
	if err != nil {
		return err
	}
	l := a.ticketMessage(t)
	l.record = commented{t, comments, handoffs}
	err = a.printMessage(ctx, db, l, v)
	if a.json || v != (view{}) {
		return err
	}
	rows := make([][2]string, len(comments))
	for i, c := range comments {
		rows[i] = [2]string{"  " + strconv.FormatInt(c.ID, 10), strings.Join([]string{
			stamp(c.CreatedAt), person(c.Author), provenWords(c), c.Subject}, ", ")}
	}
	handed := make([][2]string, len(handoffs))
	for i, h := range handoffs {
		handed[i] = [2]string{"  " + h.Target, strings.TrimSuffix(strings.Join([]string{
			stamp(h.CreatedAt), h.Event, h.State, h.Said}, ", "), ", ")}
	}
	return errors.Join(err, a.printSection("comments", rows), a.printSection("handed on", handed))
}

func commentsOf(ctx context.Context, db *store.DB, ticket int64) ([]store.Comment, error) {
	comments := []store.Comment{}
	for c, err := range db.Comments(ctx, ticket) {
		if err != nil {
			return nil, err
		}
		comments = append(comments, c)
	}
	return comments, nil
}

// withComments are the messages of tickets, behind each those of the replies that joined it, the
// oldest first. Comments that cannot be read are an error in the end.
func (a *app) withComments(ctx context.Context, db *store.DB,
	tickets iter.Seq2[store.Ticket, error]) iter.Seq2[storedMessage, error] {
	return func(yield func(storedMessage, error) bool) {
		var unread error
		for m, err := range storedMessages(tickets, a.ticketMessage) {
			if err != nil {
				unread = errors.Join(unread, err)
				break
			}
			if !yield(m, nil) {
				return
			}
			for c, err := range db.Comments(ctx, m.id) {
				if err != nil {
					unread = errors.Join(unread, no("comments of ticket %d were left out: %w", m.id, err))
				} else if !yield(a.commentMessage(c), nil) {
					return
				}
			}
		}
		if unread != nil {
			yield(storedMessage{}, unread)
		}
	}
}

func provenWords(c store.Comment) string {
	switch {
	case c.Claimed:
		return "only claimed"
	case c.Proven:
		return "proven"
	}
	return "not proven"
}

// showComment prints one comment of a ticket.
func (a *app) showComment(ctx context.Context, db *store.DB, t store.Ticket, id int64,
	v view) error {
	c, err := db.Comment(ctx, id)
	if err == nil && c.Ticket != t.ID {
		err = store.ErrNotFound
	}
	if err != nil {
		return notFound(err, "ticket %d has no comment %d: `ticket show %d` lists those that it has",
			t.ID, id, t.ID)
	}
	return a.printMessage(ctx, db, a.commentMessage(c), v)
}

func (a *app) commentMessage(c store.Comment) storedMessage {
	return storedMessage{
		id: c.ID, from: c.Author.Email, size: c.Size, created: c.CreatedAt, record: c,
		fields: [][2]string{
			{"ID", strconv.FormatInt(c.ID, 10)},
			{"Ticket", strconv.FormatInt(c.Ticket, 10)},
			{"Author", person(c.Author)},
			{"Claimed", yesNo(c.Claimed)},
			{"Proven", yesNo(c.Proven)},
			{"Seen by requester", yesNo(c.Public)},
			{"To", strings.Join(c.Recipients, ", ")},
			{"Subject", c.Subject},
			{"Created", stamp(c.CreatedAt) + ", " + age(a.now().Sub(c.CreatedAt)) + " ago"},
			{"Via", c.Via},
			{"Message-ID", c.MessageID},
			{"Decision", c.DecisionID},
			{"Size", strconv.FormatInt(c.Size, 10) + " octets"},
		},
	}
}
