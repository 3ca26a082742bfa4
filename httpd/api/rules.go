package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"gatepost/httpd"
	"gatepost/lint"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/trial"
)

// A listBody is one list: as text, if a field can hold it.
type listBody struct {
	Text       *string `json:"text"` // null if it is longer than a field can be
	Count      int     `json:"count"`
	EntriesURL string  `json:"entries_url"`
}

func (s *handlers) ruleOperations() []operation {
	return tagged("rules", []operation{
		{pattern: "GET /api/v2/rules", role: httpd.Admin, handler: s.showRules,
			id: "showRules", summary: "Both lists as text",
			gives: answers("the lists", "Rules")},
		{pattern: "PUT /api/v2/rules", role: httpd.Admin, handler: s.setRules,
			id:      "setRules",
			summary: "Replace a list whole, or both at once; an error leaves both as they were",
			sends: fields{"rules": fields{"allowlist": "string", "blocklist": "string",
				"generation": "uint64: at which the lists were read: if they were changed since, 409; " +
					"without it they are replaced whatever they are"}},
			gives: answers("the lists, and what is odd about their entries",
				and("Rules", fields{"findings!": "[]Finding"})),
			fails: []int{http.StatusConflict}},
		{pattern: "GET /api/v2/rules/{list}/entries", role: httpd.Admin, handler: s.listEntries,
			id: "listEntries", summary: "Every entry of a list",
			gives: answers("the entries, in the order in which they were entered",
				fields{"entries": "[]Entry"})},
		{pattern: "POST /api/v2/rules/{list}/entries", role: httpd.Admin, handler: s.addEntries,
			id: "addEntries", summary: "Add entries",
			sends: fields{"entry": "string", "entries": "[]string", "note": "string",
				"expires_at": "time: from then on the entries decide nothing"},
			gives: answers("how many were not there yet",
				fields{"added": "integer", "entries": "[]string", "findings": "[]Finding"})},
		{pattern: "PUT /api/v2/rules/{list}/entries", role: httpd.Admin, handler: s.changeEntry,
			id:      "changeEntry",
			summary: "Give an entry another note and time to end, in the place of those it has",
			sends: fields{"entry!": "string", "note": "string",
				"expires_at": "time?: from then on the entry decides nothing; null is never"},
			gives: answersNothing("done; no body")},
		{pattern: "DELETE /api/v2/rules/{list}/entries",
			role: httpd.Admin, handler: s.removeEntries,
			id: "removeEntries", summary: "Remove entries, all or none",
			takes: []parameter{must("entry", "[]string", "an entry; may be repeated"),
				may("note", "string", "why, for whoever reads the history later")},
			gives: answersNothing("done; no body")},
	})
}

