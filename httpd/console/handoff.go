package console

import (
	"errors"
	"net/http"
	"slices"

	"gatepost/httpd"
	"gatepost/store"
)

// A handoffView is the targets, and a page of what is carried on to them.
type handoffView struct {
	Targets []targetView
	List    listing
	Page    store.Page[store.Handoff]
	Shown   string // which states
	Unended []int64
}

// A targetView is a target as it is shown.
type targetView struct {
	store.TargetStatus
	Counts []stateCount
}

// A stateCount is how many hand-offs of a target are in a state that somebody should see to.
type stateCount struct {
	State string
	N     int64
}

// State is removed for what the settings have no more.
func (t targetView) State() string {
	switch {
	case !t.Configured:
		return "removed"
	case t.PausedAt != nil:
		return "paused"
	}
	return "active"
}

// statesShown are the states of each choice of the list.
var statesShown = map[string][]string{"": store.UnendedHandoffs(),
	store.HandoffWaiting: {store.HandoffWaiting}, store.HandoffFailed: {store.HandoffFailed},
	store.HandoffUnknown: {store.HandoffUnknown}, "all": nil}

func (s *handlers) handoffPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	view := handoffView{List: newListing("/hand-off", r)}
	states, known := statesShown[view.List.Get("state")]
	if !known {
		return httpd.ErrNotFound
	}
	view.Shown = view.List.Get("state")
	targets, err := s.DB.Targets(r.Context())
	if err != nil {
		return err
	}
	for _, t := range targets {
		view.Targets = append(view.Targets, targetView{t, []stateCount{
			{store.HandoffWaiting, t.Waiting}, {store.HandoffFailed, t.Failed},
			{store.HandoffUnknown, t.Unknown}}})
	}
	pr := view.List.page()
	pr.Descending = true
	q := store.HandoffQuery{Target: view.List.Get("target"), States: states}
	if view.Page, err = s.DB.HandoffPage(r.Context(), q, pr); err != nil {
		return err
	}
	for _, h := range view.Page.Items {
		if slices.Contains(store.UnendedHandoffs(), h.State) {
			view.Unended = append(view.Unended, h.ID)
		}
	}
	return s.render(w, r, c, "handoff.html", view)
}

// actOnHandoffs has those that a form names tried again, or carried no further.
func (s *handlers) actOnHandoffs(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	ids, err := formIDs(r)
	if err != nil {
		return err
	}
	h, done, back := s.As(c), "retried", ownPath(r.PostForm.Get("back"))
	switch do := r.PostForm.Get("do"); {
	case len(ids) == 0:
		return s.back(w, r, back, flash{what: "nothing"})
	case do == "retry":
		err = h.RetryHandoffs(r.Context(), ids)
	case do == "discard":
		done = "discarded"
		err = h.DiscardHandoffs(r.Context(), ids)
	default:
		return httpd.Invalid("do", "%q is not retry or discard", do)
	}
	if errors.Is(err, store.ErrHandedOff) {
		return s.back(w, r, back, flash{what: "handed over"})
	}
	if err != nil {
		return err
	}
	return s.back(w, r, back, did(done, h))
}

// actOnTarget has nothing carried to a target, or again.
func (s *handlers) actOnTarget(w http.ResponseWriter, r *http.Request, c httpd.Caller) (err error) {
	if err := readForm(r); err != nil {
		return err
	}
	h, name, done := s.As(c), r.PathValue("name"), "paused"
	switch do := r.PostForm.Get("do"); do {
	case "pause":
		err = h.PauseTarget(r.Context(), name, r.PostForm.Get("why"))
	case "resume":
		done = "resumed"
		err = h.ResumeTarget(r.Context(), name)
	default:
		return httpd.Invalid("do", "%q is not pause or resume", do)
	}
	if err != nil {
		return err
	}
	return s.back(w, r, ownPath(r.PostForm.Get("back")), did(done, h))
}
