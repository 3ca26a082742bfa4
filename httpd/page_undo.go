package httpd

import (
	"errors"
	"net/http"

	"gatepost/policy"
	"gatepost/store"
)

// deleted is what deleting did, and offers to take it back where that can be.
func (s *Server) deleted(ids []int64) flash {
	d := flash{what: "deleted", n: len(ids)}
	if s.DB.DeletedKept() > 0 {
		d.undelete = ids
	}
	return d
}

// undeletePage holds deleted messages again, for the button beside what was deleted.
func (s *Server) undeletePage(w http.ResponseWriter, r *http.Request, c Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	ids, err := formIDs(r)
	if err != nil {
		return err
	}
	to := ownPath(r.PostForm.Get("back"))
	_, err = s.As(c).Undelete(r.Context(), ids)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.back(w, r, to, flash{what: "not restored"})
	case err != nil:
		return err
	}
	return s.back(w, r, to, flash{what: "restored", n: len(ids)})
}

// undoMail undoes what a caller did to held mail, for the button beside it.
func (s *Server) undoMail(w http.ResponseWriter, r *http.Request, c Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	id, err := PathID(r)
	if err != nil {
		return err
	}
	d, err := s.undoOwn(r, c, id)
	if errors.Is(err, store.ErrCannotUndo) {
		d, err = flash{what: "not undone"}, nil
	}
	if err != nil {
		return err
	}
	return s.back(w, r, ownPath(r.PostForm.Get("back")), d)
}

// undoOwn undoes an entry of the audit log. An agent undoes what they did themselves to held
// mail; what changes lists is for admins.
func (s *Server) undoOwn(r *http.Request, c Caller, id int64) (d flash, err error) {
	e, err := s.DB.AuditEntry(r.Context(), id)
	if err != nil {
		return d, err
	}
	own := e.Actor == c.User.Email && e.Messages > 0 && !e.Lists
	if c.Role < policy.Admin && !own {
		return d, Forbidden("changes of lists, and those of others, are undone by admins")
	}
	return s.undoEntry(r, c, id)
}

// undoEntry undoes an entry of the audit log, and says how many messages are held again by that.
func (s *Server) undoEntry(r *http.Request, c Caller, id int64) (d flash, err error) {
	if err := s.As(c).Undo(r.Context(), id); err != nil {
		return d, err
	}
	e, err := s.DB.AuditEntry(r.Context(), id)
	if err == nil && e.UndoneBy != nil {
		e, err = s.DB.AuditEntry(r.Context(), *e.UndoneBy)
	}
	return flash{what: "undone", n: e.Messages}, err
}
