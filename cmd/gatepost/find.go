package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/store"
	"gatepost/terminal"
)

func newFindCommand(a *app) *cobra.Command {
	w := when{}
	s := store.Search{}
	cmd := &cobra.Command{
		Use:   "find WORDS...",
		Short: "where a message is, or what became of it",
		Long: "Looks for messages among tickets, comments, what is held, what was deleted, and what is left\n" +
			"of what is gone, for tombstones.keep. All words must be found: parts of an address,\n" +
			"a domain, a subject, a Message-ID, the id that the reply to the client named, the\n" +
			"address of a client, or an id of ours. Of a silent rejection nothing is kept; the\n" +
			"entries that would reject such a sender are named.\n\n" +
			"A date is " + datesHelp + ".",
		Args: takes(1, -1),
	}
	w.add(cmd)
	cmd.Flags().IntVar(&s.Limit, "limit", 100, "at most this many, the newest")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		s.Words = strings.Join(args, " ")
		if strings.TrimSpace(s.Words) == "" {
			return misuse("there is nothing to look for: name an address, a subject or an id")
		}
		if s.Limit < 1 {
			return misuse("--limit %d is below 1", s.Limit)
		}
		if s.Since, s.Until, err = w.span(a.now()); err != nil {
			return err
		}
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			return a.find(cmd.Context(), db, s)
		})
	}
	return cmd
}

func (a *app) find(ctx context.Context, db *store.DB, s store.Search) error {
	found, err := db.Find(ctx, s)
	if err != nil {
		return err
	}
	if err := a.noteRejections(ctx, db, s.Words); err != nil {
		return err
	}
	if len(found) == 0 {
		return no("nothing is known of %s: %s", s.Words, store.NothingFound)
	}
	headers := []string{"ID", "AGE", "STATE", "SENDER", "SUBJECT", "SINCE THEN"}
	err = printList(a, rowsOf(found), headers, func(f store.Found) []string {
		return []string{strconv.FormatInt(f.ID, 10), a.when(f.CreatedAt), foundState(f),
			a.sender(f.Sender), foundSubject(f), a.fate(f)}
	})
	if len(found) == s.Limit {
		a.note("the newest %d: there may be more", s.Limit)
	}
	return err
}

// foundState says where a message is, and why it is held or was.
func foundState(f store.Found) string {
	if f.Cause == "" {
		return f.State
	}
	return f.State + " (" + f.Cause + ")"
}

func foundSubject(f store.Found) string {
	if f.Damaged != nil {
		return "(damaged: " + f.Damaged.String() + ") " + f.Subject
	}
	return f.Subject
}

// fate is what became of a message since it came.
func (a *app) fate(f store.Found) string {
	var words []string
	if f.Ticket != 0 {
		words = append(words, fmt.Sprintf("of ticket %d", f.Ticket))
	}
	if f.Recovered != 0 {
		words = append(words, fmt.Sprintf("recovered, was held as %d", f.Recovered))
	}
	if f.EndedAt != nil {
		said := f.State + " " + a.when(*f.EndedAt)
		if terminal.Is(a.stdout) {
			said += " ago"
		}
		if whom := f.Whom(); whom != "" {
			said += " " + whom
		}
		words = append(words, said)
	}
	if f.Restorable {
		words = append(words, fmt.Sprintf("suspended undelete %d holds it again", f.ID))
	}
	return strings.Join(words, "; ")
}

// noteRejections names the entries that reject the mail of the senders and domains among words.
func (a *app) noteRejections(ctx context.Context, db *store.DB, words string) error {
	j, err := a.newJudge(ctx, db)
	if err != nil {
		return err
	}
	rejections, err := j.Rules.Rejections(words, j.Profile)
	for _, r := range rejections {
		a.note("%s", r)
	}
	return err
}
