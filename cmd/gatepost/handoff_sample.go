package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"gatepost/courier"
	"gatepost/message"
	"gatepost/settings"
)

func newHandoffTest(a *app) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "test TARGET",
		Short: "send a marked sample to a target of the settings, and print the dialogue",
		Long: "Sends a marked sample to a target as the settings have it now, beside the server and\n" +
			"also while the target is paused, and prints what was said; secrets are left out.\n" +
			"Exit code 1 if it was not taken.",
		Args: takes(1, 1),
	}
	cmd.Flags().StringVar(&to, "to", "", "the recipient's `address`, where the target has none")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := a.settings()
		if err != nil {
			return err
		}
		return a.testTarget(cmd.Context(), s, args[0], to)
	}
	return cmd
}

// A tested is what became of a sample.
type tested struct {
	Target   string   `json:"target"`
	Result   string   `json:"result"`
	Said     string   `json:"said"`
	Paused   bool     `json:"would_pause"`
	Dialogue []string `json:"dialogue"`
}

func (a *app) testTarget(ctx context.Context, s *settings.Settings, name, to string) error {
	h := s.Handoff[name]
	if h == nil {
		return no("the settings have no target %q: they have %s", name, targetNames(s))
	}
	if err := s.Handoff.Check(); err != nil {
		return &failure{exitConfig, err}
	}
	key := make([]byte, linkKeySize) // a link to a sample leads nowhere
	rand.Read(key)
	t, err := newTarget(name, s, key)
	if err != nil {
		return &failure{exitConfig, settings.Below("handoff."+name, err)}
	}
	p, err := sampleParcel(s, h, to, a.now())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, t.courier.Timeout)
	defer cancel()
	var dialogue bytes.Buffer
	r := t.courier.Carrier.Carry(ctx, p, &dialogue)
	if err := t.courier.Carrier.Close(); err != nil {
		return err
	}
	return a.printTested(tested{Target: name, Result: r.Outcome.String(), Said: r.Said,
		Paused: r.Pause, Dialogue: linesOf(strings.TrimSpace(dialogue.String()))})
}

// linesOf is empty of an empty text: nothing was said where nobody was reached.
func linesOf(text string) []string {
	if text == "" {
		return []string{}
	}
	return strings.Split(text, "\n")
}

func (a *app) printTested(t tested) error {
	if a.json {
		if err := a.printJSON(t); err != nil {
			return err
		}
	} else {
		for _, line := range t.Dialogue {
			if err := a.print("%s", line); err != nil {
				return err
			}
		}
	}
	if t.Result != courier.Done.String() {
		return no("%s did not take it (%s): %s", t.Target, t.Result, t.Said)
	}
	a.note("%s took it: %s", t.Target, t.Said)
	return nil
}

func targetNames(s *settings.Settings) string {
	if len(s.Handoff) == 0 {
		return "none: docs/hand-off.md says how to set one"
	}
	return strings.Join(slices.Sorted(maps.Keys(s.Handoff)), ", ")
}

// sampleParcel is a message that nobody takes for a customer's, and no program answers.
func sampleParcel(s *settings.Settings, h *settings.Handoff, to string, now time.Time) (
	*courier.Parcel, error) {
	host := s.Hostname()
	if to == "" {
		to = h.To
	}
	for _, entry := range h.Recipients {
		if to == "" && strings.Contains(entry, "@") {
			to = entry
		}
	}
	id := uuid.NewString()
	from := "gatepost-test@" + host
	if to == "" && !h.IsSMTP() {
		to = from
	}
	if to == "" {
		return nil, misuse("the target has no recipient of its own: give one with --to")
	}
	if _, err := message.ParseAddress(to); err != nil {
		return nil, misuse("--to %q: %w", to, err)
	}
	text := fmt.Sprintf("From: Gatepost test <%s>\r\nTo: <%s>\r\nSubject: Gatepost hand-off test\r\n"+
		"Date: %s\r\nMessage-ID: <%s@%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\n\r\nThis is a test of `gatepost handoff test`. "+
		"Nobody has written it.\r\n", from, to, now.Format(time.RFC1123Z), id, host)
	return &courier.Parcel{Key: "test-" + id, Event: "test", Attempt: 1, DecisionID: "test-" + id,
		ReceivedAt: now, CreatedAt: now, MailFrom: from, Recipients: []string{to},
		Trace: fmt.Sprintf("Received: by %s id test-%s; %s\r\n", host, id, now.Format(time.RFC1123Z)),
		Name:  "Gatepost test", Email: from, Subject: "Gatepost hand-off test",
		MessageID: id + "@" + host, Size: int64(len(text)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}, nil
}
