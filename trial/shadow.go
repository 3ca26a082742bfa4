package trial

import (
	"context"
	"encoding/json"

	"gatepost/policy"
	"gatepost/store"
)

// Shadow is the shadow, and what it would have made of the mail that came since it was set: as Run
// says it of what was stored, and of what was rejected silently how many would have become what.
// Those were decided when they came, by the lists as they stood then. Last is as in a Trial.
// ErrNoShadow if none is set.
func Shadow(ctx context.Context, db *store.DB, last int) (s store.Shadow, d *Diff, err error) {
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
	for k, err := range db.FactsBehind(ctx, s.Last, last) {
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

// A Change is one that the shadow makes, and what was done since that is at odds with it.
type Change struct {
	store.ShadowChange
	Conflict string // in words, or ""
}

// MarshalJSON has the names of the lists, and of what is done to them.
func (c Change) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		List     policy.ListName `json:"list"`
		Change   string          `json:"change"`
		Entry    string          `json:"entry"`
		Conflict string          `json:"conflict"`
	}{c.List, c.Do(), c.String(), c.Conflict})
}

// Do is what is done with the entry: "add" or "remove".
func (c Change) Do() string {
	if c.Removed {
		return "remove"
	}
	return "add"
}

// ShadowChanges are the first of those that the shadow of that number makes, and how many are at
// odds with what was done since. A limit of 0 is none.
func ShadowChanges(ctx context.Context, db *store.DB, number int64, limit int) (all []Change,
	conflicts int, err error) {
	words := map[store.ShadowChange]string{}
	for c, err := range db.ShadowConflicts(ctx) {
		if err != nil {
			return nil, 0, err
		}
		words[c.Shadow] = c.Words()
	}
	for c, err := range db.ShadowChanges(ctx, number) {
		if err != nil {
			return nil, 0, err
		}
		change := Change{c, words[c]}
		if limit == 0 || len(all) < limit || change.Conflict != "" {
			all = append(all, change)
		}
	}
	return all, len(words), nil
}
