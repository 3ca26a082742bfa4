package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"gatepost/httpd"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// A ticketList is tickets as they are listed: all of them, or those of one requester.
type ticketList struct {
	List listing
	Page store.Page[store.Ticket]
	Mine bool
}

// A ticketView is one ticket as it is shown.
type ticketView struct {
	store.Ticket
	Preview  preview
	Reasons  store.Explanation
	Envelope envelopeView
	Blocks   []blockOffer // for admins: what would hold the next message of its sender
	WhatIf   whatIf       // for admins
	Mine     bool
	Handoffs []store.Handoff // for staff: where its message went

	Comments []commentView
	More     bool // there are older ones that are not shown
}

// A blockOffer is an entry of the blocklist, with how much it would have held.
type blockOffer struct {
	quickRule
	Count int64 // tickets of the last blockDays from whom it is about
}

// blockDays is how many days back a page counts what an entry would have held.
const blockDays = 30

func (s *handlers) ticketsPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	t := ticketList{List: newListing("/tickets", r)}
	return s.showTickets(w, r, c, t, t.List.query())
}

// requestsPage are the tickets of who asks, and nobody else's.
func (s *handlers) requestsPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	own, err := message.ParseAddress(c.User.Email)
	if err != nil {
		return err
	}
	t := ticketList{List: newListing("/requests", r), Mine: true}
	q := t.List.query()
	q.Requester = own
	return s.showTickets(w, r, c, t, q)
}

func (s *handlers) showTickets(w http.ResponseWriter, r *http.Request, c httpd.Caller, t ticketList,
	q store.Query) (err error) {
	q.Cause = "" // which would select none
	if t.Page, err = s.DB.TicketPage(r.Context(), q, t.List.page()); err != nil {
		return err
	}
	return s.render(w, r, c, "tickets.html", t)
}

func (s *handlers) ticketPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	t, err := s.ticketView(r.Context(), id, c.Role >= policy.Admin)
	if err == nil {
		err = s.addComments(r.Context(), t)
	}
	if err != nil {
		return err
	}
	if t.Handoffs, err = s.DB.HandoffsOf(r.Context(), id); err != nil {
		return err
	}
	return s.render(w, r, c, "ticket.html", t)
}

// requestPage shows somebody a ticket of theirs. Of those of others it says that there are
// none. An address that is only claimed opens nothing: anybody could have written it.
func (s *handlers) requestPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	if _, err := s.OwnTicket(r, c, id); err != nil {
		return err
	}
	view, err := s.ticketView(r.Context(), id, false)
	if err != nil {
		return err
	}
	view.Mine = true
	if err := s.addComments(r.Context(), view); err != nil {
		return err
	}
	return s.render(w, r, c, "ticket.html", view)
}

// ticketView is a ticket as it is shown, for an admin with what can be done about its sender.
func (s *handlers) ticketView(ctx context.Context, id int64, offer bool) (_ *ticketView,
	err error) {
	t := &ticketView{}
	if t.Ticket, err = s.DB.Ticket(ctx, id); err != nil {
		return nil, err
	}
	if t.Reasons, err = s.DB.Explain(ctx, strconv.FormatInt(id, 10)); err != nil {
		return nil, err
	}
	l, err := s.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	t.Preview, t.Envelope = newPreview(l), newEnvelopeView(l)
	if !offer {
		return t, nil
	}
	if t.WhatIf, err = s.whatIf(ctx, l, ""); err != nil {
		return nil, err
	}
	t.Blocks, err = s.countBlocks(ctx, t.WhatIf.KeepOut)
	return t, err
}

func (s *handlers) countBlocks(ctx context.Context, rules []quickRule) (all []blockOffer,
	err error) {
	since := s.Now().AddDate(0, 0, -blockDays)
	for _, q := range rules {
		n, err := s.DB.CountTickets(ctx, store.Query{From: q.entry.Target, After: since})
		if err != nil {
			return nil, err
		}
		all = append(all, blockOffer{q, n})
	}
	return all, nil
}

// actOnTicket changes what becomes of the next message of a ticket's sender. The ticket stays.
func (s *handlers) actOnTicket(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	t, err := s.DB.Ticket(r.Context(), id)
	if err != nil {
		return err
	}
	rule, err := s.chosenRule(r.Context(), c, t.ID, "", r.PostForm.Get("rule"))
	if err != nil {
		return err
	}
	h := s.As(c)
	if err := rule.apply(r.Context(), h); err != nil {
		return err
	}
	return s.back(w, r, newListing("/tickets", r).Of(id), did("changed", h))
}
