package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"gatepost/digest"
	"gatepost/store"
)

// tell makes a digest for each person, if one is due, and says how many. One that would be empty
// counts as made, and is for nobody.
func (d *digester) tell(ctx context.Context) (told int, err error) {
	if next := d.next(); next.IsZero() || next.After(d.now) {
		return 0, nil
	}
	people, err := d.s.Digest.People()
	if err != nil {
		return 0, err
	}
	made, err := d.compose(ctx)
	if err != nil {
		return 0, err
	}
	var notices []store.Notice
	for i := 0; i < len(people) && !made.IsEmpty(); i++ {
		n, err := d.notice(store.DigestMade, made.Subject())
		if err != nil {
			return 0, err
		}
		made.Zone, n.Recipient = people[i].Zone, people[i].Address
		if n.Raw, err = made.Mail(n.From, n.Recipient, n.MessageID); err != nil {
			return 0, err
		}
		notices = append(notices, n)
	}
	done, err := d.db.Announce(ctx, []store.Mark{
		{Name: store.MarkDigestAt, Was: d.marks[store.MarkDigestAt], Now: d.made().UnixMilli()},
		{Name: store.MarkDigestLast, Was: d.marks[store.MarkDigestLast], Now: d.marks["sequence"]},
	}, notices)
	if !done || err != nil {
		return 0, err
	}
	return len(notices), nil
}

// made is as of when a digest of now counts: it is a minute late each time, and shall not move
// through the day by that.
func (d *digester) made() time.Time {
	every := time.Duration(d.s.Digest.Every)
	if due := d.next(); d.now.Sub(due) < every && !due.After(d.now) && !d.last().IsZero() {
		return due
	}
	return d.now
}

// notice is one of ours but for its octets.
func (d *digester) notice(event, subject string) (n store.Notice, err error) {
	key, err := uuid.NewV7() // our own trace is known by it, should it come back
	if err != nil {
		return n, fmt.Errorf("id of a digest: %w", err)
	}
	host := d.s.Hostname()
	return store.Notice{Event: event, Key: key.String(), From: d.s.DigestFrom(), Subject: subject,
		MessageID: "<" + key.String() + "@" + host + ">",
		Trace:     fmt.Sprintf("Received: by %s id %s; %s", host, key, d.now.Format(time.RFC1123Z)),
	}, nil
}

// tellQuiet tells webhooks once that nothing has been received for long, and reports whether it
// has.
func (d *digester) tellQuiet(ctx context.Context) (since time.Time, told bool, err error) {
	since, err = d.quiet(ctx)
	if err != nil || since.IsZero() || since.UnixMilli() == d.marks[store.MarkQuiet] {
		return since, false, err
	}
	made := &digest.Digest{Host: d.s.Hostname(), Zone: time.UTC, At: d.now, Quiet: since}
	n, err := d.notice(store.MailQuiet, made.Subject())
	if err == nil {
		n.Raw, err = made.Mail(n.From, n.From, n.MessageID)
	}
	if err != nil {
		return since, false, err
	}
	told, err = d.db.Announce(ctx, []store.Mark{{Name: store.MarkQuiet, Was: d.marks[store.MarkQuiet],
		Now: since.UnixMilli()}}, []store.Notice{n})
	return since, told, err
}

// tellEvery is how often it is looked whether anybody is to be told of anything.
const tellEvery = time.Minute

// tellPeople makes digests, and says when nothing comes, until ctx ends.
func (g *daemon) tellPeople(ctx context.Context) error {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		if err := g.tellOnce(ctx); err != nil && ctx.Err() == nil {
			g.log.Error("nobody is told what is held", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (g *daemon) tellOnce(ctx context.Context) error {
	started, err := g.db.FirstStart(ctx, g.started)
	if err != nil {
		return err
	}
	d, err := newDigester(ctx, g.db, g.settings.Load(), g.app.now(), started)
	if err != nil {
		return err
	}
	since, told, errQuiet := d.tellQuiet(ctx)
	if told {
		g.log.Warn("nothing was received", "since", since)
	}
	people, err := d.tell(ctx)
	if people > 0 {
		g.log.Info("digest", "people", people)
	}
	return errors.Join(errQuiet, err)
}
