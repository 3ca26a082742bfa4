package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/intake"
	"gatepost/mailfile"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/settings"
	"gatepost/smtpd/mailauth"
	"gatepost/store"
	"gatepost/terminal"
)

// A replayed is one line of replay: a message and what becomes of it.
type replayed struct {
	File    string `json:"file"`
	Message int    `json:"message"` // within the file, from 1
	verdict
	Warnings []string `json:"warnings"` // places of its file that could be read otherwise
}

func (r *replayed) where() string { return mailfile.Place(r.File, r.Message) }

// A replay decides the messages of files.
type replay struct {
	*app
	judge    *intake.Judge // without a receiver
	envelope envelopeFlags
	env      *message.Envelope
	limit    settings.Size     // of a message that SMTP would take
	auth     *mailauth.Checker // asks who a message is from; nil to ask nobody
	receiver *intake.Receiver  // stores each message as SMTP would; nil to store nothing
	expect   *expectations     // compares instead of printing; nil to print
	totals   map[string]int    // by decision
	there    int               // how many were stored before
	bar      *terminal.Progress
}

func newReplayCommand(a *app) *cobra.Command {
	r := &replay{app: a, totals: map[string]int{}}
	var proof proofFlags
	var lists overrides
	var expect string
	var keep bool
	cmd := &cobra.Command{
		Use:   "replay PATH...",
		Short: "decide .eml files, folders of them, mbox files and Maildirs",
		Long: "Decides messages from files as they would be decided now, and stores nothing\n" +
			"unless --store is given. A folder is walked: *.eml, *.emlx, *.mbox and\n" +
			"other mbox files, Maildirs and MH folders are taken, packed with gzip or not; what\n" +
			"is left out is named with -v. A message that is larger than smtp.max_message_size\n" +
			"is an error before anything is decided, and --store refuses whatever else ingest\n" +
			"does.\n" +
			"No DNS look-ups are made, and the From address is believed, unless --dns or --online\n" +
			"says where to look. Messages of one sender are not counted here, so that\n" +
			"rate.per_hour never holds one.",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			if keep && lists.given() {
				return misuse("--store judges by the lists of the database: leave out " +
					"--allowlist, --blocklist and --known, or --store")
			}
			var err error
			if r.env, err = r.envelope.envelope(a); err != nil {
				return err
			}
			if r.expect, err = readExpectations(expect); err != nil {
				return err
			}
			if r.auth, err = proof.checker(a, &r.envelope); err != nil {
				return err
			}
			if r.auth != nil {
				defer r.auth.Close()
			}
			return r.run(cmd.Context(), paths, &lists, keep)
		},
	}
	r.envelope.add(cmd.Flags())
	proof.add(cmd)
	lists.add(cmd.Flags())
	cmd.Flags().StringVar(&expect, "expect", "",
		"compare with the lines of `FILE`; exit 1 if anything differs")
	cmd.Flags().BoolVar(&keep, "store", false,
		"store each message, as SMTP would, unless it was stored before")
	a.yesFlag(cmd)
	return cmd
}

// run finds the mail before it opens anything, so that a wrong path changes nothing.
func (r *replay) run(ctx context.Context, paths []string, lists *overrides, keep bool) (err error) {
	mail, err := mailfile.Find(paths, r.leftOut)
	if err != nil {
		return err
	}
	s, err := r.settings()
	if err != nil {
		return err
	}
	if r.limit = s.SMTP.MaxMessageSize; keep {
		err = r.refuse(s)
	}
	r.bar = r.progress(r.stdout)
	defer r.bar.End()
	if err = errors.Join(err, mail.Check(int64(r.limit), tooLarge(r.limit), r.tell("check"))); err != nil {
		return err
	}
	db, err := r.openFor(ctx, keep)
	if err != nil {
		return err
	}
	if db != nil {
		defer func() { err = errors.Join(err, db.Close()) }()
	}
	if keep {
		err = r.keep(ctx, db, s)
	} else {
		err = r.try(ctx, db, lists)
	}
	if err != nil {
		return err
	}
	err = r.all(ctx, mail)
	if r.bar.End(); err != nil {
		return err
	}
	r.total(mail.Others)
	return r.expect.verdict(r.app)
}

// try has each message judged as db says, or the lists in its place.
func (r *replay) try(ctx context.Context, db *store.DB, lists *overrides) (err error) {
	if r.judge, err = r.newJudge(ctx, db); err != nil {
		return err
	}
	r.judge.Auth = r.auth
	return lists.apply(r.judge)
}

