package httpd

import (
	"errors"
	"net/http"

	"gatepost/store"
)

// OwnTicket is a ticket of the caller's own. That there is one of somebody else is not said.
func (s *Server) OwnTicket(r *http.Request, c Caller, id int64) (store.Ticket, error) {
	t, err := s.DB.Ticket(r.Context(), id)
	if err == nil && !isRequester(c, t) {
		return store.Ticket{}, ErrNotFound
	}
	return t, err
}

// OwnMessage reports whether a message is of a ticket of the caller's own, and one that the
// requester wrote or got: its error is ErrNotFound if not.
func (s *Server) OwnMessage(r *http.Request, c Caller, id int64) error {
	comment, err := s.DB.Comment(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		_, err = s.OwnTicket(r, c, id)
		return err
	}
	if err == nil && !comment.Public {
		err = ErrNotFound
	}
	if err == nil {
		_, err = s.OwnTicket(r, c, comment.Ticket)
	}
	return err
}

// isRequester reports whether a ticket is the caller's: an address that is only claimed shows
// nobody's mail to its owner, nor theirs to whoever claimed it.
func isRequester(c Caller, t store.Ticket) bool {
	return c.Known && t.Requester.Profile != "" && t.Requester.Profile == c.User.Email
}
