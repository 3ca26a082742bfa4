package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

func (s *handlers) suspendedOperations() []operation {
	return tagged("suspended tickets", []operation{
		{pattern: "GET /api/v2/suspended_tickets", role: httpd.Agent, handler: s.listSuspended,
			id: "listSuspendedTickets", summary: "Held messages",
			takes: append(slices.Concat(pageParameters(), sortParameters()),
				may("cause", "string", "only those held for this cause"),
				may("query", "string", "words of the subject, the author or the recipient"),
				may("from", "string", "only of this address, or of this domain and its subdomains")),
			gives: answers("a page of held messages",
				pageOf("suspended_tickets", "SuspendedTicket"))},
		{pattern: "GET /api/v2/suspended_tickets/{id}",
			role: httpd.Agent, handler: s.showSuspended,
			id: "showSuspendedTicket", summary: "One held message",
			gives: answers("the message", fields{"suspended_ticket": "SuspendedTicket"})},
		{pattern: "PUT /api/v2/suspended_tickets/{id}/recover",
			role: httpd.Agent, handler: s.recoverOne,
			id:      "recoverSuspendedTicket",
			summary: "Make a ticket of a held message; again gives the same ticket",
			takes: []parameter{may("allow", "address|domain",
				"for admins: put the sender's address or its domain on the allowlist in the "+
					"same transaction, if that would let the message in, else 422; one undo takes "+
					"back both"),
				confirmParameter()},
			gives: answers("the ticket, in a list of one",
				fields{"ticket": "[]Ticket",
					"audit_id": "int64: with allow: the entry of the audit log, to undo both"})},
		{pattern: "PUT /api/v2/suspended_tickets/recover_many",
			role: httpd.Agent, handler: s.recoverMany,
			id: "recoverSuspendedTickets", summary: "Make tickets of up to 100 held messages",
			takes: []parameter{must("ids", "string", "1 to 100 ids, separated by commas"),
				confirmParameter()},
			gives: answers("the tickets, and what was not there any more",
				fields{"tickets": "[]Ticket", "missing": "[]int64"}),
			fails: []int{http.StatusNotFound}},
		{pattern: "PUT /api/v2/suspended_tickets/{id}/undelete",
			role: httpd.Agent, handler: s.undeleteOne,
			id:      "undeleteSuspendedTicket",
			summary: "Hold a message again that was deleted less than suspended.undelete ago",
			gives:   answers("the message", fields{"suspended_ticket": "SuspendedTicket"})},
		{pattern: "DELETE /api/v2/suspended_tickets/{id}",
			role: httpd.Agent, handler: s.destroyOne,
			id: "deleteSuspendedTicket", summary: "Delete a held message",
			takes: []parameter{may("block", "address|domain",
				"for admins: put the sender's address or its domain on the blocklist in the "+
					"same transaction; one undo takes back both")},
			gives: answersNothing("done; no body")},
		{pattern: "DELETE /api/v2/suspended_tickets/destroy_many",
			role: httpd.Agent, handler: s.destroyMany,
			id: "deleteSuspendedTickets", summary: "Delete up to 100 held messages",
			takes: []parameter{must("ids", "string", "1 to 100 ids, separated by commas")},
			gives: answersNothing("done; no body"),
			fails: []int{http.StatusNotFound}},
	})
}

// sortColumns are what sort_by may be: the vendor's names, which are those of the store.
func sortColumns() []string {
	var columns []string
	for _, o := range store.HeldOrders() {
		columns = append(columns, o.Column)
	}
	return slices.Sorted(slices.Values(columns))
}

func sortParameters() []parameter {
	return []parameter{
		may("sort_by", strings.Join(sortColumns(), "|"),
			"what to sort by; the newest come first without it"),
		may("sort_order", "asc|desc", "ascending or descending")}
}

