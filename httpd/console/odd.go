package console

import (
	"context"
	"errors"
	"net/http"

	"gatepost/httpd"
	"gatepost/lint"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/trial"
)

// oddities are what is odd about the lists that stand.
type oddities struct {
	All  []oddity
	More bool
}

// An oddity is what is odd about one entry, and what a button does about it.
type oddity struct {
	List    policy.ListName
	Entry   string
	Finding string
	Warning bool
	Words   string
	Fix     string
}

// What is looked at for the page: to look at a million entries takes seconds.
const (
	shownOddities = 50
	mostLooked    = 50_000
)

func (s *handlers) oddities(ctx context.Context, p *policy.Policy) (o oddities, err error) {
	if p.Allow.Len()+p.Block.Len() > mostLooked {
		return oddities{More: true}, nil
	}
	for f, err := range trial.Lint(ctx, s.DB) {
		if err != nil {
			return o, err
		}
		if o.More = len(o.All) == shownOddities; o.More {
			break
		}
		o.All = append(o.All, oddity{List: f.Entry.List, Entry: f.Entry.String(),
			Finding: f.Kind.String(), Warning: f.Kind.Severity() == lint.Warning,
			Words: f.Words(), Fix: fixWords(f)})
	}
	return o, nil
}

// fixWords are what a button says: "Remove", or what it writes instead.
func fixWords(f lint.Finding) string {
	for _, c := range f.Fix() {
		if !c.Removed {
			return "Write " + c.Entry.String()
		}
	}
	return "Remove"
}

// fixEntry mends what is odd about an entry, if it still is.
func (s *handlers) fixEntry(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	list := policy.ListName(r.PostForm.Get("list"))
	if list != policy.Allow && list != policy.Block {
		return httpd.Invalid("list", "write allow or block")
	}
	entry, err := policy.ParseEntry(list, r.PostForm.Get("entry"))
	if err != nil {
		return err
	}
	found, err := trial.LintEach(r.Context(), s.DB, []lint.Entry{{List: list, Entry: entry}})
	if err != nil {
		return err
	}
	h := s.As(c)
	for _, f := range found {
		if f.Kind.String() != r.PostForm.Get("finding") {
			continue
		}
		var remove, add []policy.Entry
		for _, step := range f.Fix() {
			if step.Removed {
				remove = append(remove, step.Entry)
			} else {
				add = append(add, step.Entry)
			}
		}
		err := h.ReplaceRules(r.Context(), list, remove, add)
		if err != nil && !errors.Is(err, store.ErrNotFound) { // who mends what is gone has it so
			return err
		}
		break
	}
	return s.back(w, r, "/rules", did("saved", h))
}
