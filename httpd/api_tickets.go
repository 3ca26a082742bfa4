package httpd

import (
	"net/http"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// listTickets lists all tickets to staff, and their own to an end-user.
func (s *Server) listTickets(w http.ResponseWriter, r *http.Request, v visitor) error {
	p, err := readPaging(r.URL.Query())
	if err != nil {
		return err
	}
	q := store.Query{}
	if err := readSort(r, &q, &p.request); err != nil {
		return err
	}
	if !agent.admits(v) {
		if q.Requester, err = message.ParseAddress(v.User.Email); err != nil {
			return err
		}
	}
	found, err := turn(p, func(pr store.PageRequest) (store.Page[store.Ticket], error) {
		return s.DB.TicketPage(r.Context(), q, pr)
	})
	if err != nil {
		return err
	}
	records := make([]ticket, len(found.Items))
	for i, t := range found.Items {
		if records[i], err = s.ticket(r.Context(), r, t); err != nil {
			return err
		}
	}
	b, err := pageBody(s, r, "tickets", records, p, found, func() (int64, error) {
		return s.DB.CountTickets(r.Context(), q)
	})
	if err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, b)
}

// theTicket is the ticket that the path names, if the visitor may see it.
func (s *Server) theTicket(r *http.Request, v visitor) (store.Ticket, error) {
	id, err := pathID(r)
	if err != nil {
		return store.Ticket{}, err
	}
	if v.Role == policy.EndUser {
		return s.ownTicket(r, v, id)
	}
	return s.DB.Ticket(r.Context(), id)
}

// ownTicket is a ticket of the visitor's own. That there is one of somebody else is not said.
func (s *Server) ownTicket(r *http.Request, v visitor, id int64) (store.Ticket, error) {
	t, err := s.DB.Ticket(r.Context(), id)
	if err == nil && !isRequester(v, t) {
		return store.Ticket{}, errNotFound
	}
	return t, err
}

// isRequester reports whether a ticket is the visitor's: an address that is only claimed shows
// nobody's mail to its owner, nor theirs to whoever claimed it.
func isRequester(v visitor, t store.Ticket) bool {
	return v.Known && t.Requester.Profile != "" && t.Requester.Profile == v.User.Email
}

func (s *Server) showTicket(w http.ResponseWriter, r *http.Request, v visitor) error {
	found, err := s.theTicket(r, v)
	if err != nil {
		return err
	}
	t, err := s.ticket(r.Context(), r, found)
	if err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, body{"ticket": t})
}

// A comment is the message of a ticket.
type comment struct {
	ID          int64        `json:"id"`
	Type        string       `json:"type"`
	AuthorID    *int64       `json:"author_id"`
	Body        string       `json:"body"`
	PlainBody   string       `json:"plain_body"`
	Public      bool         `json:"public"`
	Attachments []attachment `json:"attachments"`
	CreatedAt   stamp        `json:"created_at"`
	Via         via          `json:"via"`
}

// listComments shows the message a ticket was made of.
func (s *Server) listComments(w http.ResponseWriter, r *http.Request, v visitor) error {
	found, err := s.theTicket(r, v)
	if err != nil {
		return err
	}
	t, err := s.ticket(r.Context(), r, found)
	if err != nil {
		return err
	}
	text, files, err := s.content(r, found.ID, found.Size, wholeMail)
	if err != nil {
		return err
	}
	c := comment{ID: t.ID, Type: "Comment", AuthorID: t.RequesterID, Body: text,
		PlainBody: text, Public: true, Attachments: files, CreatedAt: t.CreatedAt, Via: t.Via}
	return answerJSON(w, http.StatusOK, body{"comments": []comment{c}, "count": 1,
		"next_page": nil, "previous_page": nil, "links": links(nil, nil),
		"meta": map[string]any{"has_more": false, "after_cursor": nil, "before_cursor": nil}})
}
