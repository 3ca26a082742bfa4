package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatepost/policy"
	"gatepost/store"
	"gatepost/trial"
)

func newRulesAdd(a *app) *cobra.Command {
	var of lifeFlags
	cmd := &cobra.Command{
		Use:   "add allow|block ENTRY…|-",
		Short: "add entries to a list",
		Long: "Adds entries to a list. With --expires they decide nothing from that moment on: 30d is\n" +
			"in 30 days, 2027-01-31 the beginning of that day. They stay on the list, as expired,\n" +
			"until they are removed; one that is expired and added again counts again.",
		Args: takes(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, entries, err := a.entries(args)
			if err != nil {
				return err
			}
			life, err := of.life(a.now())
			if err != nil {
				return err
			}
			return a.addRules(cmd.Context(), list, entries, life)
		},
	}
	a.yesFlag(cmd)
	of.add(cmd)
	return cmd
}

// lifeFlags say why entries come on a list, and for how long.
type lifeFlags struct{ note, expires string }

func (f *lifeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.note, "note", "", "why, for whoever reads the list later")
	cmd.Flags().StringVar(&f.expires, "expires", "",
		"from this `date` on they decide nothing: 30d, 2027-01-31")
}

func (f *lifeFlags) life(now time.Time) (l store.Life, err error) {
	l.Note = f.note
	l.ExpiresAt, err = parseExpiry(now, f.expires)
	return l, err
}

func newRulesRemove(a *app) *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use:   "remove allow|block ENTRY…|-",
		Short: "remove entries from a list",
		Args:  takes(2, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, entries, err := a.entries(args)
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.removeRules(cmd.Context(), db, list, entries, note)
			})
		},
	}
	a.yesFlag(cmd)
	cmd.Flags().StringVar(&note, "note", "", "why, for whoever reads the history later")
	return cmd
}

// entries reads a list's name and entries of it from the arguments, or the entries from
// stdin. Every malformed entry is named.
func (a *app) entries(args []string) (policy.ListName, []policy.Entry, error) {
	list, err := listName(args[0])
	if err != nil {
		return "", nil, err
	}
	words, err := a.words(args[1:])
	if err != nil {
		return "", nil, err
	}
	entries, err := policy.ParseEntries(list, strings.Join(words, " "))
	if err != nil {
		return "", nil, refused(list, err)
	}
	if len(entries) == 0 {
		return "", nil, misuse("no entry was given")
	}
	return list, entries, nil
}

func (a *app) addRules(ctx context.Context, list policy.ListName, entries []policy.Entry,
	life store.Life) error {
	return a.withStore(ctx, true, func(db *store.DB) (err error) {
		var fresh []policy.Entry
		if len(entries) <= mostLooked {
			if fresh, err = newTo(ctx, db, list, entries); err != nil {
				return err
			}
		}
		added, err := a.editor(db).AddRules(ctx, list, entries, life)
		if err != nil {
			return err
		}
		if err = a.sayAdded(list, entries, added); err != nil {
			return err
		}
		if life != (store.Life{}) && added < len(entries) && !a.json {
			a.note("what was there already keeps its own note and time: remove it first to change them")
		}
		if len(entries) > mostLooked && !a.json {
			a.note("what is odd about the lists now: %s", a.command("rules", "lint"))
		}
		return a.noteFindings(ctx, db, trial.On(list, fresh))
	})
}

func (a *app) sayAdded(list policy.ListName, entries []policy.Entry, added int) error {
	kept := len(entries) - added
	switch {
	case a.json:
		return a.printJSON(struct {
			List  policy.ListName `json:"list"`
			Added int             `json:"added"`
			Kept  int             `json:"kept"`
		}{list, added, kept})
	case kept == 0:
		a.note("%s added to the %slist", count(added, "entry", "entries"), list)
	case len(entries) == 1:
		a.note("%s is on the %slist already", entries[0], list)
	default:
		a.note("%s added to the %slist, %d there already", count(added, "entry", "entries"),
			list, kept)
	}
	return nil
}

func (a *app) removeRules(ctx context.Context, db *store.DB, list policy.ListName,
	entries []policy.Entry, note string) error {
	missing, err := a.editor(db).RemoveRules(ctx, list, entries, note)
	if errors.Is(err, store.ErrNotFound) && len(missing) > 0 {
		return notOnList(list, missing)
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(struct {
			List    policy.ListName `json:"list"`
			Removed int             `json:"removed"`
			Note    string          `json:"note,omitempty"`
		}{list, len(entries), note})
	}
	if note != "" {
		note = ": " + note
	}
	a.note("%s removed from the %slist%s", count(len(entries), "entry", "entries"), list, note)
	return nil
}

func notOnList(list policy.ListName, missing []policy.Entry) error {
	return no("not on the %slist: %s\nnothing was removed", list, namesOf(missing))
}

func namesOf(entries []policy.Entry) string {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.String()
	}
	return strings.Join(names, " ")
}
