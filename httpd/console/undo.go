package console

import (
	"errors"
	"net/http"

	"gatepost/httpd"
	"gatepost/store"
)

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
	h := s.As(c)
	_, err = h.Undelete(r.Context(), ids)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.back(w, r, to, flash{what: "not restored"})
	case err != nil:
		return err
	}
	return s.back(w, r, to, did("restored", h))
}

// undoneBy says what an undoing did, by its own entry.
func undoneBy(e store.AuditEntry) flash {
	return flash{what: "undone", entries: []int64{e.ID}}
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
	by, err := s.UndoOwn(r, c, id)
	switch {
	case errors.Is(err, store.ErrCannotUndo):
		return s.back(w, r, to, flash{what: "not undone"})
	case err != nil:
		return err
	}
	return s.back(w, r, to, undoneBy(by))
}
