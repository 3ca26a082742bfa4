package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"gatepost/message"
	"gatepost/smtpd"
	"gatepost/store"
)

func newIngestCommand(a *app) *cobra.Command {
	var envelope envelopeFlags
	cmd := &cobra.Command{
		Use:   "ingest < MESSAGE",
		Short: "take one message on stdin, as SMTP would (pipe delivery from a mail server)",
		Long: "Takes one message on stdin and prints the id of the decision once it is on disk.\n" +
			"Exit 75 means: nothing was taken, try again later. A leading mbox line is taken\n" +
			"off, and line ends of Unix become those of the wire.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if isTerminal(a.stdin) {
				return misuse("there is no message on stdin: gatepost ingest < message.eml")
			}
			env, err := envelope.envelope(a)
			if err != nil {
				return err
			}
			id, err := a.ingest(cmd.Context(), env)
			if err != nil {
				return tryAgain(err)
			}
			if a.json {
				return a.printJSON(map[string]string{"decision_id": id})
			}
			return a.print("%s", id)
		},
	}
	envelope.add(cmd.Flags())
	a.yesFlag(cmd)
	return cmd
}

// tryAgain makes every failure a temporary one, but those that say themselves what they
// are: a mail server must keep the message until we can take it.
func tryAgain(err error) error {
	var f *failure
	if errors.As(err, &f) {
		return err
	}
	return &failure{exitLater, err}
}

func (a *app) ingest(ctx context.Context, env *message.Envelope) (id string, err error) {
	s, err := a.settings()
	if err != nil {
		return "", err
	}
	if err := s.checkRecipients(env.Recipients); err != nil {
		return "", err
	}
	raw, err := a.readMessage(int64(s.SMTP.MaxMessageSize))
	if err != nil {
		return "", err
	}
	err = a.withStore(ctx, true, func(db *store.DB) error {
		r, err := a.newReceiver(db)
		if err != nil {
			return err
		}
		id, err = r.Receive(ctx, env, bytes.NewReader(raw))
		return err
	})
	return id, err
}

// checkRecipients refuses recipients that SMTP would refuse.
func (s *settings) checkRecipients(recipients []string) error {
	if len(s.SMTP.Recipients) == 0 {
		return nil
	}
	ours, err := smtpd.ParseRecipients(s.SMTP.Recipients.String())
	if err != nil {
		return fmt.Errorf("smtp.%w", err)
	}
	for _, rcpt := range recipients {
		if a, err := message.ParseAddress(rcpt); err != nil || !ours.Accept(a) {
			return no("--rcpt %s: smtp.recipients does not have it", rcpt)
		}
	}
	return nil
}

// readMessage reads the message on stdin, up to what SMTP would take.
func (a *app) readMessage(limit int64) ([]byte, error) {
	const room = 1 << 20 // for an mbox line, and carriage returns that are to be added
	raw, err := io.ReadAll(io.LimitReader(a.stdin, limit+room))
	if err != nil {
		return nil, err
	}
	if raw = onWire(raw); int64(len(raw)) > limit {
		return nil, no("the message is larger than smtp.max_message_size (%s)", size(limit))
	}
	return raw, nil
}

// newReceiver takes messages into db for a command that is not the server.
func (a *app) newReceiver(db *store.DB) (*smtpd.Receiver, error) {
	s, err := a.settings()
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	if a.verbose {
		log = a.logger(s.Log.Format)
	}
	return &smtpd.Receiver{DB: db, Hostname: s.hostname(),
		Keep: time.Duration(s.Suspended.Keep), Log: log}, nil
}

// hostname is what we call ourselves.
func (s *settings) hostname() string {
	if s.SMTP.Hostname != "" {
		return s.SMTP.Hostname
	}
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}