// readSort reads sort_by and sort_order. The newest come first unless something else is
// asked for.
func readSort(r *http.Request, q *store.Query, p *store.PageRequest) error {
	query, all := r.URL.Query(), store.HeldOrders()
	by := cmp.Or(query.Get("sort_by"), all[0].Column)
	i := slices.IndexFunc(all, func(o store.Order) bool { return o.Column == by })
	if i < 0 {
		columns := sortColumns()
		last := len(columns) - 1
		return httpd.Invalid("sort_by", "%q is not %s or %s", by,
			strings.Join(columns[:last], ", "), columns[last])
	}
	q.Sort = all[i].Name
	switch order := query.Get("sort_order"); order {
	case "":
		p.Descending = i == 0
	case "asc", "desc":
		p.Descending = order == "desc"
	default:
		return httpd.Invalid("sort_order", "%q is not asc or desc", order)
	}
	return nil
}

func (s *handlers) listSuspended(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	p, err := readPaging(r.URL.Query())
	if err != nil {
		return err
	}
	query := r.URL.Query()
	q := store.Query{Cause: query.Get("cause"), From: httpd.LowerASCII(query.Get("from")),
		Search: query.Get("query")}
	if err := readSort(r, &q, &p.request); err != nil {
		return err
	}
	page, err := turn(p, func(pr store.PageRequest) (store.Page[store.Suspended], error) {
		return s.DB.SuspendedPage(r.Context(), q, pr)
	})
	if err != nil {
		return err
	}
	s.QueueSeen(r.Context())
	records := make([]suspendedTicket, 0, len(page.Items))
	for _, held := range page.Items {
		t, err := s.suspendedTicket(r, held, listedMail)
		if errors.Is(err, store.ErrNotFound) {
			continue // somebody recovered or deleted it while we were reading
		}
		if err != nil {
			return err
		}
		records = append(records, t)
	}
	b, err := pageBody(s, r, "suspended_tickets", records, p, page, func() (int64, error) {
		return s.DB.CountSuspended(r.Context(), q)
	})
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

func (s *handlers) showSuspended(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	t, err := s.oneSuspended(r)
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"suspended_ticket": t})
}

// oneSuspended is the held message that the path names.
func (s *handlers) oneSuspended(r *http.Request) (t suspendedTicket, err error) {
	id, err := httpd.PathID(r)
	if err != nil {
		return t, err
	}
	held, err := s.DB.Suspended(r.Context(), id)
	if err != nil {
		return t, err
	}
	return s.suspendedTicket(r, held, wholeMail)
}

