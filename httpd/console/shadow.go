package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"gatepost/httpd"
	"gatepost/store"
	"gatepost/trial"
)

// A shadowView is the change of the lists that decides beside them.
type shadowView struct {
	store.Shadow
	Trial     *trialView
	Changes   []trial.Change // the first, and all that conflict
	Conflicts int
}

const (
	// lastShadowed is how many of the newest messages that came since a shadow was set are decided
	// again for the page: a fifth of a second.
	lastShadowed = 10_000
	// shownShadowed is how many changes of a shadow are shown.
	shownShadowed = 50
)

// shadow is the one that is set, nil if none is.
func (s *handlers) shadow(ctx context.Context) (*shadowView, error) {
	shadow, diff, err := trial.Shadow(ctx, s.DB, lastShadowed)
	if errors.Is(err, store.ErrNoShadow) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := &shadowView{Shadow: shadow, Trial: newTrialView(diff, wouldHaveChanged)}
	v.Changes, v.Conflicts, err = trial.ShadowChanges(ctx, s.DB, shadow.Number, shownShadowed)
	return v, err
}

var wouldHaveChanged = sentences{" since it was set", "would have changed",
	"No message came since it was set."}

// setShadow has what was typed tried on the mail that comes. Nothing of it is saved.
func (s *handlers) setShadow(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	view, lists, err := s.readRules(r)
	if err != nil {
		return err
	}
	if view.Failed || view.Stale {
		return s.renderStatus(w, r, c, http.StatusUnprocessableEntity, "rules.html", view)
	}
	now, err := s.DB.Policy(r.Context())
	if err != nil {
		return err
	}
	h := s.As(c)
	if changes := trial.Changes(now, trial.With(now, lists...)); len(changes) > 0 {
		err = h.SetShadow(r.Context(), now.Generation, changes)
	}
	if err != nil {
		return err
	}
	return s.back(w, r, "/rules", did("shadow set", h))
}

// endShadow promotes or drops the shadow that the page shows.
func (s *handlers) endShadow(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	number, err := strconv.ParseInt(r.PostForm.Get("number"), 10, 64)
	if err != nil {
		return httpd.Invalid("number", "write the number of the shadow")
	}
	h, what := s.As(c), "shadow dropped"
	if r.PostForm.Get("do") == "promote" {
		what = "promoted"
		_, err = h.PromoteShadow(r.Context(), number)
	} else {
		err = h.DropShadow(r.Context(), number)
	}
	if err != nil && !errors.Is(err, store.ErrNoShadow) && !errors.Is(err, store.ErrShadowConflicts) {
		return err
	}
	return s.back(w, r, "/rules", did(what, h)) // the page says what stands in the way
}
