package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/lint"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/terminal"
	"gatepost/trial"
)

func newRulesLint(a *app) *cobra.Command {
	var finding string
	cmd := &cobra.Command{
		Use:   "lint",
		Short: "say what is odd about the lists, and how to mend it",
		Long: "Says of each entry of the lists and of organisations what is odd about it: that it never\n" +
			"decides, since another does all that it would; that it contradicts another; that it\n" +
			"rejects nothing; that it is for everybody at a mail provider or under a public suffix;\n" +
			"that it looks like the domain of senders with a profile, or is an address of ours. Each\n" +
			"comes with the command that mends it, the warnings first. A terminal shows the first few\n" +
			"of each kind; --finding shows all of one. Exit 1 if anything is odd.",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if finding != "" && !slices.Contains(findingNames(), finding) {
				return misuse("--finding %q: write one of %s", finding, strings.Join(findingNames(), ", "))
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.lint(cmd.Context(), db, finding)
			})
		},
	}
	cmd.Flags().StringVar(&finding, "finding", "", "only `findings` of that kind")
	return cmd
}

func findingNames() (names []string) {
	for kind := range lint.Kinds() {
		names = append(names, kind.String())
	}
	return names
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

// mostOfKind is how many findings of a kind a terminal shows: of a large list it is thousands.
const mostOfKind = 20

// lint prints what is odd about the lists, all of it or one kind.
func (a *app) lint(ctx context.Context, db *store.DB, kind string) error {
	all, err := trial.Lint(ctx, db)
	if err != nil {
		return err
	}
	found := slices.DeleteFunc(all, func(f lint.Finding) bool {
		return kind != "" && f.Kind.String() != kind
	})
	few := terminal.Is(a.stdout) && !a.json && kind == ""
	counts := map[lint.Kind]int{}
	lines := func(yield func(oddity, error) bool) {
		for _, f := range found {
			if counts[f.Kind]++; few && counts[f.Kind] > mostOfKind {
				continue
			}
			if !yield(a.oddity(f), nil) {
				return
			}
		}
	}
	err = printList(a, orNone(a, lines, "nothing is odd about the lists"),
		[]string{"LIST", "ENTRY", "SEVERITY", "WHAT", "FIX"}, oddity.cells)
	if err != nil || len(found) == 0 {
		return err
	}
	return a.sayCounts(counts, len(found), few)
}

func (o oddity) cells() []string {
	list := string(o.List)
	if o.Org != nil {
		list += " " + *o.Org
	}
	return []string{list, o.Entry, o.Severity, o.Words, strings.Join(o.Fix, " && ")}
}

// sayCounts says how many findings there are of each kind, and how to see those that were left out.
func (a *app) sayCounts(counts map[lint.Kind]int, found int, few bool) error {
	var words []string
	for kind := range lint.Kinds() {
		n := counts[kind]
		if n > 0 {
			words = append(words, fmt.Sprintf("%d %v", n, kind))
		}
		if more := n - mostOfKind; few && more > 0 {
			a.note("%d more %v: %s --finding %[2]v", more, kind, a.command("rules", "lint"))
		}
	}
	return no("%s in the lists: %s", count(found, "finding", "findings"), strings.Join(words, ", "))
}

// How many findings are said after a change of a list, and of how many entries at most: to look at
// a million takes as long as to put them there.
const (
	mostNoted  = 5
	mostLooked = 50_000
)

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
