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
		Long: "Says of each entry of the lists and of organisations what is odd about it: that it never\n" +
			"decides, since another does all that it would; that it contradicts another; that it\n" +
			"rejects nothing; that it is for everybody at a mail provider or under a public suffix;\n" +
			"that it looks like the domain of senders with a profile, or is an address of ours. Each\n" +
			"comes with the command that mends it. Exit 1 if anything is odd.",
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
	Org      *string         `json:"organization"` // that has the entry; null if a list has
	Entry    string          `json:"entry"`
	Finding  string          `json:"finding"` // the id of its kind
	Severity string          `json:"severity"`
	Idle     bool            `json:"never_decides"`
	Words    string          `json:"words"`
	Fix      []string        `json:"fix"` // commands
}

func (a *app) oddity(f lint.Finding) oddity {
	shown := oddity{List: f.Entry.List, Entry: f.Entry.String(), Finding: f.Kind.String(),
		Severity: f.Kind.Severity().String(), Idle: f.Kind.Idle(), Words: f.Words()}
	if f.Entry.List == policy.Org {
		shown.Org = &f.Entry.Organization
	}
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
			list := string(f.List)
			if f.Org != nil {
				list += " " + *f.Org
			}
			return []string{list, f.Entry, f.Severity, f.Words, strings.Join(f.Fix, " && ")}
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

// noteFindings says what is odd about entries that were put somewhere, and about others by them.
func (a *app) noteFindings(ctx context.Context, db *store.DB, these []lint.Entry) error {
	all, err := trial.LintAround(ctx, db, these)
	if err != nil {
		return err
	}
	found := 0
	for f := range all {
		if found++; found <= mostNoted {
			a.note("%s: %s: %s", f.Kind.Severity(), f, strings.Join(a.oddity(f).Fix, " && "))
		}
	}
	if more := found - mostNoted; more > 0 {
		a.note("%d more: %s", more, a.command("rules", "lint"))
	}
	return nil
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
