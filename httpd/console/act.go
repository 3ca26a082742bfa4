package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

// maxMany is how many messages one form acts on at most.
const maxMany = 100

// actOnMany recovers or deletes what was selected in the list.
func (s *handlers) actOnMany(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	ids, err := formIDs(r)
	if err != nil {
		return err
	}
	list, do := newListing("/suspended", r), r.PostForm.Get("do")
	var d flash
	switch {
	case do != "recover" && do != "delete":
		return httpd.Invalid("do", "choose what to do with what is selected: recover or delete")
	case r.PostForm.Get("matching") != "":
		d, err = s.actOnMatching(r, c, list.query())
	case len(ids) == 0:
		d = flash{what: "nothing"}
	case do == "recover":
		d, err = s.recover(r.Context(), s.recovering(r, c), ids, nil)
	default:
		d, err = s.delete(r.Context(), c, ids)
	}
	if err != nil {
		return err
	}
	return s.back(w, r, list.URL(), d)
}

// delete deletes what is there of the messages: somebody may have been faster with some.
func (s *handlers) delete(ctx context.Context, c httpd.Caller, ids []int64) (d flash, err error) {
	h := s.As(c)
	gone, err := h.DeleteSuspended(ctx, ids)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return d, err
	}
	if gone != nil {
		if _, err = h.DeleteSuspended(ctx, without(ids, gone)); err != nil {
			return d, err
		}
	}
	if h.Entries() == nil {
		return flash{what: "gone"}, nil
	}
	return did("deleted", h), nil
}

// actOnMatching recovers or deletes all that the list selected when the page was made.
func (s *handlers) actOnMatching(r *http.Request, c httpd.Caller, q store.Query) (
	d flash, err error) {
	m := store.Matching{Query: q}
	for name, to := range map[string]*int64{"last": &m.Last, "matching": &m.Count} {
		if *to, err = strconv.ParseInt(r.PostForm.Get(name), 10, 64); err != nil || *to < 0 {
			return d, httpd.Invalid(name, "%q is no number: open the list again", r.PostForm.Get(name))
		}
	}
	h := s.recovering(r, c)
	act, what := h.DeleteMatching, "deleted all"
	if r.PostForm.Get("do") == "recover" {
		act, what = h.RecoverMatching, "recovered"
	}
	matched, err := act(r.Context(), m)
	switch {
	case errors.Is(err, store.ErrMoreMatch):
		return flash{what: "more"}, nil
	case err != nil:
		return d, err
	case matched.Done == 0 && matched.Left > 0:
		return d, httpd.Invalid("matching", "nothing was recovered: all %d are damaged or "+
			"may be harmful, and stayed", matched.Left)
	}
	d = did(what, h)
	d.left = matched.Left
	return d, nil
}

// actOnOne does what a button beside one message says.
func (s *handlers) actOnOne(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	held, err := s.DB.Suspended(r.Context(), id)
	if err != nil {
		return s.actedBefore(w, r, id, err)
	}
	var rule *quickRule
	if key := r.PostForm.Get("rule"); key != "" {
		if rule, err = s.chosenRule(r.Context(), c, held.ID, held.Cause, key); err != nil {
			return err
		}
	}
	d, err := s.act(r.Context(), s.recovering(r, c), id, r.PostForm.Get("do"), rule)
	if err != nil {
		return s.actedBefore(w, r, id, err)
	}
	to := s.afterwards(r)
	if r.PostForm.Get("do") == "keep" {
		to = newListing("/suspended", r).Of(id)
	}
	return s.back(w, r, to, d)
}

// afterwards is where one goes on: with the next message of the list, if it is still held.
func (s *handlers) afterwards(r *http.Request) string {
	list := newListing("/suspended", r)
	if next, ok := httpd.ParseID(r.PostForm.Get("next")); ok {
		if _, err := s.DB.Suspended(r.Context(), next); err == nil {
			return list.Of(next)
		}
	}
	return list.URL()
}

