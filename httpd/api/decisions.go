package api

import (
	"net/http"

	"gatepost/httpd"
	"gatepost/message"
)

func (s *handlers) decisionOperations() []operation {
	return tagged("decisions", []operation{
		{pattern: "GET /api/v2/check", role: httpd.Agent, handler: s.check,
			id: "check", summary: "What the lists do to the mail of one sender",
			takes: []parameter{must("sender", "string",
				"an address; empty: mail without a readable sender")},
			gives: answers("what would be decided", "Checked")},
		{pattern: "GET /api/v2/decisions/{id}", role: httpd.Agent, handler: s.decision,
			id: "showDecision", summary: "A decision as it was made, with its facts and its trail",
			takes: []parameter{inPath("id", "string",
				"the id of a decision, as the SMTP reply named it, or of its message")},
			gives: answers("the decision", "Decision")},
	})
}

// check says what the lists do to the mail of one sender, as gatepost check does.
func (s *handlers) check(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	text := r.URL.Query().Get("sender")
	var sender message.Address
	if text != "" { // an empty one stands for mail without a readable sender
		var err error
		if sender, err = message.ParseAddress(text); err != nil {
			return httpd.Invalid("sender", "%s", err)
		}
	}
	if !r.URL.Query().Has("sender") {
		return httpd.Invalid("sender", "say whose mail: sender=ann@acme.test")
	}
	p, err := s.DB.Policy(r.Context())
	if err != nil {
		return err
	}
	profile, err := s.DB.Profile(sender)
	if err != nil {
		return err
	}
	d := p.Check(sender, profile)
	return httpd.AnswerJSON(w, http.StatusOK, body{"sender": sender.String(),
		"decision": d.Action.String(), "rule": orNull(d.RuleText()), "why": d.Why()})
}

// decision tells a decision as it was made, by its id or that of its message.
func (s *handlers) decision(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	explained, err := s.DB.Explain(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, explained)
}
