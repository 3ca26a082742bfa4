package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
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
		d, err = s.recover(r.Context(), c, ids, nil)
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
	gone, err := s.As(c).DeleteSuspended(ctx, ids)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return d, err
	}
	left := without(ids, gone)
	if gone != nil {
		if _, err = s.As(c).DeleteSuspended(ctx, left); err != nil {
			return d, err
		}
	}
	return s.deleted(left), nil
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
	d.what = "deleted"
	act := s.As(c).DeleteMatching
	if r.PostForm.Get("do") == "recover" {
		d.what, act = "recovered", s.As(c).RecoverMatching
	}
	did, err := act(r.Context(), m)
	if errors.Is(err, store.ErrMoreMatch) {
		return flash{what: "more"}, nil
	}
	d.n, d.left, d.profiles, d.audit = did.Done, did.Left, did.Profiles, did.Audit
	return d, err
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
	d, err := s.act(r.Context(), c, id, r.PostForm.Get("do"), rule)
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
	d := flash{what: "gone", n: 1}
	reasons, e := s.DB.Explain(r.Context(), strconv.FormatInt(id, 10))
	if e == nil {
		d.ticket = reasons.Recovered
	}
	return s.back(w, r, s.afterwards(r), d)
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
func (s *handlers) act(ctx context.Context, c httpd.Caller, id int64, do string, rule *quickRule) (
	d flash, err error) {
	switch do {
	case "recover":
		d, err = s.recover(ctx, c, []int64{id}, rule.listChange())
	case "delete":
		d = s.deleted([]int64{id})
		_, err = s.As(c).DeleteWith(ctx, []int64{id}, rule.listChange())
	case "keep":
		d = flash{what: "changed"}
	default:
		err = httpd.Invalid("do", "choose what to do: recover, delete or keep")
	}
	switch {
	case err != nil || rule == nil:
		return d, err
	case rule.listChange() != nil && do != "keep": // one undo takes back both
		d.undelete = nil
		d.audit, err = s.DB.LastEntry(ctx, id)
		return d, err
	}
	d.changes++
	return d, rule.apply(ctx, s.As(c))
}

// recover makes tickets. What somebody recovered before is as good as recovered now.
func (s *handlers) recover(ctx context.Context, c httpd.Caller, ids []int64,
	with *store.ListChange) (d flash, err error) {
	var made []store.Recovery
	if with == nil {
		made, err = s.As(c).RecoverMany(ctx, ids)
	} else {
		made = make([]store.Recovery, 1)
		made[0], err = s.As(c).RecoverWith(ctx, ids[0], with)
	}
	missing, failed := httpd.SplitFailures(err)
	switch {
	case failed != nil:
		s.Log.Error("recover", "error", err)
		return d, httpd.Invalid("id", "%d recovered; the contents of %v are lost: restore them from "+
			"a backup", len(made), failed)
	case err != nil && missing == nil && !errors.Is(err, store.ErrRecovered):
		return d, err
	}
	d = flash{what: "recovered", n: len(made)}
	for _, m := range made {
		d.ticket = m.Ticket.ID
		if m.MadeProfile {
			d.profiles++
		}
	}
	if len(made) > 0 {
		d.audit, err = s.DB.LastEntry(ctx, made[0].SuspendedID)
		return d, err
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

// back leads to a page that says what was done. The query holds numbers and a name of ours,
// never words: a link from elsewhere can put nothing into our mouth.
func (s *handlers) back(w http.ResponseWriter, r *http.Request, to string, d flash) error {
	u, err := url.Parse(to)
	if err != nil {
		return err
	}
	q := u.Query()
	for name, n := range map[string]int64{"n": int64(d.n), "ticket": d.ticket,
		"profiles": int64(d.profiles), "changed": int64(d.changes), "left": int64(d.left),
		"audit": d.audit} {
		if n > 0 {
			q.Set(name, strconv.FormatInt(n, 10))
		}
	}
	for _, id := range d.undelete {
		q.Add("undelete", strconv.FormatInt(id, 10))
	}
	q.Set("did", d.what)
	u.RawQuery = q.Encode()
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
	return nil
}
