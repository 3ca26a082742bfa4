package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/intake"
	"gatepost/mailfile"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// An explained is what explain prints: the decision as it was made, and what would have
// made a ticket of the message.
type explained struct {
	store.Explanation
	Now      string   `json:"now"`      // what would become of it as things stand, "" if unknown
	Obstacle string   `json:"obstacle"` // why that would be no ticket: what is in its way first
	Changes  []change `json:"changes"`
	KeepOut  []change `json:"keep_out"` // what would hold or reject its sender's next message
}

// A question is what explain is asked.
type question struct {
	*app
	ref      string
	envelope envelopeFlags // of a file
	proof    proofFlags
}

func newExplainCommand(a *app) *cobra.Command {
	q := &question{app: a}
	cmd := &cobra.Command{
		Use:   "explain ID|FILE.eml|CAUSE|WORDS",
		Short: "why a message was decided as it was, and what would make it a ticket",
		Long: "Explains the decision on a held message or a ticket (its id), any decision (its\n" +
			"id, as the reply to the client named it), the newest message that find finds by\n" +
			"other words, or what would be decided on a file now:\n" +
			"what was seen, every rule that was asked and its answer, and the smallest change\n" +
			"that would make the message a ticket as things stand, or keep the next one of its\n" +
			"sender out. Flags are for files, as\n" +
			"those of replay; how many messages the sender of a file sent within the hour is\n" +
			"not counted, so that rate.per_hour never holds one.\n" +
			"With the name of a cause, such as auto_mailer: what matches it, and what to do.",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.ref = strings.Join(args, " ")
			if page, ok := pageOf(q.ref); ok {
				return q.printPage(cmd, page)
			}
			e, err := q.answer(cmd)
			if err != nil {
				return errors.Join(err, nearCause(q.ref))
			}
			if a.json {
				return a.printJSON(e)
			}
			return a.printExplanation(e)
		},
	}
	q.envelope.add(cmd.Flags())
	q.proof.add(cmd)
	return cmd
}

func (q *question) answer(cmd *cobra.Command) (explained, error) {
	if isPath(q.ref) {
		return q.explainFile(cmd.Context())
	}
	if err := refuseFlags(cmd, "what came was kept with the decision "+q.ref); err != nil {
		return explained{}, err
	}
	return q.explainRecord(cmd.Context())
}

// refuseFlags refuses those that say how a file came, and says why.
func refuseFlags(cmd *cobra.Command, why string) error {
	for _, flag := range []string{"client", "helo", "mail-from", "rcpt", "dns", "online"} {
		if cmd.Flags().Changed(flag) {
			return misuse("--%s is for a file: %s", flag, why)
		}
	}
	return nil
}

// isPath tells a file from an id: an id is a number or the name of no file.
func isPath(ref string) bool {
	if _, err := strconv.ParseInt(ref, 10, 64); err == nil {
		return false
	}
	_, err := os.Stat(ref)
	return err == nil || strings.EqualFold(filepath.Ext(ref), ".eml") || strings.ContainsRune(ref, os.PathSeparator)
}

// explainRecord tells a decision as it was made, and asks again as things stand.
func (q *question) explainRecord(ctx context.Context) (e explained, err error) {
	err = q.withStore(ctx, false, func(db *store.DB) error {
		e.Explanation, err = db.Explain(ctx, q.ref)
		if errors.Is(err, store.ErrNotFound) {
			e.Explanation, err = q.explainFound(ctx, db)
		}
		if err != nil {
			return err
		}
		e.Changes, e.KeepOut = []change{}, []change{}
		if err := q.askAgain(ctx, db, &e); err != nil { // the decision can be told all the same
			q.note("what would change it is not known: %v", err)
		}
		return nil
	})
	return e, err
}

