package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

// shownEntries is how many entries of a list are shown one by one. A list may hold a million.
const shownEntries = 200

// A rulesView is both lists as they are shown and edited.
type rulesView struct {
	Lists      []listView
	Generation int64 // of the rules, as the page was made
	Changed    bool  // what was typed is not what stands
	Failed     bool
	Stale      bool               // somebody changed the lists meanwhile
	Meanwhile  []store.AuditEntry // how, the newest first
	Trial      *trialView         // of what was typed, if that was asked for
	Shadow     *shadowView        // nil if none is set
	Odd        oddities           // about the lists that stand
}

// A listView is one list: as a field, and entry by entry.
type listView struct {
	Name     policy.ListName
	Title    string
	Text     string // what is in the field
	Was      string // what the list is
	TooLong  bool   // the list does not fit into a field
	Count    int
	Entries  []store.Rule
	Problems problemList
	Mended   bool   // what was typed was written as it was meant: it is not saved yet
	Removes  string // which entries saving takes off, if somebody changed the lists meanwhile
	Adds     string // and which it puts on
	Entry    string // what was typed to be added
	Note     string
	Expires  string
	Refused  string // why that was not
}

func (s *handlers) rulesView(ctx context.Context) (*rulesView, error) {
	p, err := s.DB.Policy(ctx)
	if err != nil {
		return nil, err
	}
	v := &rulesView{Generation: p.Generation, Lists: []listView{
		{Name: policy.Block, Title: "Blocklist", Count: p.Block.Len()},
		{Name: policy.Allow, Title: "Allowlist", Count: p.Allow.Len()}}}
	for i := range v.Lists {
		if err := s.readList(ctx, &v.Lists[i]); err != nil {
			return nil, err
		}
	}
	if v.Shadow, err = s.shadow(ctx); err != nil {
		return nil, err
	}
	v.Odd, err = s.oddities(ctx, p)
	return v, err
}

// readList reads as much of a list as is shown of it. Of one that cannot fit into a field, since each
// entry takes two characters at least, the table of the entries has a page.
func (s *handlers) readList(ctx context.Context, l *listView) error {
	if l.TooLong = l.Count > policy.MaxField/2; l.TooLong {
		return nil
	}
	var b strings.Builder
	for rule, err := range s.DB.Rules(ctx, l.Name) {
		if err != nil {
			return err
		}
		if len(l.Entries) < shownEntries {
			l.Entries = append(l.Entries, rule)
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(rule.Entry)
		// No code point has more than four octets.
		if b.Len() > 4*policy.MaxField {
			break
		}
	}
	l.TooLong = utf8.RuneCountInString(b.String()) > policy.MaxField
	if l.TooLong {
		return nil
	}
	l.Text, l.Was = b.String(), b.String()
	return nil
}

func (s *handlers) rulesPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	view, err := s.rulesView(r.Context())
	if err != nil {
		return err
	}
	return s.render(w, r, c, "rules.html", view)
}

// saveRules takes both fields or neither: what is wrong is said of each entry, and the lists
// stay as they were. They also do if somebody changed them since the form was made.
func (s *handlers) saveRules(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	switch {
	case r.PostForm.Get("mend") != "":
		return s.mendRules(w, r, c)
	case r.PostForm.Get("try") != "":
		return s.tryRules(w, r, c)
	case r.PostForm.Get("shadow") != "":
		return s.setShadow(w, r, c)
	}
	view, lists, err := s.readRules(r)
	if err != nil {
		return err
	}
	if !view.Failed && !view.Stale {
		h := s.As(c)
		_, err := h.SetRules(r.Context(), view.Generation, lists...)
		if err == nil {
			return s.back(w, r, "/rules", did("saved", h))
		}
		if !errors.Is(err, store.ErrRulesChanged) { // between our look and the saving
			return err
		}
		if view, _, err = s.readRules(r); err != nil {
			return err
		}
		if !view.Failed && !view.Stale { // others have made of them what is to be saved
			return s.back(w, r, "/rules", flash{what: "same"})
		}
	}
	return s.renderStatus(w, r, c, http.StatusUnprocessableEntity, "rules.html", view)
}

