package console

import (
	"errors"
	"net/http"
	"net/url"

	"gatepost/httpd"
	"gatepost/policy"
)

// shownProblems is how many entries that cannot be taken are shown: a pasted list may have
// thousands, and what is below them must stay in sight.
const shownProblems = 10

// ranges is the field of the IP restrictions, among the fields that are checked.
const ranges = "ranges"

// A problemList is what is wrong with a field.
type problemList struct {
	Field string // allow, block or ranges
	First policy.Problems
	All   int
	Fixes bool // each has one fix, and they can be made at once
}

// More is how many are not shown.
func (l problemList) More() int { return l.All - len(l.First) }

func newProblems(field, text string, err error) (l problemList) {
	if err == nil {
		return l
	}
	all := problemsOf(err)
	l = problemList{Field: field, First: all[:min(len(all), shownProblems)], All: len(all)}
	_, l.Fixes = mended(field, text)
	return l
}

// mended is a text with each entry that cannot be taken in the one spelling that can.
func mended(field, text string) (string, bool) {
	if field == ranges {
		return policy.MendRanges(text)
	}
	return policy.Mend(policy.ListName(field), text)
}

// mendField puts the fixes into a field of a form, and reports whether there were any.
func mendField(form url.Values, field string) bool {
	text, ok := mended(field, form.Get(field))
	form.Set(field, text)
	return ok
}

// mendRules shows the lists with the fixes that were asked for. Nothing is saved: somebody is to
// look at it first.
func (s *handlers) mendRules(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	field := r.PostForm.Get("mend")
	if field != string(policy.Allow) && field != string(policy.Block) {
		return httpd.Invalid("mend", "write allow or block")
	}
	made := mendField(r.PostForm, field)
	view, _, err := s.readRules(r)
	if err != nil {
		return err
	}
	for i := range view.Lists {
		view.Lists[i].Mended = made && string(view.Lists[i].Name) == field
	}
	return s.render(w, r, c, "rules.html", view)
}

// problemsOf are the problems that an error holds.
func problemsOf(err error) policy.Problems {
	var all policy.Problems
	var one *policy.Problem
	switch {
	case errors.As(err, &all):
		return all
	case errors.As(err, &one):
		return policy.Problems{*one}
	}
	return policy.Problems{{Reason: err.Error()}}
}
