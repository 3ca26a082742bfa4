package httpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"gatepost/store"
)

// An auditView is one page of the audit log, the newest first.
type auditView struct {
	Entries []store.AuditEntry
	Subject string
	First   bool  // it is the first page
	Older   int64 // where the next page begins, 0 at the end
	Error   string
}

func (s *Server) auditPage(w http.ResponseWriter, r *http.Request, v visitor) error {
	return s.showAudit(w, r, v, http.StatusOK, "")
}

func (s *Server) showAudit(w http.ResponseWriter, r *http.Request, v visitor, status int,
	wrong string) error {
	before, _ := strconv.ParseInt(r.FormValue("before"), 10, 64)
	view := auditView{Subject: r.FormValue("subject"), First: before <= 0, Error: wrong}
	q := store.AuditQuery{Before: max(before, 0), Limit: pageSize + 1, Subject: view.Subject}
	for e, err := range s.DB.AuditLog(r.Context(), q) {
		if err != nil {
			return err
		}
		view.Entries = append(view.Entries, e)
	}
	if len(view.Entries) > pageSize {
		view.Entries = view.Entries[:pageSize]
		view.Older = view.Entries[pageSize-1].ID
	}
	return s.renderStatus(w, r, v, status, "audit.html", view)
}

// undoChange undoes a change of lists or access.
func (s *Server) undoChange(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	id, err := pathID(r)
	if err != nil {
		return err
	}
	err = s.hand(v).Undo(r.Context(), id)
	switch {
	case err == nil:
		return s.back(w, r, ownPath(r.PostForm.Get("back")), done{what: "undone"})
	case errors.Is(err, store.ErrCannotUndo), errors.Is(err, store.ErrLockout):
		return s.showAudit(w, r, v, http.StatusConflict, err.Error())
	}
	return err
}

// tidy is JSON as a person reads it, "" if there is none.
func tidy(raw json.RawMessage) string {
	var b bytes.Buffer
	if len(raw) == 0 || string(raw) == "null" || json.Indent(&b, raw, "", "  ") != nil {
		return ""
	}
	return b.String()
}
