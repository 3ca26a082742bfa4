package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"gatepost/httpd"
	"gatepost/store"
)

func (s *handlers) handoffOperations() []operation {
	return tagged("hand-offs", []operation{
		{pattern: "GET /api/v2/handoffs", role: httpd.Admin, handler: s.listHandoffs,
			id: "listHandoffs", summary: "What is carried on to targets, the newest first",
			takes: append(pageParameters(),
				may("target", "string", "only to this target"),
				may("state", "string", "only in one of these states, with commas between"),
				may("ticket", "int64", "only of the ticket, or the held message, with this id")),
			gives: answers("a page of hand-offs", pageOf("handoffs", "Handoff"))},
		{pattern: "GET /api/v2/handoffs/{id}", role: httpd.Admin, handler: s.showHandoff,
			id: "showHandoff", summary: "One hand-off: its tries, and what the other side said",
			gives: answers("the hand-off", fields{"handoff": "Handoff"})},
		{pattern: "POST /api/v2/handoffs/{id}/retry", role: httpd.Admin, handler: s.retryHandoff,
			id: "retryHandoff", summary: "Try a hand-off at once, and for the whole time anew",
			gives: answers("the hand-off as it is now", fields{"handoff": "Handoff"}),
			meets: "it was handed over already"},
		{pattern: "POST /api/v2/handoffs/{id}/discard",
			role: httpd.Admin, handler: s.discardHandoff,
			id: "discardHandoff", summary: "Carry a hand-off no further; its ticket stays",
			gives: answers("the hand-off as it is now", fields{"handoff": "Handoff"}),
			meets: "it was handed over already"},
		{pattern: "GET /api/v2/handoff_targets", role: httpd.Admin, handler: s.listTargets,
			id: "listHandoffTargets", summary: "The targets, and what waits for each",
			gives: answers("all of them", fields{"handoff_targets": "[]HandoffTarget"})},
		{pattern: "POST /api/v2/handoff_targets/{name}/pause",
			role: httpd.Admin, handler: s.pauseTarget,
			id: "pauseHandoffTarget", summary: "Carry nothing to a target; its messages are kept",
			sends: fields{"why": "string: the reason, which lists show"},
			bare:  true,
			gives: answers("the target as it is now", fields{"handoff_target": "HandoffTarget"})},
		{pattern: "POST /api/v2/handoff_targets/{name}/resume",
			role: httpd.Admin, handler: s.resumeTarget,
			id: "resumeHandoffTarget", summary: "Carry to a paused target again, at once",
			gives: answers("the target as it is now", fields{"handoff_target": "HandoffTarget"})},
	})
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