// keep has each message stored. It is long since they came, if they ever did: how many there
// are of one sender says nothing, and what was stored before is not stored again.
func (r *replay) keep(ctx context.Context, db *store.DB, s *settings.Settings) error {
	if err := checkSmall(ctx, db, s.DB); err != nil {
		return err
	}
	laid, err := policyOf(ctx, db, s)
	if err != nil {
		return err
	}
	laid.PerHour = 0
	db.Configure(laid)
	if r.receiver, err = r.newReceiver(db); err != nil {
		return err
	}
	r.receiver.Auth, r.receiver.Window = r.auth, store.Always
	return nil
}

// refuse is an error where ingest would take no message.
func (r *replay) refuse(s *settings.Settings) error {
	return errors.Join(r.envelope.checkRecipients(s, r.env.Recipients),
		enoughSpace(diskOf(s.DB), int64(s.SMTP.MinFreeSpace)))
}

// openFor opens the database. Where nothing is stored it may be absent: then db is nil.
func (a *app) openFor(ctx context.Context, keep bool) (*store.DB, error) {
	db, err := a.openDB(ctx, keep)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err == nil {
		a.noteCreated(db)
	}
	return db, err
}

// tell says how much of the files a step has read.
func (r *replay) tell(step string) mailfile.Meter {
	return func(done, total int64) { r.bar.Octets(step, done, total) }
}

func (r *replay) all(ctx context.Context, mail *mailfile.Found) error {
	lines := func(yield func(replayed, error) bool) {
		for m, err := range mail.Messages(r.tell("replay")) {
			line := replayed{File: m.File.Path, Message: m.N}
			if err == nil {
				err = r.one(ctx, m.Entry, &line)
			}
			for _, w := range line.Warnings {
				r.note("%s: %s", m.File.Path, w)
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
	if r.expect != nil {
		return r.expect.compare(r.app, lines)
	}
	return r.print(lines)
}

// wideReplay is how many cells a terminal needs for the cause and the rule to have columns
// of their own beside the reason, which names them.
const wideReplay = 160

func (r *replay) print(lines iter.Seq2[replayed, error]) error {
	if width, ok := terminal.Width(r.stdout); ok && width < wideReplay {
		return printList(r.app, lines, []string{"DECISION", "SENDER", terminal.FileColumn, "WHY"},
			func(l replayed) []string {
				return []string{l.Decision, l.Sender, l.where(), l.Why}
			})
	}
	headers := []string{"DECISION", "CAUSE", "SENDER", "RULE", terminal.FileColumn, "WHY"}
	return printList(r.app, lines, headers, func(l replayed) []string {
		return []string{l.Decision, orEmpty(l.Cause), l.Sender, orEmpty(l.Rule), l.where(), l.Why}
	})
}

// one decides a message, and stores it if that was asked for.
func (r *replay) one(ctx context.Context, p *mailfile.Entry, line *replayed) error {
	mail, err := mailIn(p, r.env)
	if err != nil {
		return fmt.Errorf("%s: %w", line.where(), err)
	}
	f, d, err := r.decide(ctx, p, mail)
	if err != nil {
		return fmt.Errorf("%s: %w", line.where(), err)
	}
	r.totals[d.Action.String()]++
	line.verdict, line.Warnings = newVerdict(f, d), append([]string{}, p.Warnings...)
	return nil
}

// decide is the decision that is stored with the message or, if none is, one that nobody keeps.
func (r *replay) decide(ctx context.Context, p *mailfile.Entry, mail policy.Mail) (
	*policy.Facts, *policy.Decision, error) {
	if r.receiver == nil {
		return r.judge.Decide(ctx, mail)
	}
	env := *r.env
	env.SMTPUTF8 = env.SMTPUTF8 || mail.Message.Sender().Problem == message.RawUTF8
	out, err := r.receiver.Receive(ctx, &env, p.Limited(int64(r.limit), tooLarge(r.limit)))
	if out.Again {
		r.there++
	}
	return out.Facts, out.Decision, err
}

// leftOut names with -v what is no mail, and why.
func (r *replay) leftOut(path, why string) {
	if r.verbose {
		r.note("%s is left out: %s", path, why)
	}
}

// total says on stderr how many of each there were.
func (r *replay) total(others int) {
	parts := []string{}
	all := 0
	for _, action := range []policy.Action{policy.Ticket, policy.Comment, policy.Suspend,
		policy.Reject, policy.Defer} {
		if n := r.totals[action.String()]; n > 0 {
			all += n
			parts = append(parts, fmt.Sprintf("%d %s", n, action))
		}
	}
	line := count(all, "message", "messages") + ": " + cmp.Or(strings.Join(parts, ", "), "none")
	if r.there > 0 {
		line += fmt.Sprintf("; %d stored before, and not again", r.there)
	}
	if others > 0 {
		line += "; " + count(others, "other file", "other files") + " left out"
	}
	r.note("%s", line)
}
