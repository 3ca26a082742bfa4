package main

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/policy"
	"gatepost/store"
	"gatepost/terminal"
)

// mostCompleted is how many words a shell is given at most: the newest.
const mostCompleted = 200

// A completion finds what may stand for a word: each word, a tab, and what it is.
type completion func(ctx context.Context, db *store.DB, args []string) iter.Seq2[string, error]

// completions are those of the arguments of each command, by its path.
func completions() map[string]completion {
	held := func(ctx context.Context, db *store.DB, _ []string) iter.Seq2[string, error] {
		return words(db.ListSuspended(ctx, store.Query{Limit: mostCompleted}),
			func(s store.Suspended) string { return described(s.ID, s.Author.Email, s.Subject) })
	}
	handoffs := func(ctx context.Context, db *store.DB, _ []string) iter.Seq2[string, error] {
		q := store.HandoffQuery{States: store.UnendedHandoffs(), Limit: mostCompleted}
		return words(db.Handoffs(ctx, q), func(h store.Handoff) string {
			return described(h.ID, h.Target, h.State)
		})
	}
	return map[string]completion{
		"suspended show": held, "suspended recover": held, "suspended delete": held,
		"explain": held, "doctor set-aside": held,
		"ticket show":  tickets,
		"handoff show": handoffs, "handoff retry": handoffs, "handoff discard": handoffs,
		"handoff pause": one(targets), "handoff resume": one(targets), "handoff test": one(targets),
		"user show": one(profiles), "user remove": one(profiles), "user suspend": one(profiles),
		"user unsuspend": one(profiles), "user password": one(profiles), "token add": one(profiles),
		"user role": profileAndRole, "check": profiles,
		"rules remove": listAndEntries,
		"token revoke": tokens,
		"audit undo":   one(changes),
	}
}

// complete gives the commands what completes their arguments. What cannot be read completes
// nothing: a shell has no place for an error.
func (a *app) complete(root *cobra.Command) {
	for _, path := range []string{"rules show", "rules add", "rules set"} {
		cmd := command(root, path)
		cmd.ValidArgs, cmd.ValidArgsFunction = nil, cobra.FixedCompletions(listWords(),
			cobra.ShellCompDirectiveNoFileComp)
	}
	for path, find := range completions() {
		directive := cobra.ShellCompDirectiveNoFileComp
		if path == "explain" { // which takes a file as well
			directive = cobra.ShellCompDirectiveDefault
		}
		command(root, path).ValidArgsFunction = a.completer(find, directive)
	}
}

// completer looks in the database for what begins as a word does.
func (a *app) completer(find completion, directive cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) (
		all []string, _ cobra.ShellCompDirective) {
		_ = a.withStore(cmd.Context(), false, func(db *store.DB) error {
			for word, err := range find(cmd.Context(), db, args) {
				if err != nil || len(all) == mostCompleted {
					return err
				}
				if strings.HasPrefix(word, prefix) {
					all = append(all, word)
				}
			}
			return nil
		})
		return all, directive
	}
}

// command is that of a path, which there is.
func command(root *cobra.Command, path string) *cobra.Command {
	cmd, rest, err := root.Find(strings.Fields(path))
	if err != nil || len(rest) > 0 {
		panic("there is no command " + path)
	}
	return cmd
}

func listWords() []string { return []string{string(policy.Allow), string(policy.Block)} }

// words are what seq yields, each as text says it.
func words[T any](seq iter.Seq2[T, error], text func(T) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for v, err := range seq {
			if err != nil {
				yield("", err)
				return
			}
			if !yield(text(v), nil) {
				return
			}
		}
	}
}

// described is an id with what it is, of which nothing that a stranger wrote ends the line.
func described(id int64, what ...string) string {
	said := strings.Join(strings.Fields(strings.Join(what, " ")), " ")
	return strconv.FormatInt(id, 10) + "\t" + terminal.Visible(said)
}

// one completes the first argument only.
func one(find completion) completion {
	return func(ctx context.Context, db *store.DB, args []string) iter.Seq2[string, error] {
		if len(args) > 0 {
			return rowsOf[string](nil)
		}
		return find(ctx, db, args)
	}
}

func tickets(ctx context.Context, db *store.DB, args []string) iter.Seq2[string, error] {
	if len(args) > 0 {
		return rowsOf[string](nil)
	}
	return words(db.ListTickets(ctx, store.Query{Limit: mostCompleted}), func(t store.Ticket) string {
		return described(t.ID, t.Requester.Email, t.Subject)
	})
}

func targets(ctx context.Context, db *store.DB, _ []string) iter.Seq2[string, error] {
	all, err := db.Targets(ctx)
	if err != nil {
		return func(yield func(string, error) bool) { yield("", err) }
	}
	return words(rowsOf(all), func(t store.TargetStatus) string {
		return fmt.Sprintf("%s\t%s, %d wait", t.Name, t.Kind, t.Waiting)
	})
}

func profiles(ctx context.Context, db *store.DB, _ []string) iter.Seq2[string, error] {
	return words(db.Users(ctx, ""), func(u store.User) string {
		return u.Email + "\t" + terminal.Visible(strings.Join(strings.Fields(u.Name+" "+u.Role), " "))
	})
}

func profileAndRole(ctx context.Context, db *store.DB, args []string) iter.Seq2[string, error] {
	if len(args) == 1 {
		return rowsOf(roleWords())
	}
	return one(profiles)(ctx, db, args)
}

func listAndEntries(ctx context.Context, db *store.DB, args []string) iter.Seq2[string, error] {
	if len(args) == 0 {
		return rowsOf(listWords())
	}
	return entriesOf(ctx, db, policy.ListName(args[0]))
}

func entriesOf(ctx context.Context, db *store.DB, list policy.ListName) iter.Seq2[string, error] {
	return words(db.Rules(ctx, list), func(r store.Rule) string { return r.Entry })
}

func tokens(ctx context.Context, db *store.DB, _ []string) iter.Seq2[string, error] {
	return words(db.Tokens(ctx), func(t store.Token) string {
		return described(t.ID, t.Owner, t.Name)
	})
}

func changes(ctx context.Context, db *store.DB, _ []string) iter.Seq2[string, error] {
	return words(db.AuditLog(ctx, store.AuditQuery{Limit: mostCompleted}),
		func(e store.AuditEntry) string { return described(e.ID, string(e.Action), e.Subject) })
}
