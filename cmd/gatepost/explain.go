package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/message"
	"gatepost/store"
)

func newExplainCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID|FILE.eml",
		Short: "why a message was decided as it was: every rule asked, and its answer",
		Long: "Explains the decision on a held message or a ticket (its id), any decision (its\n" +
			"id, as the reply to the client named it), or what would be decided on a file now.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := a.explain(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(e)
			}
			return a.printExplanation(e)
		},
	}
}

func (a *app) explain(ctx context.Context, ref string) (store.Explanation, error) {
	if isPath(ref) {
		return a.explainFile(ctx, ref)
	}
	return a.explainRecord(ctx, ref)
}

// isPath tells a file from an id: an id is a number or the name of no file.
func isPath(ref string) bool {
	if _, err := strconv.ParseInt(ref, 10, 64); err == nil {
		return false
	}
	_, err := os.Stat(ref)
	return err == nil || hasExt(ref, ".eml") || strings.ContainsRune(ref, os.PathSeparator)
}

func (a *app) explainRecord(ctx context.Context, ref string) (e store.Explanation, err error) {
	err = a.withStore(ctx, false, func(db *store.DB) error {
		e, err = db.Explain(ctx, ref)
		if errors.Is(err, store.ErrNotFound) {
			return no("%s: no record: rejected silently, expired or unknown", ref)
		}
		return err
	})
	return e, err
}

// explainFile judges a file as it would be judged now.
func (a *app) explainFile(ctx context.Context, path string) (e store.Explanation, err error) {
	raw, err := readOne(path)
	if err != nil {
		return e, err
	}
	db, err := a.openFor(ctx, false)
	if err != nil {
		return e, err
	}
	if db != nil {
		defer func() { err = errors.Join(err, db.Close()) }()
	}
	j, err := a.newJudge(ctx, db)
	if err != nil {
		return e, err
	}
	f, d, err := j.decide(raw, &message.Envelope{ReceivedAt: a.now()})
	if err != nil {
		return e, err
	}
	v := newVerdict(f, &d)
	return store.Explanation{Decision: v.Decision, Cause: v.Cause, CauseID: v.CauseID,
		Sender: v.Sender, Rule: v.Rule, Why: v.Why, Facts: f.Words(), Trail: d.Trail()}, nil
}

// readOne reads the message of a file that holds one.
func readOne(path string) ([]byte, error) {
	mail, err := findMail([]string{path})
	if err != nil {
		return nil, err
	}
	if f := mail.files[0]; len(mail.files) > 1 || f.mbox || f.path != path {
		return nil, no("%s holds more than one message: gatepost replay decides them all", path)
	}
	raw, err := os.ReadFile(path)
	return onWire(raw), err
}

// printExplanation tells a decision to a person: what it is, what it saw, whom it asked.
func (a *app) printExplanation(e store.Explanation) error {
	cause := orEmpty(e.Cause)
	if e.CauseID != nil {
		cause += fmt.Sprintf(" (%d)", *e.CauseID)
	}
	id := ""
	if e.ID != 0 {
		id = strconv.FormatInt(e.ID, 10)
	}
	since := ""
	if e.Recovered != 0 {
		since = "recovered as ticket " + strconv.FormatInt(e.Recovered, 10)
	}
	err := a.printFields([][2]string{{"decision", e.Decision}, {"since then", since}, {"why", e.Why},
		{"rule", orEmpty(e.Rule)}, {"cause", cause}, {"sender", e.Sender},
		{"id", id}, {"decision id", e.DecisionID}})
	if err != nil {
		return err
	}
	rows := make([][2]string, 0, len(e.Facts)+len(e.Trail))
	for _, f := range e.Facts {
		rows = append(rows, [2]string{"  " + f.Name, f.Value})
	}
	if err := a.printSection("what it saw", rows); err != nil {
		return err
	}
	rows = rows[:0]
	for _, s := range e.Trail {
		mark := "  "
		if s.Decided {
			mark = "> "
		}
		rows = append(rows, [2]string{mark + s.Rule, s.Answer})
	}
	return a.printSection("what was asked, in order (> decided)", rows)
}

func (a *app) printSection(title string, rows [][2]string) error {
	if len(rows) == 0 {
		return nil
	}
	if _, err := fmt.Fprintf(a.stdout, "\n%s\n", title); err != nil {
		return err
	}
	return a.printFields(rows)
}
