package trial

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// A Trial is what is asked: what becomes of the mail that came, as things stand and otherwise.
type Trial struct {
	Now, Then *policy.Policy
	Since     time.Time // when it came; zero: whenever
	Last      int       // of that the newest messages, as many; 0: all

	Tell func(done, total int64) // how many messages are decided; nil to tell nobody
}

// With is a policy with other lists in the place of some of its own.
func With(p *policy.Policy, lists ...store.NewList) *policy.Policy {
	then := *p
	for _, l := range lists {
		list := policy.Compile(slices.Values(l.Entries))
		if l.Name == policy.Allow {
			then.Allow = list
		} else {
			then.Block = list
		}
	}
	return &then
}

// Run decides each message again by both, on the facts that were kept with it: its sender's profile
// and how much that had sent are as they were. Those of a message that was stored before facts
// were are read from it anew, with the profile of today. What is gone and left none is counted as
// not known; nothing is known of silent rejections, and they are not counted.
func (t Trial) Run(ctx context.Context, db *store.DB) (*Diff, error) {
	room, err := db.CountKept(ctx, t.Since, t.Last)
	if err != nil {
		return nil, err
	}
	d := newDiff(int(room))
	for k, err := range db.KeptFacts(ctx, t.Since, t.Last) {
		if err != nil {
			return nil, err
		}
		d.decide(t, k.ID, k.Facts)
		if t.Tell != nil {
			t.Tell(int64(d.Decided), room)
		}
	}
	if t.Last > 0 && d.Decided >= t.Last {
		return d, nil
	}
	if err := t.readAgain(ctx, db, d); err != nil {
		return nil, err
	}
	gone, err := db.GoneFactless(ctx, t.Since)
	if t.Last == 0 {
		d.NotKnown += int(gone)
	}
	return d, err
}

// readAgain decides what has no facts from its octets.
func (t Trial) readAgain(ctx context.Context, db *store.DB, d *Diff) error {
	var ids []int64
	for id, err := range db.Factless(ctx, t.Since, max(t.Last-d.Decided, 0)) {
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		facts, err := readFacts(ctx, db, id)
		switch {
		case err == nil:
			d.decide(t, id, facts)
		case store.IsDamaged(err), errors.Is(err, store.ErrNotFound), errors.Is(err, fs.ErrNotExist):
			d.NotKnown++ // or gone meanwhile
		default:
			return err
		}
	}
	return nil
}

func readFacts(ctx context.Context, db *store.DB, id int64) (*policy.Facts, error) {
	kept, err := db.StoredMessage(ctx, id)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(kept.Raw)
	if err = errors.Join(err, kept.Raw.Close()); err != nil {
		return nil, err
	}
	m := message.Parse(raw)
	body := func() io.Reader { return bytes.NewReader(raw[m.Size:]) }
	_, facts, err := db.FactsAgain(ctx, policy.Mail{Message: m, Body: body}, kept, "")
	return facts, err
}

// decide notes what becomes of one message both ways.
func (d *Diff) decide(t Trial, id int64, f *policy.Facts) {
	d.Decided++
	now, then := outcome(t.Now, f), outcome(t.Then, f)
	if now == then {
		return
	}
	sender, _ := f.Requester()
	d.note(id, sender.Address.String(), Move{now, then})
}

func outcome(p *policy.Policy, f *policy.Facts) Outcome {
	d := p.Decide(f)
	o := Outcome{Action: d.Action}
	if d.Action == policy.Suspend {
		o.Cause = d.Cause
	}
	return o
}
