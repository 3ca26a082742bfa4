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

func (s *handlers) shadowOperations() []operation {
	return tagged("rules", []operation{
		{pattern: "GET /api/v2/rules/shadow", role: httpd.Admin, handler: s.showShadow,
			id:      "showShadow",
			summary: "The change of the lists that decides beside them, and what it came to",
			gives:   answers("the shadow", fields{"shadow": "Shadow"}),
			fails:   []int{http.StatusNotFound}},
		{pattern: "PUT /api/v2/rules/shadow", role: httpd.Admin, handler: s.setShadow,
			id:      "setShadow",
			summary: "Set what the lists would be as the shadow, which decides nothing",
			sends: fields{"rules": fields{"allowlist": "string", "blocklist": "string",
				"generation": "uint64: at which the lists were read: if they were changed since, 409; " +
					"without it they are replaced whatever they are"}},
			gives: answers("the shadow", fields{"shadow": "Shadow"}),
			fails: []int{http.StatusConflict}},
		{pattern: "DELETE /api/v2/rules/shadow", role: httpd.Admin, handler: s.dropShadow,
			id: "dropShadow", summary: "Forget the shadow; the lists stay as they are",
			takes: []parameter{must("number", "1..",
				"of the shadow that was seen: another one, set meanwhile, is left alone")},
			gives: answersNothing("it is gone"),
			fails: []int{http.StatusNotFound}},
		{pattern: "GET /api/v2/rules/shadow/diff", role: httpd.Admin, handler: s.diffShadow,
			id: "diffShadow",
			summary: "Which messages the shadow would have made something else of, since it was " +
				"set: of the newest 100,000",
			gives: answers(
				"what would have become something else; silent rejections are among the moves "+
					"only",
				"Diff"),
			fails: []int{http.StatusNotFound}},
		{pattern: "POST /api/v2/rules/shadow/promote", role: httpd.Admin, handler: s.promoteShadow,
			id: "promoteShadow", summary: "Make the change of the lists that the shadow is",
			takes: []parameter{must("number", "1..",
				"of the shadow that was seen: another one, set meanwhile, is left alone")},
			gives: answers("the lists", "Rules"),
			fails: []int{http.StatusNotFound, http.StatusConflict}},
	})
}

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
