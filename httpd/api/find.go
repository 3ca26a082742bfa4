package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"gatepost/httpd"
	"gatepost/store"
)

func (s *handlers) findOperations() []operation {
	return tagged("decisions", []operation{
		{pattern: "GET /api/v2/find", role: httpd.Agent, handler: s.find,
			id: "find", summary: "Where messages are, or what became of them",
			takes: []parameter{must("query", "string",
				"words that are all to be found: parts of an address, a domain, a subject, a "+
					"Message-ID, the id that the reply to the client named, the address of a "+
					"client, or an id of ours"),
				may("since", "string",
					"only what came at this time or later: RFC 3339, or a day in UTC"),
				may("until", "string", "only what came before this time"),
				may("per_page", "1..100", "at most so many, the newest")},
			gives: answers(
				"what was found, the newest first, but before it what has the number that is "+
					"looked for; has_more: there are older ones, which until= the created_at of "+
					"the last one shows",
				fields{"found!": "[]Found", "count!": "integer: how many are in found",
					"rejects!": "[]Rejection: the senders and domains among the words whose mail is " +
						"rejected silently, and nothing of it kept",
					"meta!": fields{"has_more": "boolean"}})},
	})
}

// find says where messages are, or what became of them, and whose mail among the words is
// rejected: of that nothing is kept.
func (s *handlers) find(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	q, err := readSearch(r.URL.Query())
	if err != nil {
		return err
	}
	size := q.Limit
	q.Limit++ // so that it is known whether there are more
	found, err := s.DB.Find(r.Context(), q)
	if err != nil {
		return err
	}
	p, err := s.DB.Policy(r.Context())
	if err != nil {
		return err
	}
	rejects, err := p.Rejections(q.Words, s.DB.Profile)
	if err != nil {
		return err
	}
	more := len(found) > size
	found = found[:min(size, len(found))]
	return httpd.AnswerJSON(w, http.StatusOK, body{"found": found, "rejects": rejects,
		"count": len(found), "meta": map[string]any{"has_more": more}})
}

// readSearch reads what is looked for. A parameter that we do not know was meant to narrow it,
// and is refused.
func readSearch(query url.Values) (q store.Search, err error) {
	known := []string{"query", "since", "until", "per_page"}
	for name, values := range query {
		if !slices.Contains(known, name) {
			return q, httpd.Invalid(name, "there is no such parameter: write %s",
				strings.Join(known, ", "))
		}
		if len(values) > 1 {
			return q, httpd.Invalid(name, "it is given %d times", len(values))
		}
	}
	if q.Words = query.Get("query"); strings.TrimSpace(q.Words) == "" {
		return q, httpd.Invalid("query", "there is nothing to look for: name an address, a subject "+
			"or an id, as in query=ann@shop.test")
	}
	if q.Since, err = readDate(query, "since"); err != nil {
		return q, err
	}
	if q.Until, err = readDate(query, "until"); err != nil {
		return q, err
	}
	if !q.Since.IsZero() && !q.Until.IsZero() && !q.Since.Before(q.Until) {
		return q, httpd.Invalid("since", "%s is not before until, %s", query.Get("since"),
			query.Get("until"))
	}
	q.Limit, err = readNumber(query, "per_page", maxPage)
	q.Limit = min(q.Limit, maxPage)
	return q, err
}

// readDate is a time, or the beginning of a day in UTC; the zero time if there is none.
func readDate(query url.Values, name string) (at time.Time, err error) {
	text := query.Get(name)
	if text == "" {
		return at, nil
	}
	if at, err = time.Parse(time.DateOnly, text); err == nil {
		return at, nil
	}
	// A + that is not encoded comes as a space.
	if at, err = time.Parse(time.RFC3339, strings.Replace(text, " ", "+", 1)); err == nil {
		return at, nil
	}
	return at, httpd.Invalid(name, "%q is no date: write 2026-11-24 or 2026-11-24T15:04:05Z", text)
}
