package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gatepost/message"
)

// The events that hand-offs are about.
const (
	TicketCreated    = "ticket.created"
	CommentCreated   = "comment.created"
	MessageSuspended = "message.suspended"
	MessageRecovered = "message.recovered"
)

// HandoffEvents are all that a target may ask for.
func HandoffEvents() []string {
	return []string{TicketCreated, CommentCreated, MessageSuspended, MessageRecovered,
		DigestMade, MailQuiet}
}

// A Target is where messages are carried on to. No secret is in it.
type Target struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`
	Place      string   `json:"place"` // where it leads, as people are shown it
	Events     []string `json:"events"`
	Recipients []string `json:"recipients"` // addresses and whole domains; none: all mail

	// Apart says that each recipient of a message has a hand-off of its own: the envelope is
	// kept, and what becomes of one recipient is not what becomes of another.
	Apart bool `json:"-"`
}

// wants reports whether the target takes an event.
func (g *Target) wants(event string) bool { return slices.Contains(g.Events, event) }

// takes reports whether mail for a recipient is its own.
func (g *Target) takes(recipient string) bool {
	if len(g.Recipients) == 0 {
		return true
	}
	a, err := message.ParseAddress(recipient)
	return err == nil && slices.ContainsFunc(g.Recipients, func(entry string) bool {
		if strings.Contains(entry, "@") {
			return isSameMailbox(entry, recipient)
		}
		return entry == string(a.Domain())
	})
}

// takesBelow reports whether a recipient is a subaddress (RFC 5233) of an address that it takes.
func (g *Target) takesBelow(recipient string) bool {
	a, err := message.ParseAddress(recipient)
	return err == nil && slices.ContainsFunc(a.Bases(), func(base message.Address) bool {
		return g.takes(base.String())
	})
}

// of are those of the recipients that the target takes, which of addresses that no target names
// are also those below the addresses that it does. A message without any is for every target that
// takes all mail.
func (g *Target) of(recipients []string, all []Target) (mine []string, any bool) {
	for _, to := range recipients {
		isNamed := func(g Target) bool { return len(g.Recipients) > 0 && g.takes(to) }
		if g.takes(to) || g.takesBelow(to) && !slices.ContainsFunc(all, isNamed) {
			mine = append(mine, to)
		}
	}
	return mine, len(mine) > 0 || len(recipients) == 0 && len(g.Recipients) == 0
}

const targetColumns = `name, kind, place, events, recipients, apart`

func scanTarget(row scanner) (g Target, err error) {
	var events, recipients string
	err = row.Scan(&g.Name, &g.Kind, &g.Place, &events, &recipients, &g.Apart)
	g.Events, g.Recipients = strings.Fields(events), strings.Fields(recipients)
	return g, err
}

// targets are those that the settings have, which the writer keeps from one transaction to the
// next as long as their generation stands. It may be asked only after nextID.
func (t *tx) targets() ([]Target, error) {
	if t.w.outbox != nil && t.w.outbox.generation == t.outbox {
		return t.w.outbox.targets, nil
	}
	stmt, err := t.stmt(`select ` + targetColumns + ` from targets where configured order by name`)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(t.context())
	if err != nil {
		return nil, damaged(err)
	}
	defer rows.Close()
	known := &outbox{generation: t.outbox}
	for rows.Next() {
		g, err := scanTarget(rows)
		if err != nil {
			return nil, fmt.Errorf("targets of hand-offs: %w", unreadable(err))
		}
		known.targets = append(known.targets, g)
	}
	if err := rows.Err(); err != nil {
		return nil, damaged(err)
	}
	t.w.outbox = known
	return known.targets, nil
}

// outbox is what a writer remembers of the targets.
type outbox struct {
	generation int64
	targets    []Target
}

// SetTargets has the database know the targets that the settings of a server have, by which
// every process that makes a ticket goes. One that is there no more is kept as long as anything
// waits for it, and says so by Configured.
func (db *DB) SetTargets(ctx context.Context, targets []Target) error {
	err := db.writer.do(ctx, func(t *tx) error {
		was, err := t.texts(`select name || char(10) || kind || char(10) || place || char(10) || events ||
			char(10) || recipients || char(10) || apart from targets where configured order by name`)
		if err != nil {
			return err
		}
		if slices.Equal(was, targetTexts(targets)) {
			return nil
		}
		return t.setTargets(targets)
	})
	if err != nil {
		return fmt.Errorf("targets of hand-offs: %w", err)
	}
	return nil
}

// targetTexts are all that is known of targets, in the order of their names.
func targetTexts(targets []Target) (all []string) {
	for _, g := range targets {
		apart := "0"
		if g.Apart {
			apart = "1"
		}
		all = append(all, strings.Join([]string{g.Name, g.Kind, g.Place,
			strings.Join(g.Events, " "), strings.Join(g.Recipients, " "), apart}, "\n"))
	}
	slices.Sort(all)
	return all
}

func (t *tx) setTargets(targets []Target) error {
	if err := t.exec(`update targets set configured = false`); err != nil {
		return err
	}
	for _, g := range targets {
		err := t.exec(`insert into targets (`+targetColumns+`, configured, paused_at, paused_why)
			values ($1, $2, $3, $4, $5, $6, true, 0, '') on conflict (name) do update set
			kind = excluded.kind, place = excluded.place, events = excluded.events,
			recipients = excluded.recipients, apart = excluded.apart, configured = true`,
			g.Name, g.Kind, message.Clean(g.Place), strings.Join(g.Events, " "),
			strings.Join(g.Recipients, " "), g.Apart)
		if err != nil {
			return err
		}
	}
	err := t.exec(`delete from targets where not configured and not exists
		(select 1 from handoffs h where h.target = targets.name and h.state = 'waiting')`)
	if err != nil {
		return err
	}
	t.w.outbox = nil
	return t.row(`update meta set value = value + 1 where name = 'targets' returning value`).
		Scan(&t.outbox)
}