// readRules lays what was typed over the lists as they stand. If they are not those of which
// the form was made it says what came between.
func (s *handlers) readRules(r *http.Request) (view *rulesView, lists []store.NewList, err error) {
	if view, err = s.rulesView(r.Context()); err != nil {
		return nil, nil, err
	}
	lists = view.read(r)
	seen, wrong := strconv.ParseInt(r.PostForm.Get("generation"), 10, 64)
	if wrong != nil {
		seen = store.AnyGeneration
	}
	if view.Stale = view.Stale || view.Changed && seen != view.Generation; !view.Stale {
		return view, lists, nil
	}
	if view.Failed {
		// What saving would do cannot be said before all can be taken: it is to be asked again.
		view.Generation = seen
	} else {
		view.compare(lists)
	}
	for e, err := range s.DB.RulesSince(r.Context(), seen, shownChanges) {
		if err != nil {
			return nil, nil, err
		}
		view.Meanwhile = append(view.Meanwhile, e)
	}
	return view, lists, nil
}

// shownChanges is how many changes of others are named; the audit log has all of them.
const shownChanges = 10

// read takes what was typed. A list that has become too long for a field meanwhile is not
// replaced by what was in one.
func (v *rulesView) read(r *http.Request) (lists []store.NewList) {
	for i := range v.Lists {
		l := &v.Lists[i]
		if !r.PostForm.Has(string(l.Name)) {
			continue
		}
		text := strings.ReplaceAll(r.PostForm.Get(string(l.Name)), "\r\n", "\n")
		l.Text = strings.TrimRight(text, "\n")
		if l.TooLong {
			v.Stale = true // there was a field for it when the form was made
			continue
		}
		entries, err := policy.ParseList(l.Name, l.Text)
		if err != nil {
			l.Problems, v.Failed = newProblems(string(l.Name), l.Text, err), true
		}
		v.Changed = v.Changed || err != nil || !l.stands(entries)
		lists = append(lists, store.NewList{Name: l.Name, Entries: entries})
	}
	return lists
}

// stands reports whether the list is that already, entry by entry and in that order.
func (l *listView) stands(entries []policy.Entry) bool {
	was, err := policy.ParseList(l.Name, l.Was)
	return err == nil && slices.EqualFunc(was, entries, func(a, b policy.Entry) bool {
		return a.Text == b.Text
	})
}

// compare says what saving these lists would do to those that stand.
func (v *rulesView) compare(lists []store.NewList) {
	for _, typed := range lists {
		i := slices.IndexFunc(v.Lists, func(l listView) bool { return l.Name == typed.Name })
		l := &v.Lists[i]
		stands, err := policy.ParseList(l.Name, l.Was)
		if err != nil {
			continue // it was taken once
		}
		rule := func(e policy.Entry) policy.Entry {
			return policy.Entry{Keyword: e.Keyword, Target: e.Target}
		}
		l.Removes = namesOf(missing(stands, typed.Entries, rule))
		l.Adds = namesOf(missing(typed.Entries, stands, rule))
	}
}

// namesOf are the first of the entries, as they are shown.
func namesOf(entries []policy.Entry) string {
	const named = 30
	var names []string
	for _, e := range entries[:min(len(entries), named)] {
		names = append(names, e.String())
	}
	return firstOf(names, int64(len(entries)), named)
}

// checkText says what is wrong with a text while it is typed: nothing of it is kept.
func (s *handlers) checkText(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	var err error
	list, text := r.PostForm.Get("list"), r.PostForm.Get("text")
	switch list {
	case "allow", "block":
		_, err = policy.ParseList(policy.ListName(list), text)
	case ranges:
		_, err = policy.ParseRanges(text)
	default:
		return httpd.Invalid("list", "write allow, block or ranges")
	}
	return s.renderPart(w, "problems", newProblems(list, text, err))
}
