package console

import (
	"errors"
	"net/http"

	"gatepost/httpd"
	"gatepost/store"
)

// deleted is what deleting did, and offers to take it back where that can be.
func (s *handlers) deleted(ids []int64) flash {
	d := flash{what: "deleted", n: len(ids)}
	if s.DB.DeletedKept() > 0 {
		d.undelete = ids
	}
	return d
}

// undeletePage holds deleted messages again, for the button beside what was deleted.
func (s *handlers) undeletePage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
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
func (s *handlers) undoMail(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	to := ownPath(r.PostForm.Get("back"))
	held, err := s.UndoOwn(r, c, id)
	switch {
	case errors.Is(err, store.ErrCannotUndo):
		return s.back(w, r, to, flash{what: "not undone"})
	case err != nil:
		return err
	}
	return s.back(w, r, to, flash{what: "undone", n: held})
}
