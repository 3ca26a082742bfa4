package api

import (
	"bufio"
	"net/http"
	"strconv"

	"gatepost/httpd"
	"gatepost/store"
	"gatepost/trial"
)

// A shadowBody is the shadow, and what it came to so far.
type shadowBody struct {
	Number     int64          `json:"number"` // which one it is
	SetAt      stamp          `json:"set_at"`
	SetBy      string         `json:"set_by"`
	Decided    int            `json:"decided"`
	Changed    int            `json:"changed"`
	Rejected   int            `json:"rejected"` // of those changed
	Moves      []trial.Count  `json:"moves"`
	Changes    []trial.Change `json:"changes"` // the first, and all that conflict
	Conflicts  int            `json:"conflicts"`
	Generation int64          `json:"generation"` // of the lists that it was made from
}

// mostChanges is how many changes of a shadow are answered: it may have a million.
const mostChanges = 1000

func (s *handlers) showShadow(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	shadow, diff, err := trial.Shadow(r.Context(), s.DB, mostLast)
	if err != nil {
		return err
	}
	changes, conflicts, err := trial.ShadowChanges(r.Context(), s.DB, shadow.Number, mostChanges)
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"shadow": shadowBody{shadow.Number,
		stamp(shadow.SetAt), shadow.SetBy, diff.Decided, diff.Changed, diff.Rejected, diff.Moves(),
		changes, conflicts, shadow.Generation}})
}

// setShadow takes what setRules takes.
func (s *handlers) setShadow(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	lists, seen, err := readLists(r)
	if err != nil {
		return err
	}
	now, err := s.DB.Policy(r.Context())
	if err != nil {
		return err
	}
	if seen != store.AnyGeneration && seen != now.Generation {
		return store.ErrRulesChanged
	}
	changes := trial.Changes(now, trial.With(now, lists...))
	if len(changes) == 0 {
		return httpd.Invalid("rules", "the lists are so already: there is nothing to try")
	}
	if err := s.As(c).SetShadow(r.Context(), now.Generation, changes); err != nil {
		return err
	}
	return s.showShadow(w, r, c)
}

// diffShadow says which messages the shadow would have made something else of.
func (s *handlers) diffShadow(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	_, diff, err := trial.Shadow(r.Context(), s.DB, mostLast)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriter(w)
	if err := diff.WriteJSON(out); err != nil {
		return err
	}
	return out.Flush()
}

// promoteShadow promotes the shadow that the caller has seen.
func (s *handlers) promoteShadow(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	number, err := shadowNumber(r)
	if err != nil {
		return err
	}
	if _, err := s.As(c).PromoteShadow(r.Context(), number); err != nil {
		return err
	}
	return s.showRules(w, r, c)
}

func (s *handlers) dropShadow(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	number, err := shadowNumber(r)
	if err != nil {
		return err
	}
	if err := s.As(c).DropShadow(r.Context(), number); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func shadowNumber(r *http.Request) (int64, error) {
	number, err := strconv.ParseInt(r.URL.Query().Get("number"), 10, 64)
	if err != nil || number < 1 {
		return 0, httpd.Invalid("number", "write the number of the shadow that you have seen")
	}
	return number, nil
}
