package httpd

import (
	"net/http"

	"gatepost/policy"
	"gatepost/store"
)

// UndoOwn undoes an entry of the audit log, as Undo does. An agent undoes what they did
// themselves to held mail; what changes lists is for admins.
func (s *Server) UndoOwn(r *http.Request, c Caller, id int64) (
	by store.AuditEntry, err error) {
	e, err := s.DB.AuditEntry(r.Context(), id)
	if err != nil {
		return by, err
	}
	own := e.Actor == c.User.Email && e.Messages > 0 && !e.Lists
	if c.Role < policy.Admin && !own {
		return by, Forbidden("changes of lists, and those of others, are undone by admins")
	}
	return s.Undo(r, c, id)
}

// Undo undoes an entry of the audit log, and gives the one that says so: its messages are held
// again by that.
func (s *Server) Undo(r *http.Request, c Caller, id int64) (by store.AuditEntry, err error) {
	h := s.As(c)
	if err := h.Undo(r.Context(), id); err != nil {
		return by, err
	}
	return s.DB.AuditEntry(r.Context(), h.Entries()[0])
}
