package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"gatepost/httpd"
	"gatepost/store"
)

// A logged is an entry of the audit log.
type logged struct {
	ID       int64           `json:"id"`
	At       stamp           `json:"created_at"`
	Actor    string          `json:"actor"`
	Door     string          `json:"door"`
	Client   string          `json:"ip_address"`
	Action   store.Action    `json:"action"`
	Subject  string          `json:"subject"`
	Before   json.RawMessage `json:"before"`
	After    json.RawMessage `json:"after"`
	Undoable bool            `json:"undoable"`
	UndoneBy *int64          `json:"undone_by"`
	Messages int             `json:"messages"` // how many held messages it is about
}

// auditLogs shows who changed what, the latest first; before= an id goes further back.
func (s *handlers) auditLogs(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	query := r.URL.Query()
	size, err := readNumber(query, "page[size]", maxPage)
	if err != nil {
		return err
	}
	size = min(size, maxPage)
	before, err := readNumber(query, "page[after]", 0)
	if err != nil {
		return err
	}
	q := store.AuditQuery{Before: int64(before), Limit: size + 1, Subject: query.Get("subject")}
	records := []logged{}
	for e, err := range s.DB.AuditLog(r.Context(), q) {
		if err != nil {
			return err
		}
		records = append(records, logged{e.ID, stamp(e.At), e.Actor, e.Via, e.Client, e.Action,
			e.Subject, e.Before, e.After, e.Undoable, e.UndoneBy, e.Messages})
	}
	more := len(records) > size
	records = records[:min(len(records), size)]
	after := ""
	if len(records) > 0 {
		after = fmt.Sprint(records[len(records)-1].ID)
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"audit_logs": records,
		"meta":  map[string]any{"has_more": more, "after_cursor": orNull(after)},
		"links": links(when(more, s.link(r, "page[after]", after)), nil)})
}

// undo takes back a change of the lists, of access or of a suspension, or what was done to mail.
func (s *handlers) undo(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	if err := s.As(c).Undo(r.Context(), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
