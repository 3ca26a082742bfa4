package api

import (
	"net/http"
	"slices"

	"gatepost/httpd"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

func (s *handlers) ticketOperations() []operation {
	return tagged("tickets", []operation{
		{pattern: "GET /api/v2/tickets", role: httpd.EndUser, handler: s.listTickets,
			id: "listTickets", summary: "Tickets; an end-user sees their own",
			takes: slices.Concat(pageParameters(), sortParameters()),
			gives: answers("a page of tickets", pageOf("tickets", "Ticket"))},
		{pattern: "GET /api/v2/tickets/{id}", role: httpd.EndUser, handler: s.showTicket,
			id: "showTicket", summary: "One ticket",
			gives: answers("the ticket",
				fields{"ticket": "Ticket",
					"handoffs": "[]Handoff: for staff: where the ticket and its comments were handed on, " +
						"the newest 200 first"})},
		{pattern: "GET /api/v2/tickets/{id}/comments",
			role: httpd.EndUser, handler: s.listComments,
			id: "listComments", summary: "The message of a ticket, and the replies that joined it",
			takes: pageParameters(),
			gives: answers(
				"a page of comments, the oldest first; the message of the ticket stands before "+
					"those of the first page",
				pageOf("comments", "Comment"))},
	})
}

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

// showTicket shows staff also where a ticket and its comments were handed on.
func (s *handlers) showTicket(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	found, err := s.theTicket(r, c)
	if err != nil {
		return err
	}
	t, err := s.ticket(r.Context(), r, found)
	if err != nil {
		return err
	}
	b := body{"ticket": t}
	if httpd.Agent.Admits(c) {
		if b["handoffs"], err = s.DB.HandoffsOf(r.Context(), found.ID); err != nil {
			return err
		}
	}
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

// A comment is the message of a ticket, or a reply that joined it.
type comment struct {
	ID          int64        `json:"id"`
	Type        string       `json:"type"`
	AuthorID    *int64       `json:"author_id"`
	Body        string       `json:"body"`
	PlainBody   string       `json:"plain_body"`
	Public      bool         `json:"public"` // the requester wrote it or got it
	Attachments []attachment `json:"attachments"`
	CreatedAt   stamp        `json:"created_at"`
	Via         via          `json:"via"`

	DecisionID string `json:"decision_id"`
	MessageID  string `json:"message_id"`
	Claimed    bool   `json:"claimed"`
	Proven     bool   `json:"proven"`
}

// listComments shows the message a ticket was made of, which stands on the first page before the
// others, and the replies that joined it. An end-user sees those that they wrote or got.
func (s *handlers) listComments(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	found, err := s.theTicket(r, c)
	if err != nil {
		return err
	}
	p, err := readPaging(r.URL.Query())
	if err != nil {
		return err
	}
	public := c.Role == policy.EndUser
	page, err := turn(p, func(pr store.PageRequest) (store.Page[store.Comment], error) {
		return s.DB.CommentPage(r.Context(), found.ID, public, pr)
	})
	if err != nil {
		return err
	}
	records := []comment{}
	if !page.HasPrevious && (p.cursor || p.number == 1) {
		first, err := s.firstComment(r, found)
		if err != nil {
			return err
		}
		records = append(records, first)
	}
	for _, reply := range page.Items {
		one, err := s.comment(r, reply)
		if err != nil {
			return err
		}
		records = append(records, one)
	}
	b, err := pageBody(s, r, "comments", records, p, page, func() (int64, error) {
		n, err := s.DB.CountComments(r.Context(), found.ID, public)
		return n + 1, err
	})
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

// firstComment is the message of a ticket.
func (s *handlers) firstComment(r *http.Request, found store.Ticket) (comment, error) {
	t, err := s.ticket(r.Context(), r, found)
	if err != nil {
		return comment{}, err
	}
	text, files, err := s.content(r, found.ID, found.Size, wholeMail)
	return comment{ID: t.ID, Type: "Comment", AuthorID: t.RequesterID, Body: text, PlainBody: text,
		Public: true, Attachments: files, CreatedAt: t.CreatedAt, Via: t.Via,
		DecisionID: t.DecisionID, MessageID: t.MessageID, Claimed: t.Claimed, Proven: t.Proven}, err
}

// comment is a reply with its text. Of a large one the attachments are not listed: there may be a
// hundred of them on a page.
func (s *handlers) comment(r *http.Request, reply store.Comment) (out comment, err error) {
	to := ""
	if len(reply.Recipients) > 0 {
		to = reply.Recipients[0]
	}
	out = comment{ID: reply.ID, Type: "Comment", Public: reply.Public, Attachments: []attachment{},
		CreatedAt: stamp(reply.CreatedAt), Via: newVia(reply.Author, to), DecisionID: reply.DecisionID,
		MessageID: reply.MessageID, Claimed: reply.Claimed, Proven: reply.Proven}
	if !reply.Claimed {
		if out.AuthorID, err = s.profileID(r.Context(), reply.Author.Email); err != nil {
			return out, err
		}
	}
	text, files, err := s.content(r, reply.ID, reply.Size, listedMail)
	if lostWords(err) != "" { // the others of the ticket are there
		return out, nil
	}
	if out.Body, out.PlainBody = text, text; files != nil {
		out.Attachments = files
	}
	return out, err
}
