package httpd

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"gatepost/message"
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
	Mine     bool
}

func (s *Server) ticketsPage(w http.ResponseWriter, r *http.Request, v visitor) error {
	t := ticketList{List: newListing("/tickets", r)}
	return s.showTickets(w, r, v, t, t.List.query())
}

// requestsPage are the tickets of who asks, and nobody else's.
func (s *Server) requestsPage(w http.ResponseWriter, r *http.Request, v visitor) error {
	own, err := message.ParseAddress(v.User.Email)
	if err != nil {
		return err
	}
	t := ticketList{List: newListing("/requests", r), Mine: true}
	q := t.List.query()
	q.Requester = own
	return s.showTickets(w, r, v, t, q)
}

func (s *Server) showTickets(w http.ResponseWriter, r *http.Request, v visitor, t ticketList,
	q store.Query) (err error) {
	q.Cause = "" // which would select none
	if t.Page, err = s.DB.TicketPage(r.Context(), q, t.List.page()); err != nil {
		return err
	}
	return s.render(w, r, v, "tickets.html", t)
}

func (s *Server) ticketPage(w http.ResponseWriter, r *http.Request, v visitor) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	t, err := s.ticketView(r.Context(), id)
	if err != nil {
		return err
	}
	return s.render(w, r, v, "ticket.html", t)
}

// requestPage shows somebody a ticket of theirs. Of those of others it says that there are
// none. An address that is only claimed opens nothing: anybody could have written it.
func (s *Server) requestPage(w http.ResponseWriter, r *http.Request, v visitor) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if _, err := s.ownTicket(r, v, id); err != nil {
		return err
	}
	view, err := s.ticketView(r.Context(), id)
	if err != nil {
		return err
	}
	view.Mine = true
	return s.render(w, r, v, "ticket.html", view)
}

func (s *Server) ticketView(ctx context.Context, id int64) (_ *ticketView, err error) {
	t := &ticketView{}
	if t.Ticket, err = s.DB.Ticket(ctx, id); err != nil {
		return nil, err
	}
	if t.Reasons, err = s.DB.Explain(ctx, strconv.FormatInt(id, 10)); err != nil {
		return nil, err
	}
	l, err := s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	t.Preview, t.Envelope = l.preview(), l.envelope()
	return t, nil
}
