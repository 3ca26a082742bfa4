package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gatepost/settings"
	"gatepost/store"
)

func newDigestCommand(a *app) *cobra.Command {
	var now, html bool
	var to string
	cmd := &cobra.Command{
		Use:   "digest",
		Short: "who is told of what is held and when, and what they would be told now",
		Long: "Shows who gets a digest of what is held, when the last one was made and when the next\n" +
			"is due. With --print it prints what the next one would say if it were made now, which\n" +
			"changes nothing; with --to as that person gets it.",
		Args: takes(0, 0),
	}
	flags := cmd.Flags()
	flags.BoolVar(&now, "print", false, "print the digest as of now")
	flags.BoolVar(&html, "html", false, "print its HTML")
	flags.StringVar(&to, "to", "", "as the person with this `address` gets it; the first if left out")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if (html || to != "") && !now {
			return misuse("--html and --to are about what --print prints: give it, too")
		}
		s, err := a.settings()
		if err != nil {
			return err
		}
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			d, err := a.digester(cmd.Context(), db, s)
			if err != nil {
				return err
			}
			if now {
				return a.printDigest(cmd.Context(), d, to, html)
			}
			return a.printDigests(d)
		})
	}
	return cmd
}

func (a *app) digester(ctx context.Context, db *store.DB, s *settings.Settings) (*digester, error) {
	status, err := db.Status(ctx)
	if err != nil {
		return nil, err
	}
	var started time.Time
	if status.StartedAt != nil {
		started = *status.StartedAt
	}
	return newDigester(ctx, db, s, a.now(), started)
}

// printDigest prints what a person would be told now.
func (a *app) printDigest(ctx context.Context, d *digester, to string, html bool) error {
	people, err := d.s.Digest.People()
	if err != nil {
		return &failure{exitConfig, settings.Below("digest", err)}
	}
	made, err := d.compose(ctx)
	if err != nil {
		return err
	}
	found := to == ""
	for _, p := range people {
		if !found && strings.EqualFold(p.Address, to) || to == "" && p == people[0] {
			found, made.Zone = true, p.Zone
		}
	}
	if !found {
		return no("%s gets no digest: digest.to has %s", to, d.s.Digest.To)
	}
	text, err := made.Text()
	if html {
		text, err = made.HTML()
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"subject": made.Subject(), "text": text,
			"held": len(made.Held) + made.More, "expiring": len(made.Expiring)})
	}
	if !html {
		text = "Subject: " + made.Subject() + "\n\n" + text
	}
	_, err = fmt.Fprint(a.stdout, text)
	return err
}

// A digests is who is told, and when.
type digests struct {
	To     []string   `json:"to"`
	LastAt *time.Time `json:"last_at"`
	NextAt *time.Time `json:"next_at"` // null if nobody gets one
}

func newDigests(d *digester) digests {
	state := digests{To: append([]string{}, d.s.Digest.To...)}
	if last := d.last(); !last.IsZero() {
		state.LastAt = &last
	}
	if next := d.next(); !next.IsZero() {
		state.NextAt = &next
	}
	return state
}

func (a *app) printDigests(d *digester) error {
	state := newDigests(d)
	if a.json {
		return a.printJSON(state)
	}
	fields := [][2]string{{"To", "nobody: digest.to is empty"}}
	if len(state.To) > 0 {
		fields[0][1] = strings.Join(state.To, ", ")
	}
	if state.LastAt != nil {
		fields = append(fields, [2]string{"Last", stamp(*state.LastAt)})
	}
	if state.NextAt != nil {
		fields = append(fields, [2]string{"Next", stamp(*state.NextAt) + ", if there is anything to tell"})
	}
	return a.printFields(fields)
}
