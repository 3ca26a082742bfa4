// Package trial says what lists and settings would do before they do it: it decides mail that is
// kept again, by others than stand, and says what is odd about the lists. It changes nothing.
package trial

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"gatepost/lint"
	"gatepost/policy"
	"gatepost/store"
)

// Lint is what is odd about the lists as they stand, and about what organisations have: the
// warnings first, each kind by itself, in the order of the table.
func Lint(ctx context.Context, db *store.DB) (found []lint.Finding, err error) {
	looked, err := Look(ctx, db)
	if err != nil {
		return nil, err
	}
	found = slices.AppendSeq(found, looked.All())
	for _, list := range [...]policy.ListName{policy.Allow, policy.Block} {
		for e, err := range db.IdleEntries(ctx, list) {
			if err != nil {
				return nil, err
			}
			f := lint.Finding{Kind: lint.Unmet, Entry: lint.Entry{List: list, Entry: e.Entry}}
			if e.Expired {
				f.Kind = lint.Expired
			}
			found = append(found, f)
		}
	}
	for o, err := range db.Organizations(ctx) {
		has, wrong := policy.ParseEntries(policy.Org, strings.Join(o.Domains, " "))
		if err = errors.Join(err, wrong); err != nil {
			return nil, err
		}
		for _, e := range Of(o.Name, has) {
			found = slices.AppendSeq(found, looked.Entry(e))
		}
	}
	slices.SortFunc(found, lint.Finding.Compare)
	return found, nil
}

// On are entries of a list, as they are looked at.
func On(list policy.ListName, entries []policy.Entry) []lint.Entry {
	these := make([]lint.Entry, len(entries))
	for i, e := range entries {
		these[i] = lint.Entry{List: list, Entry: e}
	}
	return these
}

// Of are what an organisation has, as it is looked at.
func Of(organization string, entries []policy.Entry) []lint.Entry {
	these := On(policy.Org, entries)
	for i := range these {
		these[i].Organization = organization
	}
	return these
}

// Look looks at the lists and organisations as they stand.
func Look(ctx context.Context, db *store.DB) (*lint.Lists, error) {
	p, err := db.Policy(ctx)
	if err != nil {
		return nil, err
	}
	known, err := db.SenderDomains(ctx)
	return lint.New(p, slices.Values(known)), err
}

// LintAround gives what is odd about these entries, which stand, and about others by them.
func LintAround(ctx context.Context, db *store.DB, these []lint.Entry) (iter.Seq[lint.Finding],
	error) {
	if len(these) == 0 {
		return func(func(lint.Finding) bool) {}, nil
	}
	looked, err := Look(ctx, db)
	if err != nil {
		return nil, err
	}
	return looked.Around(these), nil
}

// LintEntry gives what is odd about one entry, and nothing if it is not there.
func LintEntry(ctx context.Context, db *store.DB, e lint.Entry) (found []lint.Finding, err error) {
	looked, err := Look(ctx, db)
	if err != nil {
		return nil, err
	}
	if e.List == policy.Org {
		return slices.Collect(looked.Entry(e)), nil
	}
	is, err := db.Entry(ctx, e.List, e.Entry)
	e.Entry = is.Entry
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case is.Expired: // it decides nothing, odd or not
		return []lint.Finding{{Kind: lint.Expired, Entry: e}}, nil
	}
	found = slices.Collect(looked.Entry(e))
	if is.Unmet {
		found = append(found, lint.Finding{Kind: lint.Unmet, Entry: e})
	}
	return found, nil
}
