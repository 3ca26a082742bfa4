package api

import (
	"encoding/json"
	"net/http"
	"strconv"

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

func (s *handlers) auditOperations() []operation {
	return tagged("audit", []operation{
		{pattern: "GET /api/v2/audit_logs", role: httpd.Admin, handler: s.auditLogs,
			id: "listAuditLogs", summary: "Who changed what, the latest first",
			takes: append(cursorParameters(),
				may("subject", "string",
					"only of this list, address or message; also what was done to mail from this "+
						"address")),
			gives: answers("a page of the audit log", pageOf("audit_logs", "AuditLog"))},
		{pattern: "POST /api/v2/audit_logs/{id}/undo", role: httpd.Admin, handler: s.undo,
			id: "undo",
			summary: "Undo a change of the lists, of access or of a suspension, or what was done to " +
				"held messages",
			gives: answersNothing("done; no body"),
			fails: []int{http.StatusUnprocessableEntity}},
	})
}

// auditLogs shows who changed what, the latest first; before= an id goes further back.
func (s *handlers) auditLogs(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	size, before, err := readOlder(r)
	if err != nil {
		return err
	}
	q := store.AuditQuery{Before: before, Limit: size + 1, Subject: r.URL.Query().Get("subject")}
	records := []logged{}
	for e, err := range s.DB.AuditLog(r.Context(), q) {
		if err != nil {
			return err
		}
		records = append(records, logged{e.ID, stamp(e.At), e.Actor, e.Via, e.Client, e.Action,
			e.Subject, e.Before, e.After, e.Undoable, e.UndoneBy, e.Messages})
	}
	return answerOlder(s, w, r, "audit_logs", records, size, func(l logged) int64 { return l.ID })
}

// readOlder reads how many of what goes back in time are asked for, and before which id.
func readOlder(r *http.Request) (size int, before int64, err error) {
	query := r.URL.Query()
	if size, err = readNumber(query, "page[size]", maxPage); err != nil {
		return 0, 0, err
	}
	id, err := readNumber(query, "page[after]", 0)
	return min(size, maxPage), int64(id), err
}

// answerOlder answers with what readOlder asked for; all has one more than that if there is more.
func answerOlder[T any](s *handlers, w http.ResponseWriter, r *http.Request, name string, all []T,
	size int, id func(T) int64) error {
	more, after := len(all) > size, ""
	if all = all[:min(len(all), size)]; len(all) > 0 {
		after = strconv.FormatInt(id(all[len(all)-1]), 10)
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{name: all,
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
