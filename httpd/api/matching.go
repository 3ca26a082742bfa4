package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"gatepost/httpd"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// doneFields are what is said of all that matched, and is done with.
func doneFields(done string) fields {
	return fields{done: "integer: how many", "made_profiles": "integer",
		"failed":   "integer: how many could not be: damaged, and held still",
		"audit_id": "int64?: the entry of the audit log, to undo it; null if nothing was done"}
}

// matchingParameters are those that select held messages, and say what was seen of them.
func matchingParameters() []parameter {
	return []parameter{
		may("cause", "string", "only of this cause"),
		may("from", "string", "only of this address, or of this domain and its subdomains"),
		may("query", "string", "words in the sender, the subject or the recipient"),
		may("all", "boolean", "true: every held message, if there is no filter"),
		may("last", "1..", "the highest id to be included; without it, the highest now"),
		may("count", "1..", "how many you saw; more are refused")}
}

func (s *handlers) matchingOperations() []operation {
	return tagged("suspended tickets", []operation{
		{pattern: "PUT /api/v2/suspended_tickets/recover_matching",
			role: httpd.Agent, handler: s.recoverMatching,
			id: "recoverMatchingSuspendedTickets",
			summary: "Recover all held messages that match, under one entry of the audit log; what " +
				"came later than last is not included",
			takes: append(matchingParameters(),
				confirmParameter()),
			gives: answers("done", doneFields("recovered")),
			meets: "more match than count"},
		{pattern: "DELETE /api/v2/suspended_tickets/destroy_matching",
			role: httpd.Agent, handler: s.destroyMatching,
			id: "deleteMatchingSuspendedTickets",
			summary: "Delete all held messages that match, under one entry of the audit log; what " +
				"came later than last is not included",
			takes: matchingParameters(),
			gives: answers("done", doneFields("deleted")),
			meets: "more match than count"},
		{pattern: "PUT /api/v2/suspended_tickets/undo",
			role: httpd.Agent, handler: s.undoSuspended,
			id: "undoSuspended",
			summary: "Undo what you did to held messages: they are held again. Admins undo that of " +
				"others too, and with changes of lists",
			takes: []parameter{must("audit_id", "int64", "the id of the entry in the audit log")},
			gives: answers("done",
				fields{"held_again": "integer: how many messages are held again"}),
			fails: []int{http.StatusNotFound}},
	})
}

// readMatching reads which held messages are meant: cause, from and query select as in the
// list, last and count say what the caller saw of it. Without a filter all=true must say so.
func (s *handlers) readMatching(r *http.Request) (m store.Matching, err error) {
	query, err := matchingQuery(r.URL.RawQuery)
	if err != nil {
		return m, err
	}
	q := store.Query{Cause: query.Get("cause"), From: httpd.LowerASCII(query.Get("from")),
		Search: query.Get("query")}
	if q == (store.Query{}) && query.Get("all") != "true" {
		return m, httpd.Invalid("query", "name a filter, cause=, from= or query=; all=true takes every "+
			"held message")
	}
	if m, err = s.DB.Matching(r.Context(), q); err != nil {
		return m, err
	}
	last, err := readNumber(query, "last", int(m.Last))
	if err != nil {
		return m, err
	}
	count, err := readNumber(query, "count", int(m.Count))
	m.Last, m.Count = min(m.Last, int64(last)), int64(count)
	return m, err
}

// matchingQuery reads the query. What is not known, cannot be read, is empty or stands twice is
// refused: without it more would match than was meant.
func matchingQuery(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, httpd.Invalid("query", "the query cannot be read (%v): encode what stands in it", err)
	}
	names := []string{"cause", "from", "query", "all", "last", "count", "confirm"}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		switch values := query[name]; {
		case !slices.Contains(names, name):
			return nil, httpd.Invalid(name, "%q is none of %s: leave it out", name,
				strings.Join(names, ", "))
		case len(values) > 1:
			return nil, httpd.Invalid(name, "%s= stands twice: write it once", name)
		case values[0] == "":
			return nil, httpd.Invalid(name, "%s= is empty: leave it out, or say what is meant", name)
		}
	}
	return query, nil
}

// recoverMatching makes tickets of all that match.
func (s *handlers) recoverMatching(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	return s.answerMatching(w, r, "recovered", s.recovering(r, c).RecoverMatching)
}

// destroyMatching deletes all that match.
func (s *handlers) destroyMatching(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	return s.answerMatching(w, r, "deleted", s.As(c).DeleteMatching)
}

func (s *handlers) answerMatching(w http.ResponseWriter, r *http.Request, did string,
	act func(context.Context, store.Matching) (store.Matched, error)) error {
	m, err := s.readMatching(r)
	if err != nil {
		return err
	}
	all, err := act(r.Context(), m)
	if err != nil {
		return err
	}
	b := body{did: all.Done, "failed": all.Left, "made_profiles": all.Profiles, "audit_id": nil}
	if all.Audit > 0 {
		b["audit_id"] = all.Audit
	}
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

// undoSuspended undoes what was done to held messages, by the id of its entry in the audit log.
func (s *handlers) undoSuspended(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	id, err := readNumber(r.URL.Query(), "audit_id", 0)
	if err == nil && id == 0 {
		err = httpd.Invalid("audit_id", "name the entry of the audit log: audit_id=12")
	}
	if err != nil {
		return err
	}
	by, err := s.UndoOwn(r, c, int64(id))
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"held_again": by.Messages})
}

// listChange reads what is to be changed of a list together with a held message: name is allow
// or block, and its value address or domain: of the sender. Nil if nothing is.
func (s *handlers) listChange(r *http.Request, c httpd.Caller, id int64, name policy.ListName) (
	*store.ListChange, error) {
	of := r.URL.Query().Get(string(name))
	if of == "" {
		return nil, nil
	}
	if c.Role < policy.Admin {
		return nil, httpd.Forbidden("lists are changed by admins: leave out %s=", name)
	}
	held, err := s.DB.Suspended(r.Context(), id)
	if err != nil {
		return nil, err
	}
	a, err := message.ParseAddress(held.Author.Email)
	cause, _ := policy.ParseCause(held.Cause)
	if err != nil || name == policy.Allow && !cause.ProfileOnRecover() {
		return nil, httpd.Invalid(string(name), "message %d may not be from the sender it names (%s): "+
			"leave out %s=", id, held.Cause, name)
	}
	target := map[string]string{"address": a.String(), "domain": string(a.Domain())}[of]
	if target == "" {
		return nil, httpd.Invalid(string(name), "%q is not address or domain", of)
	}
	e, err := s.proposedEntry(r.Context(), held, name, target)
	if err != nil {
		return nil, err
	}
	return &store.ListChange{List: name, Entry: e}, nil
}

// proposedEntry is the entry for a target that does what a list is for, as the console offers
// it. One that would change nothing, since it does that already, is taken as it is.
func (s *handlers) proposedEntry(ctx context.Context, held store.Suspended, name policy.ListName,
	target string) (policy.Entry, error) {
	l, err := s.Open(ctx, held.ID)
	if err != nil {
		return policy.Entry{}, err
	}
	_, all, err := s.Proposals(ctx, l, held.Cause)
	if err = errors.Join(err, l.Close()); err != nil {
		return policy.Entry{}, err
	}
	e, why := all.Entry(name, target)
	if why != "" {
		return e, httpd.Invalid(string(name), "%s: leave out %s=", why, name)
	}
	if e.IsZero() {
		if e, err = policy.ParseEntry(name, target); err != nil {
			return e, inField(string(name), err)
		}
	}
	return e, nil
}
