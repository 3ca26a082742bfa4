package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"gatepost/httpd"
	"gatepost/store"
)

// handoffRoutes are where tickets are carried on to, and what became of each.
func (s *handlers) handoffRoutes() []httpd.Route {
	const one, target = " /api/v2/handoffs/{id}", " /api/v2/handoff_targets/{name}"
	return []httpd.Route{
		httpd.NewRoute("GET /api/v2/handoffs", httpd.Admin, s.listHandoffs),
		httpd.NewRoute("GET"+one, httpd.Admin, s.showHandoff),
		httpd.NewRoute("POST"+one+"/retry", httpd.Admin, s.retryHandoff),
		httpd.NewRoute("POST"+one+"/discard", httpd.Admin, s.discardHandoff),
		httpd.NewRoute("GET /api/v2/handoff_targets", httpd.Admin, s.listTargets),
		httpd.NewRoute("POST"+target+"/pause", httpd.Admin, s.pauseTarget),
		httpd.NewRoute("POST"+target+"/resume", httpd.Admin, s.resumeTarget),
	}
}

// handoffQuery reads the filters of a list.
func handoffQuery(r *http.Request) (q store.HandoffQuery, err error) {
	query := r.URL.Query()
	q.Target = query.Get("target")
	if query.Get("ticket") != "" {
		id, err := readNumber(query, "ticket", 0)
		if err != nil {
			return q, err
		}
		q.Ticket = int64(id)
	}
	for state := range strings.SplitSeq(query.Get("state"), ",") {
		switch {
		case state == "":
		case !slices.Contains(store.HandoffStates(), state):
			return q, httpd.Invalid("state", "%q is none of %s", state,
				strings.Join(store.HandoffStates(), ", "))
		default:
			q.States = append(q.States, state)
		}
	}
	return q, nil
}

func (s *handlers) listHandoffs(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	p, err := readPaging(r.URL.Query())
	if err != nil {
		return err
	}
	q, err := handoffQuery(r)
	if err != nil {
		return err
	}
	p.request.Descending = true
	found, err := turn(p, func(pr store.PageRequest) (store.Page[store.Handoff], error) {
		return s.DB.HandoffPage(r.Context(), q, pr)
	})
	if err != nil {
		return err
	}
	records := append([]store.Handoff{}, found.Items...) // [] and not null
	b, err := pageBody(s, r, "handoffs", records, p, found, func() (int64, error) {
		return s.DB.CountHandoffs(r.Context(), q)
	})
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

func (s *handlers) showHandoff(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	return s.answerHandoff(w, r, id)
}

func (s *handlers) answerHandoff(w http.ResponseWriter, r *http.Request, id int64) error {
	h, err := s.DB.Handoff(r.Context(), id)
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"handoff": h})
}

// retryHandoff has one tried at once, and for the whole time anew.
func (s *handlers) retryHandoff(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	return s.changeHandoff(w, r, s.As(c).RetryHandoffs)
}

// discardHandoff has one carried no further.
func (s *handlers) discardHandoff(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	return s.changeHandoff(w, r, s.As(c).DiscardHandoffs)
}

func (s *handlers) changeHandoff(w http.ResponseWriter, r *http.Request,
	change func(context.Context, []int64) error) error {
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	if err := change(r.Context(), []int64{id}); err != nil {
		return err
	}
	return s.answerHandoff(w, r, id)
}

// listTargets are those of the settings, and those that something still waits for.
func (s *handlers) listTargets(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	all, err := s.DB.Targets(r.Context())
	if err != nil {
		return err
	}
	if all == nil {
		all = []store.TargetStatus{} // [] and not null
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"handoff_targets": all})
}

// pauseTarget has nothing carried to a target; why is what people are told.
func (s *handlers) pauseTarget(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	var in struct {
		Why string `json:"why"`
	}
	if r.ContentLength != 0 {
		if err := readOwnJSON(r, &in); err != nil {
			return err
		}
	}
	err := s.As(c).PauseTarget(r.Context(), r.PathValue("name"), in.Why)
	return s.answerTarget(w, r, err)
}

func (s *handlers) resumeTarget(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	return s.answerTarget(w, r, s.As(c).ResumeTarget(r.Context(), r.PathValue("name")))
}

func (s *handlers) answerTarget(w http.ResponseWriter, r *http.Request, err error) error {
	if err != nil {
		return err
	}
	t, err := s.DB.TargetStatus(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"handoff_target": t})
}
