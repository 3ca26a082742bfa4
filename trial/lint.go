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

// lists are both, in the order in which they are looked at.
var lists = [...]policy.ListName{policy.Allow, policy.Block}

// Lint gives what is odd about the lists as they stand, and about what organisations have.
func Lint(ctx context.Context, db *store.DB) iter.Seq2[lint.Finding, error] {
	return func(yield func(lint.Finding, error) bool) {
		looked, err := Look(ctx, db)
		if err != nil {
			yield(lint.Finding{}, err)
			return
		}
		for e, err := range entries(ctx, db) {
			if err != nil {
				yield(lint.Finding{}, err)
				return
			}
			for f := range looked.Entry(e) {
				if !yield(f, nil) {
					return
				}
			}
		}
	}
}

// entries are those of both lists, and then those of organisations.
func entries(ctx context.Context, db *store.DB) iter.Seq2[lint.Entry, error] {
	return func(yield func(lint.Entry, error) bool) {
		for _, list := range lists {
			for e, err := range db.Entries(ctx, list) {
				if !yield(listed(list, e), err) {
					return
				}
			}
		}
		for o, err := range db.Organizations(ctx) {
			has, wrong := policy.ParseEntries(policy.Org, strings.Join(o.Domains, " "))
			if err = errors.Join(err, wrong); err != nil {
				yield(lint.Entry{}, err)
				return
			}
			for _, e := range Of(o.Name, has) {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

func listed(list policy.ListName, e store.ListedEntry) lint.Entry {
	return lint.Entry{List: list, Entry: e.Entry, Expired: e.Expired, Unmet: e.Unmet}
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
func LintEntry(ctx context.Context, db *store.DB, e lint.Entry) (iter.Seq[lint.Finding], error) {
	looked, err := Look(ctx, db)
	if err == nil && e.List != policy.Org {
		var is store.ListedEntry
		if is, err = db.Entry(ctx, e.List, e.Entry); err == nil {
			e = listed(e.List, is)
		}
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return func(func(lint.Finding) bool) {}, nil
	case err != nil:
		return nil, err
	}
	return looked.Entry(e), nil
}
