package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

// An auditView is one page of the audit log, the newest first.
type auditView struct {
	Groups  []auditGroup
	Subject string
	First   bool  // it is the first page
	Older   int64 // where the next page begins, 0 at the end
	Error   string
}

// An auditGroup is one row: an entry, or several alike that one person made one after another.
type auditGroup struct{ Rows []auditRow }

// An auditRow is one entry.
type auditRow struct {
	store.AuditEntry
	Mail  []store.AuditedMail // the first of those that it is about
	Since bool                // it cannot be undone any more
}

const (
	fewAlike  = 3  // entries alike are shown as one row from this many on
	shownMail = 10 // messages that a row names
)

func (s *handlers) auditPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	return s.showAudit(w, r, c, http.StatusOK, "")
}

func (s *handlers) showAudit(w http.ResponseWriter, r *http.Request, c httpd.Caller, status int,
	wrong string) error {
	before, _ := strconv.ParseInt(r.FormValue("before"), 10, 64)
	view := auditView{Subject: strings.TrimSpace(r.FormValue("subject")), First: before <= 0,
		Error: wrong}
	q := store.AuditQuery{Before: max(before, 0), Limit: pageSize + 1, Subject: view.Subject}
	var entries []store.AuditEntry
	for e, err := range s.DB.AuditLog(r.Context(), q) {
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	if len(entries) > pageSize {
		entries = entries[:pageSize]
		view.Older = entries[pageSize-1].ID
	}
	rows, err := s.auditRows(r.Context(), entries)
	if err != nil {
		return err
	}
	view.Groups = alike(rows)
	return s.renderStatus(w, r, c, status, "audit.html", view)
}

func (s *handlers) auditRows(ctx context.Context, entries []store.AuditEntry) (rows []auditRow,
	err error) {
	since, err := s.changedSince(ctx, entries)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		row := auditRow{AuditEntry: e, Since: since[e.ID]}
		if e.Messages > 0 {
			for m, err := range s.DB.AuditedMail(ctx, e.ID, shownMail) {
				if err != nil {
					return nil, err
				}
				row.Mail = append(row.Mail, m)
			}
		}
		if e.Messages > 0 && e.Undoable && !row.Since && !e.Lists {
			may, err := s.DB.MayUndo(ctx, e.ID)
			if err != nil {
				return nil, err
			}
			row.Since = !may
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// alike puts entries that follow one another and are alike into one row, if they are several.
func alike(rows []auditRow) (groups []auditGroup) {
	for len(rows) > 0 {
		n := slices.IndexFunc(rows, func(r auditRow) bool {
			return r.Actor != rows[0].Actor || r.Via != rows[0].Via || r.Client != rows[0].Client ||
				r.Action != rows[0].Action
		})
		if n < 0 {
			n = len(rows)
		}
		if n < fewAlike {
			n = 1
		}
		groups, rows = append(groups, auditGroup{rows[:n]}), rows[n:]
	}
	return groups
}

// Words say what the row is about.
func (g auditGroup) Words() string {
	first := g.Rows[0].AuditEntry
	if len(g.Rows) == 1 {
		return changeWords(first)
	}
	messages := 0
	for _, r := range g.Rows {
		messages += r.Messages
	}
	if first.Messages > 0 && first.Action != store.Undone {
		return mailVerb(first) + " " + count(int64(messages), "message", "messages")
	}
	return fmt.Sprintf("%s, and %d more alike", changeWords(first), len(g.Rows)-1)
}

// First is the newest entry, and Last the oldest.
func (g auditGroup) First() auditRow { return g.Rows[0] }
func (g auditGroup) Last() auditRow  { return g.Rows[len(g.Rows)-1] }

// changedSince are the entries whose undoing would be refused, going by what they say and by
// what stands now. It need not find all: the store decides when it is asked to undo one.
func (s *handlers) changedSince(ctx context.Context, entries []store.AuditEntry) (
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
func (s *handlers) undoChange(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	by, err := s.Undo(r, c, id)
	switch {
	case err == nil:
		return s.back(w, r, ownPath(r.PostForm.Get("back")), undoneBy(by))
	case errors.Is(err, store.ErrCannotUndo), errors.Is(err, store.ErrLockout):
		return s.showAudit(w, r, c, http.StatusConflict, err.Error())
	}
	return err
}
