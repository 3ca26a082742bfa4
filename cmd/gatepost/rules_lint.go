package main

import (
	"context"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/lint"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/trial"
)

func newRulesLint(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "lint",
		Short: "say what is odd about the lists, and how to mend it",
		Long: "Says of each entry what is odd about it: that it never decides, since another does all\n" +
			"that it would; that it contradicts one of the other list; that it rejects nothing; that\n" +
			"it is for everybody at a mail provider or under a public suffix; that it looks like the\n" +
			"domain of senders with a profile, or is an address of ours. Each comes with the command\n" +
			"that mends it. Exit 1 if anything is odd.",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.lint(cmd.Context(), db)
			})
		},
	}
}

// An oddity is one line of `rules lint --json`.
type oddity struct {
	List     policy.ListName `json:"list"`
	Entry    string          `json:"entry"`
	Finding  string          `json:"finding"` // the id of its kind
	Severity string          `json:"severity"`
	Dead     bool            `json:"dead"` // the entry never decides
	Words    string          `json:"words"`
	Fix      []string        `json:"fix"` // commands
}

func (a *app) oddity(f lint.Finding) oddity {
	shown := oddity{List: f.Entry.List, Entry: f.Entry.String(), Finding: f.Kind.String(),
		Severity: f.Kind.Severity().String(), Dead: f.Kind.Dead(), Words: f.Words()}
	for _, c := range f.Fix() {
		shown.Fix = append(shown.Fix, a.command(c.Args()...))
	}
	return shown
}

func (a *app) lint(ctx context.Context, db *store.DB) error {
	found := 0
	lines := orNone(a, a.counted(trial.Lint(ctx, db), &found), "nothing is odd about the lists")
	err := printList(a, lines, []string{"LIST", "ENTRY", "SEVERITY", "WHAT", "FIX"},
		func(f oddity) []string {
			return []string{string(f.List), f.Entry, f.Severity, f.Words, strings.Join(f.Fix, " && ")}
		})
	if err == nil && found > 0 {
		err = no("%s in the lists", count(found, "finding", "findings"))
	}
	return err
}

func (a *app) counted(all iter.Seq2[lint.Finding, error], n *int) iter.Seq2[oddity, error] {
	return func(yield func(oddity, error) bool) {
		for f, err := range all {
			if err != nil {
				yield(oddity{}, err)
				return
			}
			if *n++; !yield(a.oddity(f), nil) {
				return
			}
		}
	}
}

// mostNoted is how many findings are said after a change of a list.
const mostNoted = 5

// noteFindings says what is odd about entries that were put on a list, and about others by them.
func (a *app) noteFindings(ctx context.Context, db *store.DB, list policy.ListName,
	entries []policy.Entry) error {
	all, err := trial.LintOf(ctx, db, list, entries)
	for i, f := range all {
		if i == mostNoted {
			a.note("%d more: %s", len(all)-i, a.command("rules", "lint"))
			break
		}
		shown := a.oddity(f)
		a.note("%s: %s on the %slist %s: %s", shown.Severity, shown.Entry, shown.List, shown.Words,
			strings.Join(shown.Fix, " && "))
	}
	return err
}

// newTo are the entries that a list does not have yet.
func newTo(ctx context.Context, db *store.DB, list policy.ListName, entries []policy.Entry) (
	fresh []policy.Entry, err error) {
	p, err := db.Policy(ctx)
	if err != nil {
		return nil, err
	}
	stands := p.Block
	if list == policy.Allow {
		stands = p.Allow
	}
	for _, e := range entries {
		if !stands.Has(e) {
			fresh = append(fresh, e)
		}
	}
	return fresh, nil
}
