package api

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

// mostDiffers is how many entries are answered that differ: there may be a million.
const mostDiffers = 1000

func (s *handlers) historyOperations() []operation {
	return tagged("rules", []operation{
		{pattern: "GET /api/v2/rules/history", role: httpd.Admin, handler: s.rulesHistory,
			id: "rulesHistory", summary: "Who changed the lists, the latest first",
			takes: append(cursorParameters(),
				may("list", "allow|block", "only of this list"),
				may("entry", "string", "only of this address or domain")),
			gives: answers("a page of the changes", pageOf("changes", "RuleChange"))},
		{pattern: "GET /api/v2/rules/diff", role: httpd.Admin, handler: s.diffRules,
			id: "diffRules", summary: "What became of the lists from one generation to another",
			takes: []parameter{must("from", "uint64", "the one"),
				may("to", "uint64", "the other; what stands if it is not named")},
			gives: answers("the entries that differ, at most 1,000",
				fields{"from!": "uint64", "to!": "uint64", "differences!": "[]RuleDifference",
					"more!": "boolean: there are more"})},
		{pattern: "POST /api/v2/rules/revert", role: httpd.Admin, handler: s.revertRules,
			id: "revertRules", summary: "Make both lists what they were at a generation",
			sends: fields{"revert!": fields{"to!": "uint64: the generation",
				"generation": "uint64: at which the lists were read: if they were changed since, 409"}},
			gives: answers("the lists, and what was done to them",
				and("Rules", fields{"reverted!": fields{"undo!": "uint64: the generation that undoes it",
					"allowlist!": "Replaced", "blocklist!": "Replaced"}})),
			fails: []int{http.StatusConflict}},
	})
}

// rulesHistory shows who changed the lists, the latest first; page[after]= an id goes further back.
func (s *handlers) rulesHistory(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	size, before, err := readOlder(r)
	if err != nil {
		return err
	}
	q, query := store.HistoryQuery{Before: before, Limit: size + 1}, r.URL.Query()
	switch list := query.Get("list"); policy.ListName(list) {
	case policy.Allow, policy.Block, "":
		q.List = policy.ListName(list)
	default:
		return httpd.Invalid("list", "write allow or block")
	}
	if text := query.Get("entry"); text != "" {
		e, err := policy.ParseEntry(policy.Block, text)
		if err != nil {
			return inField("entry", err)
		}
		q.Target = e.Target
	}
	changes := []store.RuleChange{}
	for c, err := range s.DB.RuleHistory(r.Context(), q) {
		if err != nil {
			return err
		}
		changes = append(changes, c)
	}
	return answerOlder(s, w, r, "changes", changes, size,
		func(c store.RuleChange) int64 { return c.Audit })
}

// diffRules shows what became of the lists from one generation to another, or to what stands.
func (s *handlers) diffRules(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	from, err := generation(r.URL.Query(), "from")
	if err != nil {
		return err
	}
	to, err := s.DB.Generation(r.Context())
	if err == nil && r.URL.Query().Has("to") {
		to, err = generation(r.URL.Query(), "to")
	}
	if err != nil {
		return err
	}
	differs, more := []store.RuleDifference{}, false
	for d, err := range s.DB.RuleDiff(r.Context(), from, to) {
		if err != nil {
			return noGeneration("from", err)
		}
		if more = len(differs) == mostDiffers; more {
			break
		}
		differs = append(differs, d)
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"from": from, "to": to, "differences": differs,
		"more": more})
}

// generation reads one of a query.
func generation(query url.Values, name string) (int64, error) {
	n, err := strconv.ParseInt(query.Get(name), 10, 64)
	if err != nil || n < 0 {
		return 0, httpd.Invalid(name, "write a generation, as rules/history shows them")
	}
	return n, nil
}

// noGeneration says of which field a generation is that is not known.
func noGeneration(field string, err error) error {
	if errors.Is(err, store.ErrNoGeneration) {
		return httpd.Invalid(field, "%s", err)
	}
	return err
}

// revertRules makes both lists what they were at a generation. Whoever says at which they read them
// is refused if they were changed since.
func (s *handlers) revertRules(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	var in struct {
		Revert struct {
			To         *int64 `json:"to"`
			Generation *int64 `json:"generation"`
		} `json:"revert"`
	}
	if err := readOwnJSON(r, &in); err != nil {
		return err
	}
	if in.Revert.To == nil || *in.Revert.To < 0 {
		return httpd.Invalid("to", "write a generation, as rules/history shows them: "+
			"{\"revert\": {\"to\": 7}}")
	}
	seen, err := since(in.Revert.Generation)
	if err != nil {
		return err
	}
	before, err := s.DB.Generation(r.Context())
	if err != nil {
		return err
	}
	did, err := s.As(c).RevertRules(r.Context(), *in.Revert.To, seen)
	if err != nil {
		return noGeneration("to", err)
	}
	b, err := s.rulesBody(r)
	if err != nil {
		return err
	}
	reverted := map[string]any{"undo": before}
	for _, list := range []policy.ListName{policy.Allow, policy.Block} {
		reverted[string(list)+"list"] = replacedBody(did[list])
	}
	b["reverted"] = reverted
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

// A replacedBody is how many entries came on a list, and how many went from it.
type replacedBody struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
}
