package console

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

// A historyView is the changes of the lists, the newest first.
type historyView struct {
	List    policy.ListName
	Entry   string
	Error   string
	Changes []store.RuleChange
	Before  int64 // where the page begins, 0 at the newest
	Older   int64 // where the next page begins, 0 at the end
}

// shownHistory is how many changes a page has: of each, all that it changed is counted.
const shownHistory = 25

func (s *handlers) historyPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	v := historyView{Entry: strings.TrimSpace(r.FormValue("entry"))}
	v.Before, _ = httpd.ParseID(r.FormValue("before"))
	q := store.HistoryQuery{Before: v.Before, Limit: shownHistory + 1}
	if list := policy.ListName(r.FormValue("list")); list == policy.Allow || list == policy.Block {
		v.List, q.List = list, list
	}
	status := http.StatusOK
	if v.Entry != "" {
		e, err := policy.ParseEntry(policy.Block, v.Entry)
		if err != nil {
			v.Error, status = err.Error(), http.StatusUnprocessableEntity
			return s.renderStatus(w, r, c, status, "history.html", v)
		}
		q.Target = e.Target
	}
	for change, err := range s.DB.RuleHistory(r.Context(), q) {
		if err != nil {
			return err
		}
		v.Changes = append(v.Changes, change)
	}
	if len(v.Changes) > shownHistory {
		v.Changes = v.Changes[:shownHistory]
		v.Older = v.Changes[shownHistory-1].Audit
	}
	return s.renderStatus(w, r, c, status, "history.html", v)
}

// A generationView is what became of the lists since a generation.
type generationView struct {
	Generation, Now int64
	Error           string
	Differs         []store.RuleDifference // the first of them
	Added, Removed  int64
	More            int64
}

// shownDiffers is how many entries are shown that differ: there may be a million.
const shownDiffers = 200

func (s *handlers) generationPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	generation, err := strconv.ParseInt(r.PathValue("generation"), 10, 64)
	if err != nil {
		return httpd.ErrNotFound
	}
	return s.showGeneration(w, r, c, http.StatusOK, generation, "")
}

func (s *handlers) showGeneration(w http.ResponseWriter, r *http.Request, c httpd.Caller, status int,
	generation int64, wrong string) (err error) {
	v := generationView{Generation: generation, Error: wrong}
	if v.Now, err = s.DB.Generation(r.Context()); err != nil {
		return err
	}
	for d, err := range s.DB.RuleDiff(r.Context(), generation, v.Now) {
		if errors.Is(err, store.ErrNoGeneration) {
			return httpd.ErrNotFound
		}
		if err != nil {
			return err
		}
		if d.Added {
			v.Added++
		} else {
			v.Removed++
		}
		if len(v.Differs) < shownDiffers {
			v.Differs = append(v.Differs, d)
		}
	}
	v.More = v.Added + v.Removed - int64(len(v.Differs))
	return s.renderStatus(w, r, c, status, "generation.html", v)
}

// revertRules makes both lists what they were at a generation, if they are still those that the
// form was made of.
func (s *handlers) revertRules(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	generation, err := strconv.ParseInt(r.PostForm.Get("generation"), 10, 64)
	seen, err2 := strconv.ParseInt(r.PostForm.Get("seen"), 10, 64)
	if errors.Join(err, err2) != nil || generation < 0 || seen < 0 {
		return httpd.Invalid("generation", "write the generation, and in seen that of the page")
	}
	h := s.As(c)
	_, err = h.RevertRules(r.Context(), generation, seen)
	switch {
	case errors.Is(err, store.ErrRulesChanged):
		return s.showGeneration(w, r, c, http.StatusConflict, generation,
			"Somebody changed the lists meanwhile. Nothing was done. This is what differs now.")
	case errors.Is(err, store.ErrNoGeneration):
		return httpd.ErrNotFound
	case err != nil:
		return err
	}
	to := "/rules"
	if r.PostForm.Has("back") {
		to = ownPath(r.PostForm.Get("back"))
	}
	return s.back(w, r, to, didTwice("reverted", h))
}
