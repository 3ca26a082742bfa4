package trial

import (
	"context"

	"gatepost/policy"
	"gatepost/store"
)

// Shadow is the shadow, and what it would have made of the mail that came since it was set: as Run
// says it of what was stored, and of what was rejected silently how many would have become what.
// Those were decided when they came, by the lists as they stood then. ErrNoShadow if none is set.
func Shadow(ctx context.Context, db *store.DB) (s store.Shadow, d *Diff, err error) {
	if s, err = db.Shadow(ctx); err != nil {
		return s, nil, err
	}
	now, err := db.Policy(ctx)
	if err != nil {
		return s, nil, err
	}
	then, number, err := db.Beside(ctx, now)
	if err == nil && number != s.Number {
		err = store.ErrNoShadow
	}
	if err != nil {
		return s, nil, err
	}
	t := Trial{Now: now, Then: then}
	d = newDiff(0)
	for k, err := range db.FactsBehind(ctx, s.Last) {
		if err != nil {
			return s, nil, err
		}
		d.decide(t, k.ID, k.Facts)
	}
	d.Decided += int(s.Rejected)
	for r, err := range db.ShadowRejections(ctx, s.Number) {
		if err != nil {
			return s, nil, err
		}
		d.noteRejected(Outcome{r.Action, r.Cause}, r.Messages)
	}
	return s, d, nil
}

// Changes are those that make the lists of another policy of those of one.
func Changes(now, then *policy.Policy) (all []store.ShadowChange) {
	for _, l := range []struct {
		name     policy.ListName
		from, to *policy.List
	}{{policy.Allow, now.Allow, then.Allow}, {policy.Block, now.Block, then.Block}} {
		for _, c := range l.from.ChangesTo(l.to) {
			all = append(all, store.ShadowChange{List: l.name, Change: c})
		}
	}
	return all
}

// noteRejected counts messages that were rejected, and of which nothing else is known.
func (d *Diff) noteRejected(to Outcome, messages int) {
	d.Changed += messages
	d.Rejected += messages
	d.moves[Move{Outcome{Action: policy.Reject}, to}] += messages
}