// actedBefore answers who acts on a message that is gone. To delete it again is nothing wrong:
// a button may be struck twice, and somebody else may be faster.
func (s *handlers) actedBefore(w http.ResponseWriter, r *http.Request, id int64, err error) error {
	if !errors.Is(err, store.ErrNotFound) || r.PostForm.Get("do") != "delete" {
		return s.goneFromQueue(w, r, id, err)
	}
	return s.back(w, r, s.afterwards(r), flash{what: "gone", message: id})
}

// chosenRule is the rule of a form, tried again: what was offered may not work any more.
func (s *handlers) chosenRule(ctx context.Context, c httpd.Caller, id int64, cause, key string) (
	*quickRule, error) {
	if c.Role < policy.Admin {
		return nil, httpd.Forbidden("lists and profiles are changed by admins")
	}
	l, err := s.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	w, err := s.whatIf(ctx, l, cause)
	if err = errors.Join(err, l.Close()); err != nil {
		return nil, err
	}
	rule, found := w.find(key)
	if !found {
		return nil, &httpd.Problem{Status: http.StatusConflict, Code: "Conflict",
			Description: fmt.Sprintf("to %s would not do any more: the lists have changed "+
				"since the page was made", visible(httpd.Shorten(key, httpd.MaxName)))}
	}
	return &rule, nil
}

// act recovers or deletes one message, and changes what makes the next one go the same way.
func (s *handlers) act(ctx context.Context, h *store.Editor, id int64, do string,
	rule *quickRule) (d flash, err error) {
	with := rule.listChange()
	switch do {
	case "recover":
		d, err = s.recover(ctx, h, []int64{id}, with)
	case "delete":
		_, err = h.DeleteWith(ctx, []int64{id}, with)
		d = did("deleted", h)
	case "keep":
		d, with = flash{what: "changed"}, nil
	default:
		err = httpd.Invalid("do", "choose what to do: recover, delete or keep")
	}
	if err != nil || rule == nil || with != nil { // one undo takes back both
		return d, err
	}
	err = rule.apply(ctx, h)
	return did(d.what, h), err
}

// recoveries is how many tickets and comments were made.
func recoveries(made []store.Recovery) (n int) {
	for _, r := range made {
		if r.Ticket.ID > 0 {
			n++
		}
	}
	return n
}

// recovering is the editor for who recovers, also what may be harmful if the form confirms it.
func (s *handlers) recovering(r *http.Request, c httpd.Caller) *store.Editor {
	h := s.As(c)
	if r.PostForm.Get("confirm") == policy.Malware.String() {
		h.WithMalware()
	}
	return h
}

// recover makes tickets. What somebody recovered before is as good as recovered now.
func (s *handlers) recover(ctx context.Context, h *store.Editor, ids []int64,
	with *store.ListChange) (d flash, err error) {
	var made []store.Recovery
	if with == nil {
		made, err = h.RecoverMany(ctx, ids)
	} else {
		made = make([]store.Recovery, 1)
		made[0], err = h.RecoverWith(ctx, ids[0], with)
	}
	missing, failed := httpd.SplitFailures(err)
	switch {
	case errors.Is(err, store.ErrMalware):
		return d, httpd.Invalid("confirm", "%d recovered; %s: open each of the others, and confirm it",
			recoveries(made), store.ErrMalware)
	case failed != nil:
		s.Log.Error("recover", "error", err)
		return d, httpd.Invalid("id", "%d recovered; the contents of %v are lost: restore them from "+
			"a backup", len(made), failed)
	case err != nil && missing == nil && !errors.Is(err, store.ErrRecovered):
		return d, err
	}
	if h.Entries() != nil {
		return did("recovered", h), nil
	}
	d.what = "not recovered"
	if len(ids) == 1 {
		d.message = ids[0]
	}
	return d, nil
}

func without(ids, gone []int64) (left []int64) {
	out := map[int64]bool{}
	for _, id := range gone {
		out[id] = true
	}
	for _, id := range ids {
		if !out[id] {
			left = append(left, id)
		}
	}
	return left
}
