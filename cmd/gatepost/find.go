package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/terminal"
)

func newFindCommand(a *app) *cobra.Command {
	w := when{}
	s := store.Search{}
	cmd := &cobra.Command{
		Use:   "find WORDS...",
		Short: "where a message is, or what became of it",
		Long: "Looks for messages among tickets, what is held, what was deleted, and what is left\n" +
			"of what is gone, for tombstones.keep. All words must be found: parts of an address,\n" +
			"a domain, a subject, a Message-ID, the id that the reply to the client named, the\n" +
			"address of a client, or an id of ours. Of a silent rejection nothing is kept; the\n" +
			"entries that would reject such a sender are named.\n\n" +
			"A date is " + datesHelp + ".",
		Example: "  gatepost find ann@shop.test\n  gatepost find shop.test invoice --on tuesday",
		Args:    takes(1, -1),
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
	if len(found) == 0 {
		return a.foundNothing(ctx, db, s.Words)
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
	if f.Recovered != 0 {
		words = append(words, fmt.Sprintf("recovered, was held as %d", f.Recovered))
	}
	if f.EndedAt != nil {
		said := f.State + " " + a.when(*f.EndedAt)
		if terminal.Is(a.stdout) {
			said += " ago"
		}
		if f.EndedBy != "" {
			said += " by " + f.EndedBy
		}
		words = append(words, said)
	}
	if f.Restorable {
		words = append(words, fmt.Sprintf("suspended undelete %d holds it again", f.ID))
	}
	return strings.Join(words, "; ")
}

// foundNothing says what may have become of a message of which nothing is known, and names the
// entries that would reject its sender.
func (a *app) foundNothing(ctx context.Context, db *store.DB, words string) error {
	if err := a.noteRejects(ctx, db, words); err != nil {
		return err
	}
	return no("nothing is known of %s: it never came, was put off (4xx) and never stored, rejected "+
		"silently, or has been gone for longer than tombstones.keep", words)
}

// noteRejects names the entries that reject the mail of the senders and domains among words.
func (a *app) noteRejects(ctx context.Context, db *store.DB, words string) error {
	j, err := a.newJudge(ctx, db)
	if err != nil {
		return err
	}
	for word := range strings.FieldsSeq(words) {
		sender, err := message.ParseAddress(word)
		if err != nil {
			sender, err = message.ParseAddress("anybody@" + word)
		}
		if err != nil {
			continue // it is neither an address nor a domain
		}
		profile, err := j.Profile(sender)
		if err != nil {
			return err
		}
		if d := j.Rules.Check(sender, profile); d.Action == policy.Reject {
			a.note("mail of %s is rejected silently, and nothing of it kept: %s", word, d.Why())
		}
	}
	return nil
}