// explainFound explains the newest message that is found by the words.
func (q *question) explainFound(ctx context.Context, db *store.DB) (e store.Explanation, err error) {
	found, err := db.Find(ctx, store.Search{Words: q.ref, Limit: 1})
	if err != nil {
		return e, err
	}
	if len(found) == 0 {
		return e, errors.Join(q.noteRejections(ctx, db, q.ref), no("%s: no record: rejected silently, "+
			"put off (4xx) and never stored, gone for longer than tombstones.keep, or unknown", q.ref))
	}
	f := found[0]
	e, err = db.Explain(ctx, f.DecisionID)
	if errors.Is(err, store.ErrNotFound) {
		return e, no("the message %d from %s was %s: nothing else of it is kept", f.ID, f.Sender,
			ended(f))
	}
	return e, err
}

// ended is what became of a message that is gone.
func ended(f store.Found) string {
	words := f.State
	if f.EndedAt != nil {
		words += " " + stamp(*f.EndedAt)
	}
	if whom := f.Whom(); whom != "" {
		words += " " + whom
	}
	if f.Cause != "" {
		words = "held for " + f.Cause + " and " + words
	}
	return words
}

// askAgain asks what would become of a message that was kept as things stand.
func (q *question) askAgain(ctx context.Context, db *store.DB, e *explained) error {
	env, p, f, err := factsAgain(ctx, db, e.ID, orEmpty(e.Cause))
	if err != nil {
		return err
	}
	e.Facts = slices.Concat(envelopeFacts(env), e.Facts)
	q.setChanges(e, p, f)
	return nil
}

// factsAgain are the policy and the facts as things stand of a message that was kept, and how it
// came.
func factsAgain(ctx context.Context, db *store.DB, id int64, cause string) (
	*message.Envelope, *policy.Policy, *policy.Facts, error) {
	kept, err := db.StoredMessage(ctx, id)
	if err != nil {
		return nil, nil, nil, err
	}
	raw, err := io.ReadAll(kept.Raw)
	if err = errors.Join(err, kept.Raw.Close()); err != nil {
		return nil, nil, nil, err
	}
	p, f, err := db.FactsAgain(ctx, mailOf(raw, kept.Envelope), kept, cause)
	return kept.Envelope, p, f, err
}

// explainFile judges a file as it would be judged now.
func (q *question) explainFile(ctx context.Context) (e explained, err error) {
	file, err := findOne(q.ref)
	if err != nil {
		return e, err
	}
	env, err := q.envelope.envelope(q.app)
	if err != nil {
		return e, err
	}
	auth, err := q.proof.checker(q.app, &q.envelope)
	if err != nil {
		return e, err
	}
	if auth != nil {
		defer auth.Close()
	}
	db, err := q.openFor(ctx, false)
	if err != nil {
		return e, err
	}
	if db != nil {
		defer func() { err = errors.Join(err, db.Close()) }()
	}
	j, err := q.newJudge(ctx, db)
	if err != nil {
		return e, err
	}
	j.Auth = auth
	for p, err := range file.Messages() {
		if err != nil {
			return e, err
		}
		mail, err := mailIn(p, env)
		if err != nil {
			return e, fmt.Errorf("%s: %w", q.ref, err)
		}
		return q.judged(ctx, j, mail)
	}
	return e, nil
}

// judged explains what would be decided on a message.
func (q *question) judged(ctx context.Context, j *intake.Judge, mail policy.Mail) (e explained, err error) {
	f, d, err := j.Decide(ctx, mail)
	if err != nil {
		return e, err
	}
	v := newVerdict(f, d)
	e.Explanation = store.Explanation{Decision: v.Decision, Cause: v.Cause, CauseID: v.CauseID,
		Sender: v.Sender, Rule: v.Rule, Why: v.Why, Facts: slices.Concat(envelopeFacts(mail.Envelope), f.Words()),
		Trail: d.Trail(), Authentication: v.Authentication}
	q.setChanges(&e, j.Rules, f)
	return e, nil
}

// findOne finds a file that holds one message.
func findOne(path string) (f mailfile.File, err error) {
	mail, err := mailfile.Find([]string{path}, func(string, string) {})
	if err != nil {
		return f, err
	}
	if f = mail.Files[0]; len(mail.Files) > 1 || !f.Single() || f.Path != path {
		return f, no("%s holds more than one message: gatepost replay decides them all", path)
	}
	return f, nil
}

