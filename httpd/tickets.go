package httpd

import (
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

// isRequester reports whether a ticket is the caller's: an address that is only claimed shows
// nobody's mail to its owner, nor theirs to whoever claimed it.
func isRequester(c Caller, t store.Ticket) bool {
	return c.Known && t.Requester.Profile != "" && t.Requester.Profile == c.User.Email
}