// recoverOne makes a ticket of a held message, or of a reply a comment of its ticket. Again it
// gives the same ticket.
func (s *handlers) recoverOne(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	with, err := s.listChange(r, c, id, policy.Allow)
	if err != nil {
		return err
	}
	done, err := s.recovering(r, c).RecoverWith(r.Context(), id, with)
	switch {
	case lostWords(err) != "":
		return s.unrecovered(r, []int64{id}, err)
	case err != nil && !errors.Is(err, store.ErrRecovered):
		return err
	}
	t, err := s.recovered(r, &done)
	if err != nil {
		return err
	}
	b := body{"ticket": []ticket{t}}
	if with != nil {
		if b["audit_id"], err = s.DB.LastEntry(r.Context(), id); err != nil {
			return err
		}
	}
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

func confirmParameter() parameter {
	return may("confirm", policy.Malware.String()+"|", "malware_detected: also recover what is held "+
		"for that cause, with what was found in it; without it such messages stay held")
}

// recovering is the editor for who recovers, also what may be harmful if the query confirms it.
func (s *handlers) recovering(r *http.Request, c httpd.Caller) *store.Editor {
	h := s.As(c)
	if r.URL.Query().Get("confirm") == policy.Malware.String() {
		h.WithMalware()
	}
	return h
}

// recovered is the ticket that was made of a held message, or that it joined.
func (s *handlers) recovered(r *http.Request, done *store.Recovery) (ticket, error) {
	t, err := s.ticket(r.Context(), r, done.Ticket)
	t.MadeProfile = &done.MadeProfile
	if done.Comment != nil {
		t.CommentID = &done.Comment.ID
	}
	return t, err
}

// recoverMany makes tickets of all that it can. What somebody deleted meanwhile is listed as
// missing, and is an error only if nothing is left.
func (s *handlers) recoverMany(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	ids, err := readIDs(r)
	if err != nil {
		return err
	}
	done, err := s.recovering(r, c).RecoverMany(r.Context(), ids)
	missing, failed := httpd.SplitFailures(err)
	switch {
	case failed != nil:
		return s.unrecovered(r, failed, err)
	case missing == nil && err != nil:
		return err
	case len(done) == 0:
		return httpd.ErrNotFound
	}
	tickets := make([]ticket, len(done))
	for i, d := range done {
		if tickets[i], err = s.recovered(r, &d); err != nil {
			return err
		}
	}
	b := body{"tickets": tickets}
	if missing != nil {
		b["missing"] = missing
	}
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

// unrecovered says of which held messages no ticket could be made, under both names that
// the vendor's clients look for.
func (s *handlers) unrecovered(r *http.Request, ids []int64, cause error) error {
	failed := []suspendedTicket{}
	for _, id := range ids {
		held, err := s.DB.Suspended(r.Context(), id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		t := s.describe(r, held)
		t.ErrorMessages = []string{lostWords(reasonOf(cause, id))}
		failed = append(failed, t)
	}
	p := httpd.Invalid("id", "no ticket could be made of what is listed: the server's log says why")
	if errors.Is(cause, store.ErrMalware) {
		p = httpd.Invalid("confirm", "some of what is listed may be harmful, and has no ticket: to make "+
			"one all the same, add confirm=%s", policy.Malware)
	}
	s.Log.Error("recover", "ids", ids, "error", cause)
	p.More = map[string]any{"ticket": failed, "suspended_tickets": failed}
	return p
}

// reasonOf is why one of several could not be recovered.
func reasonOf(err error, id int64) error {
	var failures store.Failures
	if errors.As(err, &failures) {
		for _, f := range failures {
			if f.ID == id {
				return f.Err
			}
		}
	}
	return err
}

func (s *handlers) destroyOne(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	with, err := s.listChange(r, c, id, policy.Block)
	if err != nil {
		return err
	}
	if _, err := s.As(c).DeleteWith(r.Context(), []int64{id}, with); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// undeleteOne holds a message again that was deleted not long ago.
func (s *handlers) undeleteOne(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	if _, err := s.As(c).Undelete(r.Context(), []int64{id}); err != nil {
		return err
	}
	return s.showSuspended(w, r, c)
}

// destroyMany deletes what there is: what is gone already is as the caller wants it, unless
// nothing of it was ever there.
func (s *handlers) destroyMany(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	ids, err := readIDs(r)
	if err != nil {
		return err
	}
	if err := s.destroy(r.Context(), c, ids); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// destroy tries again without what others deleted meanwhile: with each try there is less.
func (s *handlers) destroy(ctx context.Context, c httpd.Caller, ids []int64) error {
	for {
		missing, err := s.As(c).DeleteSuspended(ctx, ids)
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		left := slices.DeleteFunc(slices.Clone(ids), func(id int64) bool {
			return slices.Contains(missing, id)
		})
		if len(left) == 0 || len(left) == len(ids) {
			return err
		}
		ids = left
	}
}

// maxIDs is how many records one request may name.
const maxIDs = 100

// readIDs reads ids=1,2,3 without those that repeat.
func readIDs(r *http.Request) ([]int64, error) {
	var ids []int64
	words := strings.FieldsFunc(r.URL.Query().Get("ids"), func(c rune) bool {
		return c == ',' || c == ' '
	})
	if len(words) > maxIDs {
		return nil, &httpd.Problem{Status: http.StatusUnprocessableEntity, Code: "TooManyValues",
			Description: "at most 100 ids can be named at once", Details: map[string][]httpd.Detail{
				"ids": {{Error: "TooManyValues", Description: "at most 100 ids"}}}}
	}
	for _, word := range words {
		id, ok := httpd.ParseID(word)
		if !ok {
			return nil, httpd.Invalid("ids", "%q is no id", word)
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if ids == nil {
		return nil, httpd.Invalid("ids", "name the records: ids=1,2,3")
	}
	return ids, nil
}
