package api

import (
	"bufio"
	"net/http"
	"strconv"

	"gatepost/httpd"
	"gatepost/lint"
	"gatepost/policy"
	"gatepost/trial"
)

// How many of the newest messages are decided again, if nobody says another number, and at most.
const (
	usualLast = 1000
	mostLast  = 100_000
)

func (s *handlers) trialOperations() []operation {
	return tagged("rules", []operation{
		{pattern: "POST /api/v2/rules/try", role: httpd.Admin, handler: s.tryRules,
			id:      "tryRules",
			summary: "What other lists would have done to the newest messages; nothing is changed",
			takes: []parameter{may("last", "1..100000",
				"how many of the newest messages are decided again; 1,000 without it")},
			sends: fields{"rules": fields{"allowlist": "string", "blocklist": "string"}},
			gives: answers("what would become something else", "Diff")},
		{pattern: "GET /api/v2/rules/lint", role: httpd.Admin, handler: s.lintRules,
			id: "lintRules", summary: "What is odd about the lists",
			gives: answers("the findings, at most 1,000",
				fields{"findings!": "[]Finding", "more!": "boolean: there are more"})},
	})
}

// tryRules says what the lists would do that setRules would set: what of the newest messages would
// become something else. Nothing is changed.
func (s *handlers) tryRules(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	last := usualLast
	if text := r.URL.Query().Get("last"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostLast {
			return httpd.Invalid("last", "write a number from 1 to %d", mostLast)
		}
		last = n
	}
	lists, _, err := readLists(r)
	if err != nil {
		return err
	}
	now, err := s.DB.Policy(r.Context())
	if err != nil {
		return err
	}
	t := trial.Trial{Now: now, Then: trial.With(now, lists...), Last: last}
	diff, err := t.Run(r.Context(), s.DB)
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

// A findingBody is what is odd about one entry.
type findingBody struct {
	List     policy.ListName `json:"list"`
	Org      *string         `json:"organization"` // that has the entry; null if a list has
	Entry    string          `json:"entry"`
	Finding  string          `json:"finding"`
	Severity string          `json:"severity"`
	Idle     bool            `json:"never_decides"`
	Words    string          `json:"words"`
	Fix      []fixBody       `json:"fix"`
}

// A fixBody is one step of what mends it.
type fixBody struct {
	Do    string          `json:"do"` // add, remove
	List  policy.ListName `json:"list"`
	Org   *string         `json:"organization"`
	Entry string          `json:"entry"`
}

func newFinding(f lint.Finding) findingBody {
	b := findingBody{List: f.Entry.List, Entry: f.Entry.String(), Finding: f.Kind.String(),
		Severity: f.Kind.Severity().String(), Idle: f.Kind.Idle(), Words: f.Words()}
	b.Org = when(f.Entry.List == policy.Org, f.Entry.Organization)
	for _, c := range f.Fix() {
		b.Fix = append(b.Fix, fixBody{c.Do(), c.List, b.Org, c.Entry.String()})
	}
	return b
}

// mostFindings is how many are answered: the lists may have a million entries.
const mostFindings = 1000

// lintRules says what is odd about the lists.
func (s *handlers) lintRules(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	found, err := trial.Lint(r.Context(), s.DB)
	if err != nil {
		return err
	}
	findings := []findingBody{}
	for _, f := range found[:min(len(found), mostFindings)] {
		findings = append(findings, newFinding(f))
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"findings": findings,
		"more": len(found) > mostFindings})
}

// findingsAround says what is odd about entries that were put somewhere, and about others by them.
func (s *handlers) findingsAround(r *http.Request, these []lint.Entry) ([]findingBody, error) {
	findings := []findingBody{}
	all, err := trial.LintAround(r.Context(), s.DB, these)
	if err != nil {
		return nil, err
	}
	for f := range all {
		if len(findings) == mostFindings {
			break
		}
		findings = append(findings, newFinding(f))
	}
	return findings, nil
}