// printExplanation tells a decision to a person: what it is, what it saw, whom it asked, and
// what would change it.
func (a *app) printExplanation(e explained) error {
	cause, about, id, since := orEmpty(e.Cause), "", "", ""
	if cause != "" {
		about = a.command("explain", cause)
	}
	if e.CauseID != nil {
		cause += fmt.Sprintf(" (%d)", *e.CauseID)
	}
	if e.ID != 0 {
		id = strconv.FormatInt(e.ID, 10)
	}
	if e.Recovered != 0 {
		since = "recovered as " + madeOf(e.Recovered, e.Comment)
	}
	if e.Deleted {
		since = "deleted, and can be restored for suspended.undelete"
	}
	sections := []struct {
		title string
		rows  [][2]string
	}{
		{"", [][2]string{{"decision", e.Decision}, {"since then", since}, {"why", e.Why},
			{"rule", orEmpty(e.Rule)}, {"cause", cause}, {"about it", about}, {"sender", e.Sender},
			{"authentication", e.Authentication}, {"id", id}, {"decision id", e.DecisionID},
			{"node", e.Node}}},
		{"what it saw", factRows(e.Facts)},
		{"what was asked, in order (> decided)", stepRows(seeWhy(e.Trail, e.Why))},
		{"kept beside it", keptRows(e.Explanation)},
		{"what would make it a ticket", changeRows(e)},
		{"what would keep its sender's next message out", keepOutRows(e)},
	}
	for _, s := range sections {
		if err := a.printSection(s.title, s.rows); err != nil {
			return err
		}
	}
	return nil
}

// envelopeFacts are what the client said of a message, as far as it is known.
func envelopeFacts(env *message.Envelope) (facts []policy.Fact) {
	add := func(name, value string) { facts = append(facts, policy.Fact{Name: name, Value: value}) }
	if env.Client.IsValid() {
		add("client", env.Client.String())
	}
	switch {
	case env.NullPath:
		add("reverse-path", "<>")
	case env.MailFrom != "":
		add("reverse-path", env.MailFrom)
	}
	if len(env.Recipients) > 0 {
		add("recipients", strings.Join(env.Recipients, ", "))
	}
	return facts
}

// seeWhy cuts short what the steps repeat of a why that says at length who the message is
// not from: on a terminal once is enough.
func seeWhy(trail []policy.Step, why string) []policy.Step {
	at := slices.IndexFunc(trail, func(s policy.Step) bool {
		return s.Rule == "proof" && strings.HasPrefix(why, s.Answer)
	})
	if at < 0 {
		return trail
	}
	said, _, found := strings.Cut(trail[at].Answer, " (")
	if !found {
		return trail
	}
	short := slices.Clone(trail)
	for i, s := range short {
		short[i].Answer = strings.Replace(s.Answer, trail[at].Answer, said+" (see why)", 1)
	}
	return short
}

func factRows(facts []policy.Fact) (rows [][2]string) {
	for _, f := range facts {
		rows = append(rows, [2]string{"  " + f.Name, f.Value})
	}
	return rows
}

func stepRows(trail []policy.Step) (rows [][2]string) {
	for _, s := range trail {
		mark := "  "
		if s.Decided {
			mark = "> "
		}
		rows = append(rows, [2]string{mark + s.Rule, s.Answer})
	}
	return rows
}

// keptRows are the fields that we wrote, which are never in the message.
func keptRows(e store.Explanation) (rows [][2]string) {
	for _, field := range []string{e.Results, e.Trace} {
		if name, value, ok := strings.Cut(field, ":"); ok {
			rows = append(rows, [2]string{"  " + name, strings.TrimSpace(value)})
		}
	}
	return rows
}

func (a *app) printSection(title string, rows [][2]string) error {
	if len(rows) == 0 {
		return nil
	}
	if title != "" {
		if _, err := fmt.Fprintf(a.stdout, "\n%s\n", title); err != nil {
			return err
		}
	}
	return a.printFields(rows)
}
