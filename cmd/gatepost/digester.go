package main

import (
	"context"
	"io"
	"time"

	"gatepost/courier"
	"gatepost/digest"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/settings"
	"gatepost/store"
)

// mostListed is how many messages a digest lists; of the others it says how many there are.
const mostListed = 200

// A digester makes what people are told, at one moment.
type digester struct {
	db      *store.DB
	s       *settings.Settings
	now     time.Time
	started time.Time // of the server: nothing can have come before; the zero time if none runs
	marks   map[string]int64
}

func newDigester(ctx context.Context, db *store.DB, s *settings.Settings, now, started time.Time) (
	d *digester, err error) {
	d = &digester{db: db, s: s, now: now, started: started}
	d.marks, err = db.Marks(ctx)
	return d, err
}

// last is when the last digest was made, the zero time if none was.
func (d *digester) last() time.Time { return timeOf(d.marks[store.MarkDigestAt]) }

func timeOf(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

// next is when the next one is due; the zero time if nobody gets one. Of a last one that lies ahead,
// since the clock was wrong then or is now, nothing follows.
func (d *digester) next() time.Time {
	switch last := d.last(); {
	case len(d.s.Digest.To) == 0:
		return time.Time{}
	case last.IsZero() || last.After(d.now):
		return d.now
	default:
		return last.Add(time.Duration(d.s.Digest.Every))
	}
}

// compose is the digest as of now.
func (d *digester) compose(ctx context.Context) (*digest.Digest, error) {
	made := &digest.Digest{Host: d.s.Hostname(), Links: d.s.DigestLinks(), Zone: time.UTC, At: d.now,
		Since: d.last()}
	held, all, err := d.db.HeldBetween(ctx, d.marks[store.MarkDigestLast], d.marks["sequence"],
		mostListed)
	if err != nil {
		return nil, err
	}
	made.More = max(all-len(held), 0)
	if made.Held, err = d.items(ctx, held); err != nil {
		return nil, err
	}
	if before := time.Duration(d.s.Digest.WarnBefore); before > 0 && !bool(d.s.Suspended.KeepUnseen) {
		unseen, err := d.db.UnseenUntil(ctx, d.now.Add(before), mostListed)
		if err != nil {
			return nil, err
		}
		if made.Expiring, err = d.items(ctx, unseen); err != nil {
			return nil, err
		}
	}
	made.Quiet, err = d.quiet(ctx)
	return made, err
}

// quiet is since when nothing was received, the zero time if that is not long.
func (d *digester) quiet(ctx context.Context) (since time.Time, err error) {
	after := time.Duration(d.s.Digest.QuietAfter)
	if since, err = lastHeard(ctx, d.db, d.started); err != nil || after == 0 || since.IsZero() ||
		d.now.Sub(since) < after {
		return time.Time{}, err
	}
	return since, nil
}

// lastHeard is when something was received last, or could have been.
func lastHeard(ctx context.Context, db *store.DB, started time.Time) (time.Time, error) {
	at, err := db.LastReceived(ctx)
	if started.After(at) {
		at = started.UTC().Truncate(time.Minute)
	}
	return at, err
}

// items are held messages with the addresses of the tickets that they name.
func (d *digester) items(ctx context.Context, held []store.Suspended) (all []digest.Item, err error) {
	var address func(*courier.Parcel) string
	if bool(d.s.Digest.ReplyToken) {
		tokens, err := storedTokens(ctx, d.db, d.s)
		if err != nil {
			return nil, err
		}
		ours, err := d.s.Recipients()
		if err != nil {
			return nil, err
		}
		if tokens != nil {
			address = replyAddress(tokens, ours)
		}
	}
	for _, s := range held {
		item := digest.Item{Suspended: s}
		if cause, _ := policy.ParseCause(s.Cause); cause.OfReply() && address != nil {
			item.ReplyAddress = address(&courier.Parcel{Ticket: d.ticketOf(ctx, s.ID),
				Recipients: s.Recipients, CreatedAt: d.now})
		}
		all = append(all, item)
	}
	return all, nil
}

// ticketOf is the ticket that a held message replies to; 0 if that is gone, or the message cannot be
// read, which others are told of.
func (d *digester) ticketOf(ctx context.Context, id int64) int64 {
	k, err := d.db.StoredMessage(ctx, id)
	if err != nil {
		return 0
	}
	defer k.Raw.Close()
	head, err := io.ReadAll(io.LimitReader(k.Raw, message.MaxHeader+1))
	if err != nil {
		return 0
	}
	mail := policy.Mail{Message: message.Parse(head), Envelope: k.Envelope}
	thread, err := d.db.Thread(mail, mail.Message.Sender().Address)
	if err != nil {
		return 0
	}
	return thread.Ticket
}
