// Package trial says what lists and settings would do before they do it: it decides mail that is
// kept again, by others than stand, and says what is odd about the lists. It changes nothing.
package trial

import (
	"context"
	"iter"
	"slices"

	"gatepost/lint"
	"gatepost/policy"
	"gatepost/store"
)

// lists are both, in the order in which they are looked at.
var lists = [...]policy.ListName{policy.Allow, policy.Block}

// Lint gives what is odd about the lists as they stand.
func Lint(ctx context.Context, db *store.DB) iter.Seq2[lint.Finding, error] {
	return func(yield func(lint.Finding, error) bool) {
		looked, err := look(ctx, db)
		if err != nil {
			yield(lint.Finding{}, err)
			return
		}
		for _, list := range lists {
			for e, err := range db.Entries(ctx, list) {
				if err != nil {
					yield(lint.Finding{}, err)
					return
				}
				on := lint.Entry{List: list, Entry: e.Entry, Expired: e.Expired,
					Unmet: e.Unmet}
				for f := range looked.Entry(on) {
					if !yield(f, nil) {
						return
					}
				}
			}
		}
	}
}

func look(ctx context.Context, db *store.DB) (*lint.Lists, error) {
	p, err := db.Policy(ctx)
	if err != nil {
		return nil, err
	}
	known, err := db.SenderDomains(ctx)
	return lint.New(p, slices.Values(known)), err
}

// mostLooked is how many entries the lists may have for all to be looked at after each change of
// them: that takes a tenth of a second.
const mostLooked = 50_000

// LintOf gives what is odd about the lists that has to do with these entries, which are on one of
// them. Where the lists are long it is only what is odd about these themselves.
func LintOf(ctx context.Context, db *store.DB, list policy.ListName, entries []policy.Entry) (
	all []lint.Finding, err error) {
	if len(entries) == 0 {
		return nil, nil
	}
	p, err := db.Policy(ctx)
	if err != nil {
		return nil, err
	}
	these := make([]lint.Entry, len(entries))
	for i, e := range entries {
		these[i] = lint.Entry{List: list, Entry: e}
	}
	if p.Allow.Len()+p.Block.Len() > mostLooked {
		return LintEach(ctx, db, these)
	}
	concerned := lint.Concern(these)
	for f, err := range Lint(ctx, db) {
		if err != nil {
			return nil, err
		}
		if concerned(f) {
			all = append(all, f)
		}
	}
	return all, nil
}

// LintEach gives what is odd about these entries themselves.
func LintEach(ctx context.Context, db *store.DB, entries []lint.Entry) (all []lint.Finding,
	err error) {
	looked, err := look(ctx, db)
	for _, e := range entries {
		if err == nil && !looked.Has(e) {
			e.Expired, err = db.IsExpired(ctx, e.List, e.Entry)
		}
		if err == nil {
			all = slices.AppendSeq(all, looked.Entry(e))
		}
	}
	return all, err
}
