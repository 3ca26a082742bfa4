package httpd

import (
	"net/http"

	"gatepost/policy"
)

// UndoOwn undoes an entry of the audit log, as Undo does. An agent undoes what they did
// themselves to held mail; what changes lists is for admins.
func (s *Server) UndoOwn(r *http.Request, c Caller, id int64) (held int, err error) {
	e, err := s.DB.AuditEntry(r.Context(), id)
	if err != nil {
		return 0, err
	}
	own := e.Actor == c.User.Email && e.Messages > 0 && !e.Lists
	if c.Role < policy.Admin && !own {
		return 0, Forbidden("changes of lists, and those of others, are undone by admins")
	}
	return s.Undo(r, c, id)
}

// Undo undoes an entry of the audit log, and says how many messages are held again by that.
func (s *Server) Undo(r *http.Request, c Caller, id int64) (held int, err error) {
	if err := s.As(c).Undo(r.Context(), id); err != nil {
		return 0, err
	}
	e, err := s.DB.AuditEntry(r.Context(), id)
	if err == nil && e.UndoneBy != nil {
		e, err = s.DB.AuditEntry(r.Context(), *e.UndoneBy)
	}
	return e.Messages, err
}