// showRules shows both lists, and the generation that stands.
func (s *handlers) showRules(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	b, err := s.rulesBody(r)
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

func (s *handlers) rulesBody(r *http.Request) (body, error) {
	p, err := s.DB.Policy(r.Context())
	if err != nil {
		return nil, err
	}
	rules := map[string]any{"generation": p.Generation}
	for name, list := range map[policy.ListName]*policy.List{
		policy.Allow: p.Allow, policy.Block: p.Block,
	} {
		text, err := s.listText(r, name, list.Len())
		if err != nil {
			return nil, err
		}
		rules[string(name)+"list"] = listBody{Text: text, Count: list.Len(),
			EntriesURL: fmt.Sprintf("%s/api/v2/rules/%s/entries", s.base(r), name)}
	}
	return body{"rules": rules}, nil
}

// listText is a list as one field, an entry a line; null if it is too long for one.
func (s *handlers) listText(r *http.Request, name policy.ListName, entries int) (*string, error) {
	if entries > policy.MaxField/2 {
		return nil, nil
	}
	var b strings.Builder
	for rule, err := range s.DB.Rules(r.Context(), name) {
		if err != nil {
			return nil, err
		}
		b.WriteString(rule.Entry + "\n")
	}
	text := b.String()
	return when(len(text) <= 4*policy.MaxField, text), nil
}

// A ruleTexts is the lists that a program sets, as text; nil stays as it is.
type ruleTexts struct {
	Allowlist  *string `json:"allowlist"`
	Blocklist  *string `json:"blocklist"`
	Generation *int64  `json:"generation"` // at which it read them
}

// readLists reads the lists of a request, and at which generation its sender read them.
func readLists(r *http.Request) (lists []store.NewList, seen int64, err error) {
	var in struct {
		Rules ruleTexts `json:"rules"`
	}
	if err = readOwnJSON(r, &in); err != nil {
		return nil, 0, err
	}
	if lists, err = in.Rules.lists(); err != nil {
		return nil, 0, err
	}
	seen, err = since(in.Rules.Generation)
	return lists, seen, err
}

// setRules replaces the lists that are named, each whole: all of them or none. Whoever says at
// which generation they read them is refused if they were changed since.
func (s *handlers) setRules(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	lists, seen, err := readLists(r)
	if err != nil {
		return err
	}
	if _, err = s.As(c).SetRules(r.Context(), seen, lists...); err != nil {
		return err
	}
	b, err := s.rulesBody(r)
	if err != nil {
		return err
	}
	var these []lint.Entry
	for _, l := range lists {
		these = append(these, trial.On(l.Name, l.Entries)...)
	}
	if b["findings"], err = s.findingsAround(r, these); err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

func (in ruleTexts) lists() (lists []store.NewList, err error) {
	if in.Allowlist == nil && in.Blocklist == nil {
		return nil, httpd.Invalid("rules", "name a list: {\"rules\": {\"blocklist\": \"…\"}}")
	}
	for _, field := range []struct {
		list policy.ListName
		text *string
	}{{policy.Allow, in.Allowlist}, {policy.Block, in.Blocklist}} {
		if field.text == nil {
			continue
		}
		entries, err := policy.ParseList(field.list, *field.text)
		if err != nil {
			return nil, inField(string(field.list)+"list", err)
		}
		lists = append(lists, store.NewList{Name: field.list, Entries: entries})
	}
	return lists, nil
}

// inField says of which field an error is.
func inField(field string, err error) error {
	p := httpd.AsProblem(err)
	if p == nil || len(p.Details) != 1 {
		return err
	}
	for _, details := range p.Details {
		return httpd.Refusal(field, details)
	}
	return err
}

// pathList is the list that the path names.
func pathList(r *http.Request) (policy.ListName, error) {
	switch name := policy.ListName(r.PathValue("list")); name {
	case policy.Allow, policy.Block:
		return name, nil
	}
	return "", httpd.ErrNotFound
}

// listEntries streams the entries of a list: there may be a million.
func (s *handlers) listEntries(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	list, err := pathList(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	separator := `{"entries":[`
	for rule, err := range s.DB.Rules(r.Context(), list) {
		if err != nil {
			return err
		}
		text, err := json.Marshal(rule)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, separator+string(text)); err != nil {
			return err
		}
		separator = ",\n"
	}
	end := "]}\n"
	if strings.HasPrefix(separator, "{") {
		end = separator + end
	}
	_, err = io.WriteString(w, end)
	return err
}

// addEntries adds entries one by one: entry, or entries, with a note.
func (s *handlers) addEntries(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	list, err := pathList(r)
	if err != nil {
		return err
	}
	var in struct {
		Entry   string   `json:"entry"`
		Entries []string `json:"entries"`
		Note    string   `json:"note"`

		ExpiresAt *time.Time `json:"expires_at"`
	}
	if err := readOwnJSON(r, &in); err != nil {
		return err
	}
	if in.Entry != "" {
		in.Entries = append(in.Entries, in.Entry)
	}
	entries, err := readEntries(list, in.Entries)
	if err != nil {
		return err
	}
	added, err := s.As(c).AddRules(r.Context(), list, entries, store.Life{Note: in.Note,
		ExpiresAt: in.ExpiresAt})
	if err != nil {
		return over(err)
	}
	findings, err := s.findingsAround(r, trial.On(list, entries))
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"added": added, "entries": shown(entries),
		"findings": findings})
}

// over says that a time has passed already.
func over(err error) error {
	if errors.Is(err, store.ErrOver) {
		return httpd.Invalid("expires_at", "name a time that is to come")
	}
	return err
}

// changeEntry gives an entry another note and time to end, in the place of those it has.
func (s *handlers) changeEntry(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	list, err := pathList(r)
	if err != nil {
		return err
	}
	var in struct {
		Entry     string     `json:"entry"`
		Note      string     `json:"note"`
		ExpiresAt *time.Time `json:"expires_at"`
	}
	if err := readOwnJSON(r, &in); err != nil {
		return err
	}
	entries, err := readEntries(list, []string{in.Entry})
	if err != nil {
		return err
	}
	err = s.As(c).SetLife(r.Context(), list, entries[0],
		store.NewLife{Life: store.Life{Note: in.Note, ExpiresAt: in.ExpiresAt}})
	if err != nil {
		return over(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// removeEntries removes those of ?entry=, all or none.
func (s *handlers) removeEntries(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	list, err := pathList(r)
	if err != nil {
		return err
	}
	entries, err := readEntries(list, r.URL.Query()["entry"])
	if err != nil {
		return err
	}
	_, err = s.As(c).RemoveRules(r.Context(), list, entries, r.URL.Query().Get("note"))
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readEntries reads each entry on its own: one with a space in it is not two.
func readEntries(list policy.ListName, texts []string) ([]policy.Entry, error) {
	if len(texts) == 0 {
		return nil, httpd.Invalid("entry", "name an entry, such as acme.test")
	}
	entries := make([]policy.Entry, len(texts))
	for i, text := range texts {
		var err error
		if entries[i], err = policy.ParseEntry(list, strings.TrimSpace(text)); err != nil {
			return nil, inField("entry", err)
		}
	}
	return entries, nil
}

func shown(entries []policy.Entry) []string {
	texts := make([]string, len(entries))
	for i, e := range entries {
		texts[i] = e.String()
	}
	return texts
}
