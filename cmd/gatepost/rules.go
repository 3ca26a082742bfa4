package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"gatepost/policy"
	"gatepost/store"
	"gatepost/terminal"
)

func newRulesCommand(a *app) *cobra.Command {
	return group("rules", "show and change the allowlist and the blocklist",
		newRulesShow(a), newRulesSet(a), newRulesAdd(a), newRulesRemove(a), newRulesImport(a),
		newRulesTry(a), newRulesShadow(a), newRulesLint(a), newRulesHistory(a), newRulesDiff(a),
		newRulesRevert(a), newRulesStale(a))
}

func newRulesShow(a *app) *cobra.Command {
	var text bool
	cmd := &cobra.Command{
		Use:   "show [allow|block]",
		Short: "print the lists, an entry a line",
		Long: "Prints a list, an entry a line, or both: off a terminal the name of the list, a\n" +
			"tab and the entry.",
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			lists, err := listNames(args)
			if err != nil {
				return err
			}
			if text && len(lists) > 1 {
				return misuse("--text prints one field: name the list, allow or block")
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				if text {
					return a.printField(cmd.Context(), db, lists[0])
				}
				return a.printLists(cmd.Context(), db, lists)
			})
		},
	}
	cmd.Flags().BoolVar(&text, "text", false, "print one field to paste elsewhere")
	return cmd
}

// listNames are the lists that args name, both if it names none.
func listNames(args []string) ([]policy.ListName, error) {
	if len(args) == 0 {
		return []policy.ListName{policy.Allow, policy.Block}, nil
	}
	list, err := listName(args[0])
	return []policy.ListName{list}, err
}

func listName(s string) (policy.ListName, error) {
	switch list := policy.ListName(s); list {
	case policy.Allow, policy.Block:
		return list, nil
	}
	return "", misuse("there is no list %q: write allow or block", s)
}

// A listedRule is one line of `rules show --json`.
type listedRule struct {
	List policy.ListName `json:"list"`
	store.Rule
}

func (a *app) printLists(ctx context.Context, db *store.DB, lists []policy.ListName) error {
	both := len(lists) > 1
	for i, list := range lists {
		if both && !a.json && terminal.Is(a.stdout) {
			if err := a.printHeading(i, list); err != nil {
				return err
			}
		}
		if err := a.printRules(ctx, db, list, both); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printHeading(i int, list policy.ListName) error {
	blank := ""
	if i > 0 {
		blank = "\n"
	}
	_, err := fmt.Fprintf(a.stdout, "%s%slist:\n", blank, list)
	return err
}

// printRules prints one list. Off a terminal a line is an entry and nothing else, so that
// it can be given to `rules set` or `rules import`; of both lists, the list's name stands
// before it.
func (a *app) printRules(ctx context.Context, db *store.DB, list policy.ListName,
	both bool) error {
	onTerminal := terminal.Is(a.stdout)
	listed := func(yield func(listedRule, error) bool) {
		for rule, err := range db.Rules(ctx, list) {
			if !yield(listedRule{list, rule}, err) {
				return
			}
		}
	}
	lines := orNone(a, listed, fmt.Sprintf("the %slist is empty", list))
	headers := []string{"ENTRY", "ADDED", "EXPIRES", "HITS", "LAST", "NOTE"}
	return printList(a, lines, headers, func(r listedRule) []string {
		switch {
		case !onTerminal && both:
			return []string{string(r.List), r.Entry}
		case !onTerminal:
			return []string{r.Entry}
		}
		return []string{r.Entry, a.when(r.CreatedAt), a.expires(r.Rule),
			strconv.FormatInt(r.Hits.Count, 10), a.whenever(r.Last), r.Note}
	})
}

// expires is when an entry ends, or that it has.
func (a *app) expires(r store.Rule) string {
	switch {
	case r.ExpiresAt == nil:
		return ""
	case r.Expired:
		return "expired " + age(a.now().Sub(*r.ExpiresAt)) + " ago"
	}
	return a.when(*r.ExpiresAt)
}

// printField prints one list as a single line, which `rules set` takes back. The generation is
// read first: what changes while the list is read makes it too old, and never too new.
func (a *app) printField(ctx context.Context, db *store.DB, list policy.ListName) error {
	generation, err := db.Generation(ctx)
	if err != nil {
		return err
	}
	var entries []string
	for rule, err := range db.Rules(ctx, list) {
		if err != nil {
			return err
		}
		entries = append(entries, terminal.Visible(rule.Entry))
	}
	text := strings.Join(entries, " ")
	if utf8.RuneCountInString(text) > policy.MaxField {
		a.note("this is more than the %d characters a field may have: `rules import` takes it",
			policy.MaxField)
	}
	if a.json {
		return a.printJSON(struct {
			List       policy.ListName `json:"list"`
			Text       string          `json:"text"`
			Generation int64           `json:"generation"`
		}{list, text, generation})
	}
	_, err = fmt.Fprintln(a.stdout, text)
	return err
}

// refused is the answer to entries that are malformed: all of them, and what became of the
// list.
func refused(list policy.ListName, err error) error {
	return no("%w\nthe %slist stays as it was", err, list)
}
