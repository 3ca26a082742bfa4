package api

import (
	"net/http"

	"gatepost/httpd"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// listTickets lists all tickets to staff, and their own to an end-user.
func (s *handlers) listTickets(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	p, err := readPaging(r.URL.Query())
	if err != nil {
		return err
	}
	q := store.Query{}
	if err := readSort(r, &q, &p.request); err != nil {
		return err
	}
	if !httpd.Agent.Admits(c) {
		if q.Requester, err = message.ParseAddress(c.User.Email); err != nil {
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
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

// theTicket is the ticket that the path names, if the caller may see it.
func (s *handlers) theTicket(r *http.Request, c httpd.Caller) (store.Ticket, error) {
	id, err := httpd.PathID(r)
	if err != nil {
		return store.Ticket{}, err
	}
	if c.Role == policy.EndUser {
		return s.OwnTicket(r, c, id)
	}
	return s.DB.Ticket(r.Context(), id)
}

func (s *handlers) showTicket(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	found, err := s.theTicket(r, c)
	if err != nil {
		return err
	}
	t, err := s.ticket(r.Context(), r, found)
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"ticket": t})
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
func (s *handlers) listComments(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	found, err := s.theTicket(r, c)
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
	one := comment{ID: t.ID, Type: "Comment", AuthorID: t.RequesterID, Body: text,
		PlainBody: text, Public: true, Attachments: files, CreatedAt: t.CreatedAt, Via: t.Via}
	return httpd.AnswerJSON(w, http.StatusOK, body{"comments": []comment{one}, "count": 1,
		"next_page": nil, "previous_page": nil, "links": links(nil, nil),
		"meta": map[string]any{"has_more": false, "after_cursor": nil, "before_cursor": nil}})
}
