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

// oddities are what is odd about the lists that stand, and about organisations.
type oddities struct {
	All  []oddity
	More bool
}

// An oddity is what is odd about one entry, and what a button does about it.
type oddity struct {
	List         policy.ListName
	Organization string
	Where        string // "on the allowlist"
	Entry        string
	Finding      string
	Warning      bool
	Words        string
	Fix          string
}

func newOddity(f lint.Finding) oddity {
	return oddity{List: f.Entry.List, Organization: f.Entry.Organization, Where: f.Entry.Where(),
		Entry: f.Entry.String(), Finding: f.Kind.String(),
		Warning: f.Kind.Severity() == lint.Warning, Words: f.Words(), Fix: fixWords(f)}
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
	found, err := trial.Lint(ctx, s.DB)
	o.More = len(found) > shownOddities
	for _, f := range found[:min(len(found), shownOddities)] {
		o.All = append(o.All, newOddity(f))
	}
	return o, err
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
	at := lint.Entry{List: policy.ListName(r.PostForm.Get("list"))}
	switch at.List {
	case policy.Allow, policy.Block:
	case policy.Org:
		at.Organization = r.PostForm.Get("organization")
	default:
		return httpd.Invalid("list", "write allow, block or organization")
	}
	var err error
	if at.Entry, err = policy.ParseEntry(at.List, r.PostForm.Get("entry")); err != nil {
		return err
	}
	found, err := trial.LintEntry(r.Context(), s.DB, at)
	if err != nil {
		return err
	}
	h := s.As(c)
	for _, f := range found {
		if f.Kind.String() != r.PostForm.Get("finding") {
			continue
		}
		err := s.fix(r.Context(), h, f)
		if err != nil && !errors.Is(err, store.ErrNotFound) { // who mends what is gone has it so
			return err
		}
		return s.back(w, r, "/rules", did("saved", h))
	}
	return s.back(w, r, "/rules", flash{what: "same"})
}

func (s *handlers) fix(ctx context.Context, h *store.Editor, f lint.Finding) error {
	var remove, add []policy.Entry
	for _, step := range f.Fix() {
		if step.Removed {
			remove = append(remove, step.Entry)
		} else {
			add = append(add, step.Entry)
		}
	}
	if f.Entry.List != policy.Org {
		return h.ReplaceRules(ctx, f.Entry.List, remove, add)
	}
	o, err := s.DB.OrganizationNamed(ctx, f.Entry.Organization)
	if err == nil {
		_, err = h.TakeFromOrganization(ctx, o.ID, remove)
	}
	return err
}
