package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatepost/intake"
	"gatepost/message"
	"gatepost/settings"
	"gatepost/store"
	"gatepost/terminal"
)

// An ingestion takes the message on stdin.
type ingestion struct {
	*app
	envelopeFlags
	returnPath bool // take the reverse-path out of the message
}

func newIngestCommand(a *app) *cobra.Command {
	q := &ingestion{app: a}
	cmd := &cobra.Command{
		Use:   "ingest < MESSAGE",
		Short: "take one message on stdin, as SMTP would (pipe delivery from a mail server)",
		Long: "Takes one message on stdin and prints the id of the decision once it is on disk.\n" +
			"A leading mbox line is taken off, and line ends of Unix become those of the wire.\n" +
			"Without --client it is one that a mail server of ours hands over: the client is\n" +
			"who that server had it from, as the Received field says that it wrote. Without\n" +
			"--mail-from and --rcpt the reverse-path and the recipient are those in SENDER and\n" +
			"RECIPIENT, as Exim, OpenSMTPD, Courier and Postfix's local(8) set them.\n\n" +
			"Exit 0: it was taken. Exit 1: SMTP would refuse it for good, since it is too large\n" +
			"or smtp.recipients does not have the recipient. Exit 75: nothing was taken for any\n" +
			"other reason, a wrong flag too, or too many messages of the sender within the hour, and\n" +
			"the mail server should keep it and try again.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			id, err := q.run(cmd.Context())
			if err != nil {
				return tryAgain(err)
			}
			a.printTaken(id)
			return nil
		},
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := takes(0, 0)(cmd, args); err != nil {
			return misusedIngest(cmd, err)
		}
		return nil
	}
	cmd.SetFlagErrorFunc(misusedIngest)
	q.add(cmd.Flags())
	cmd.Flags().BoolVar(&q.returnPath, "return-path", false,
		"take the reverse-path from the Return-Path field, or from the mbox line")
	a.yesFlag(cmd)
	return cmd
}

// misusedIngest says how ingest is called. It is no exit 2, with which a mail server would
// send the message back to its sender.
func misusedIngest(cmd *cobra.Command, err error) error {
	fmt.Fprint(cmd.ErrOrStderr(), cmd.UsageString())
	return &failure{exitLater, err}
}

// A refusal is what SMTP would refuse for good.
type refusal struct{ error }

// tryAgain makes every failure but a refusal a temporary one: a mail server must keep the
// message until we can take it.
func tryAgain(err error) error {
	var r refusal
	if errors.As(err, &r) {
		return &failure{exitNo, err}
	}
	return &failure{exitLater, err}
}

// printTaken prints the id of a message that is on disk. That it cannot be printed is no
// reason to send the message again.
func (a *app) printTaken(id string) {
	var err error
	if a.json {
		err = a.printJSON(map[string]string{"decision_id": id})
	} else {
		err = a.print("%s", id)
	}
	if err != nil {
		a.note("the message was taken, but its id cannot be printed: %v", err)
	}
}

func (q *ingestion) run(ctx context.Context) (id string, err error) {
	defer func() { // a bug of ours is no reason to send the message back
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if terminal.Is(q.stdin) {
		return "", errors.New("there is no message on stdin: gatepost ingest < message.eml")
	}
	if q.returnPath {
		if q.mailFrom != nil {
			return "", errors.New("--return-path and --mail-from do not go together: " +
				"give one of them")
		}
		q.mailFrom = new("unknown") // until the message is read
	}
	q.fillIn(q.environ())
	env, err := q.envelope(q.app)
	if err != nil {
		return "", err
	}
	env.Piped = !env.Client.IsValid()
	return q.ingest(ctx, env)
}

// checkSmall looks for damage, as a server does at its start, where that takes no longer than
// the message does.
func checkSmall(ctx context.Context, db *store.DB, path settings.Database) error {
	const small = 32 << 20
	if path.IsServer() {
		return nil
	}
	if info, err := os.Stat(string(path)); err != nil || info.Size() > small {
		return err
	}
	return db.Check(ctx)
}

func (q *ingestion) ingest(ctx context.Context, env *message.Envelope) (id string, err error) {
	s, err := q.settings()
	if err != nil {
		return "", err
	}
	if err := q.checkRecipients(s, env.Recipients); err != nil {
		return "", err
	}
	mail, err := q.openStdin(int64(s.SMTP.MaxMessageSize))
	if err != nil {
		return "", err
	}
	if q.returnPath {
		path, known := mail.returnPath()
		env.MailFrom, env.NullPath = path, known && path == ""
	}
	if err := enoughSpace(diskOf(s.DB), int64(s.SMTP.MinFreeSpace)); err != nil {
		return "", err
	}
	var written *store.DB
	err = q.withStore(ctx, true, func(db *store.DB) error {
		written = db
		if err := errors.Join(checkSmall(ctx, db, s.DB), db.Watch(ctx)); err != nil {
			return err
		}
		r, err := q.newReceiver(db)
		if err != nil {
			return err
		}
		if r.Auth = newChecker(s); r.Auth != nil {
			defer r.Auth.Close()
		}
		r.Scanners = newScanners(s).all()
		out, err := r.Receive(ctx, env, mail)
		id = out.ID
		return err
	})
	if err == nil { // or in closing it
		err = written.Replaced()
	}
	return id, err
}

// checkRecipients refuses recipients that SMTP would refuse. This host has a postmaster,
// too (RFC 5321, section 4.5.1).
func (e *envelopeFlags) checkRecipients(s *settings.Settings, recipients []string) error {
	ours, err := s.Recipients()
	if ours == nil || err != nil {
		return err
	}
	for _, rcpt := range recipients {
		a, err := message.ParseAddress(rcpt)
		if err != nil || !ours.Accept(a) && !strings.EqualFold(rcpt, "postmaster@"+s.Hostname()) {
			return refusal{fmt.Errorf("%s %s: smtp.recipients does not have it", e.to(), rcpt)}
		}
	}
	return nil
}

// newReceiver takes messages into db for a command that is not the server. It asks nobody
// who they are from.
func (a *app) newReceiver(db *store.DB) (*intake.Receiver, error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	if a.verbose {
		log = a.logger(s.Log.Format)
	}
	return &intake.Receiver{DB: db, Hostname: s.Hostname(),
		Keep: keeping(s), Window: time.Duration(s.SMTP.DuplicateWindow),
		Log: log}, nil
}
