package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"gatepost/policy"
	"gatepost/store"
)

// An auditView is one page of the audit log, the newest first.
type auditView struct {
	Entries []store.AuditEntry
	Since   map[int64]bool // by id: what it changed has been changed since, so it stays
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
	var err error
	if view.Since, err = s.changedSince(r.Context(), view.Entries); err != nil {
		return err
	}
	return s.renderStatus(w, r, v, status, "audit.html", view)
}

// changedSince are the entries whose undoing would be refused, going by what they say and by
// what stands now. It need not find all: the store decides when it is asked to undo one.
func (s *Server) changedSince(ctx context.Context, entries []store.AuditEntry) (
	map[int64]bool, error) {
	access, err := s.DB.Access(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.DB.Policy(ctx)
	if err != nil {
		return nil, err
	}
	lists := map[string]*policy.List{string(policy.Allow): p.Allow, string(policy.Block): p.Block}
	since := map[int64]bool{}
	for _, e := range entries {
		if list, ok := lists[e.Subject]; ok {
			since[e.ID] = !allOn(list, e.Subject, e.After, true) ||
				!allOn(list, e.Subject, e.Before, false)
			continue
		}
		var after restrictions
		since[e.ID] = json.Unmarshal(e.After, &after) == nil && after != (restrictions{
			access.Enabled, access.Ranges.String(), access.CustomersBypass})
	}
	return since, nil
}

// allOn reports whether all entries that the audit log names are on the list, or none is.
func allOn(list *policy.List, name string, side json.RawMessage, on bool) bool {
	var some listed
	if json.Unmarshal(side, &some) != nil {
		return true
	}
	for _, text := range some.Entries {
		e, err := policy.ParseEntry(policy.ListName(name), text)
		if err == nil && list.Has(e) != on {
			return false
		}
	}
	return true
}

// undoChange undoes a change of lists or access.
func (s *Server) undoChange(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(r); err != nil {
		return err
	}
	id, err := pathID(r)
	if err != nil {
		return err
	}
	d, err := s.undoEntry(r, v, id)
	switch {
	case err == nil:
		return s.back(w, r, ownPath(r.PostForm.Get("back")), d)
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
