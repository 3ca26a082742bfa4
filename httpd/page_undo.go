package httpd

import (
	"errors"
	"net/http"

	"gatepost/policy"
	"gatepost/store"
)

// deleted is what deleting did, and offers to take it back where that can be.
func (s *Server) deleted(ids []int64) done {
	d := done{what: "deleted", n: len(ids)}
	if s.DB.DeletedKept() > 0 {
		d.undelete = ids
	}
	return d
}

// undeletePage holds deleted messages again, for the button beside what was deleted.
func (s *Server) undeletePage(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(r); err != nil {
		return err
	}
	ids, err := formIDs(r)
	if err != nil {
		return err
	}
	to := ownPath(r.PostForm.Get("back"))
	_, err = s.hand(v).Undelete(r.Context(), ids)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.back(w, r, to, done{what: "not restored"})
	case err != nil:
		return err
	}
	return s.back(w, r, to, done{what: "restored", n: len(ids)})
}

// undoMail undoes what a visitor did to held mail, for the button beside it.
func (s *Server) undoMail(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(r); err != nil {
		return err
	}
	id, err := pathID(r)
	if err != nil {
		return err
	}
	d, err := s.undoOwn(r, v, id)
	if errors.Is(err, store.ErrCannotUndo) {
		d, err = done{what: "not undone"}, nil
	}
	if err != nil {
		return err
	}
	return s.back(w, r, ownPath(r.PostForm.Get("back")), d)
}

// undoOwn undoes an entry of the audit log. An agent undoes what they did themselves to held
// mail; what changes lists is for admins.
func (s *Server) undoOwn(r *http.Request, v visitor, id int64) (d done, err error) {
	e, err := s.DB.AuditEntry(r.Context(), id)
	if err != nil {
		return d, err
	}
	own := e.Actor == v.User.Email && e.Messages > 0 && !e.Lists
	if v.Role < policy.Admin && !own {
		return d, forbidden("changes of lists, and those of others, are undone by admins")
	}
	return s.undoEntry(r, v, id)
}

// undoEntry undoes an entry of the audit log, and says how many messages are held again by that.
func (s *Server) undoEntry(r *http.Request, v visitor, id int64) (d done, err error) {
	if err := s.hand(v).Undo(r.Context(), id); err != nil {
		return d, err
	}
	e, err := s.DB.AuditEntry(r.Context(), id)
	if err == nil && e.UndoneBy != nil {
		e, err = s.DB.AuditEntry(r.Context(), *e.UndoneBy)
	}
	return done{what: "undone", n: e.Messages}, err
}
