package trial_test

import (
	"bytes"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/trial"
)

// TestPromotedAsItsDiffSaid: whatever the lists and the shadow are, no decision or reply is other
// with the shadow than without it; and once it is promoted each message is decided as its diff
// said: what was stored by its id, what was rejected by their number.
func TestPromotedAsItsDiffSaid(t *testing.T) {
	rawMail := readMail(t)
	known := openDB(t)
	storeAll(t, known, rawMail)
	senders := sendersOf(t, known)
	random := rand.New(rand.NewPCG(3, 4))
	moved, unrejected := 0, 0
	for range 4 {
		now, then := drawPolicy(t, known, random, senders), drawPolicy(t, known, random, senders)
		alone, shadowed := openDB(t), openDB(t)
		for _, db := range []*store.DB{alone, shadowed} {
			addUsers(t, known, db)
			setLists(t, db, now)
		}
		setShadow(t, shadowed, then)
		without, with := receiveAll(t, alone, rawMail), receiveAll(t, shadowed, rawMail)
		if !slices.EqualFunc(without, with, taken.same) {
			t.Error("the shadow changed a decision or a reply")
		}
		s, diff, err := trial.Shadow(context.Background(), shadowed, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := shadowed.By(store.Server()).PromoteShadow(context.Background(), s.Number); err != nil {
			t.Fatal(err)
		}
		promoted, err := shadowed.Policy(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		moved += diff.Changed
		unrejected += comparePromoted(t, with, diff, promoted)
	}
	t.Logf("%d messages moved, %d of them had been rejected", moved, unrejected)
	if moved == 0 || unrejected == 0 {
		t.Error("nothing moved, or nothing was rejected")
	}
}

// comparePromoted says how many messages were rejected and are not any more.
func comparePromoted(t *testing.T, all []taken, diff *trial.Diff, promoted *policy.Policy) (n int) {
	t.Helper()
	said := map[int64]trial.Outcome{}
	for g := range diff.Senders() {
		for _, c := range g.Moves {
			for _, id := range c.IDs {
				said[id] = c.To
			}
		}
	}
	rejected := map[trial.Move]int{}
	for _, m := range all {
		is := outcome(promoted.Decide(m.facts))
		switch want, moves := said[m.id]; {
		case m.was.Action == policy.Reject && is != m.was:
			rejected[trial.Move{From: m.was, To: is}]++
			n++
		case m.id != 0 && !moves && is != m.was, moves && is != want:
			t.Errorf("message %d was %v, its diff says %v, and it is %v", m.id, m.was, want, is)
		}
	}
	counted := map[trial.Move]int{}
	for _, c := range diff.Moves() {
		if c.From.Action == policy.Reject {
			counted[c.Move] = c.Messages
		}
	}
	if !maps.Equal(counted, rejected) || diff.Rejected != n || diff.Decided != len(all) {
		t.Errorf("rejected ones are said to become %v, and become %v; %d of %d", counted, rejected,
			diff.Decided, len(all))
	}
	return n
}

// A taken is a message and what became of it. Its id is 0 if it was rejected.
type taken struct {
	id    int64
	facts *policy.Facts
	was   trial.Outcome
	why   string
}

func (m taken) same(o taken) bool { return m.was == o.was && m.id == o.id && m.why == o.why }

func outcome(d policy.Decision) trial.Outcome {
	o := trial.Outcome{Action: d.Action}
	if d.Action == policy.Suspend {
		o.Cause = d.Cause
	}
	return o
}

// receiveAll takes the mail as storeAll does, but what comes again.
func receiveAll(t *testing.T, db *store.DB, rawMail [][]byte) (all []taken) {
	t.Helper()
	r := newReceiver(db)
	for i, raw := range rawMail {
		out, err := r.Receive(context.Background(), envelope(i, message.Parse(raw)), bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if out.Again || out.Facts.Thread.Ticket != 0 {
			continue
		}
		m := taken{facts: out.Facts, was: outcome(*out.Decision), why: out.Decision.Why()}
		if m.was.Action != policy.Reject {
			e, err := db.Explain(context.Background(), out.ID)
			if err != nil {
				t.Fatal(err)
			}
			m.id = e.ID
		}
		all = append(all, m)
	}
	return all
}

func setLists(t *testing.T, db *store.DB, p *policy.Policy) {
	t.Helper()
	settings := p.Settings
	db.Configure(settings)
	_, err := db.By(store.Server()).SetRules(context.Background(), store.AnyGeneration,
		store.NewList{Name: policy.Allow, Entries: slices.Collect(p.Allow.Entries())},
		store.NewList{Name: policy.Block, Entries: slices.Collect(p.Block.Entries())})
	if err != nil {
		t.Fatal(err)
	}
}

func setShadow(t *testing.T, db *store.DB, then *policy.Policy) {
	t.Helper()
	now, err := db.Policy(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	err = db.By(store.Server()).SetShadow(context.Background(), now.Generation, trial.Changes(now, then))
	if err != nil {
		t.Fatal(err)
	}
}
