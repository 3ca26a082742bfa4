package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

// passHandedOff is pass with tickets going a week after they were handed on.
func (f *fixture) passHandedOff(until time.Time) {
	f.Helper()
	for f.clock.Before(until) {
		f.clock = f.clock.Add(min(time.Hour, until.Sub(f.clock)))
		f.purge(Expiry{KeepHandedOff: 7 * day})
	}
}

// carry ends what is due of a target, one after the other as threads have it.
func (f *fixture) carry(r *Run, target, state string) {
	f.Helper()
	for all := f.take(r, target, 99); len(all) > 0; all = f.take(r, target, 99) {
		for _, l := range all {
			f.end(r, Carried{ID: l.ID, State: state, Said: "made ticket 4711"})
		}
	}
}

// clocked is an empty database whose clock the tests turn.
func clocked(t *testing.T) *fixture {
	f := holding(t, 0)
	f.set(policy.Block, "")
	f.KeepTombstones(90 * day)
	return f
}

func (f *fixture) wantBalance(handedOff int64) {
	f.Helper()
	b, err := f.Balance(context.Background())
	if err != nil || b.Difference() != 0 || b.HandedOff != handedOff {
		f.Errorf("%s: %v, want %d handed off", b, err, handedOff)
	}
}

// A ticket that every target has goes with its comments, the recovered ones among them; what is
// left says where it went. A reply that comes later is a ticket.
func TestPurgeHandedOff(t *testing.T) {
	ctx := context.Background()
	f := clocked(t)
	f.targets(Target{Name: "desk", Kind: "smtp", Events: []string{TicketCreated, CommentCreated}},
		Target{Name: "hook", Kind: "webhook", Events: []string{TicketCreated, MessageRecovered}})
	f.receive(mail("ann@acme.test", "one", ""))
	_, held := f.receive(reply("carl@other.test", "two", "<one@mail.test>"), spf(policy.Pass))
	if _, err := f.editor().Recover(ctx, held); err != nil {
		t.Fatal(err)
	}
	r := f.start()
	f.carry(r, "desk", HandoffDone)
	f.carry(r, "hook", HandoffDone)
	f.passHandedOff(noon.Add(6 * day))
	f.wantBalance(0)
	f.passHandedOff(noon.Add(8 * day))
	f.wantBalance(2)
	if n := len(all(t, f.Comments(ctx, 0))); n != 0 {
		t.Errorf("%d comments are left", n)
	}
	if n, err := f.CountTickets(ctx, Query{}); n != 0 || err != nil {
		t.Errorf("%d tickets are left, %v", n, err)
	}
	if got := f.finds(Search{Words: "ann@acme.test"}); got != "1 handed off  by desk, hook" {
		t.Errorf("found %q", got)
	}
	if got := f.finds(Search{Words: "carl@other.test"}); !strings.Contains(got, "handed off  by desk") {
		t.Errorf("found %q", got)
	}
	for _, h := range all(t, f.Handoffs(ctx, HandoffQuery{})) {
		if h.Said != "" || h.State != HandoffDone {
			t.Errorf("left of a hand-off: %+v", h)
		}
	}
	var gone []string
	for _, e := range all(t, f.AuditLog(ctx, AuditQuery{})) {
		if e.Action == HandedOff {
			gone = append(gone, string(e.After))
		}
	}
	if len(gone) != 1 || !strings.HasPrefix(gone[0], `{"tickets":1,"comments":1`) {
		t.Errorf("the audit log says %q", gone)
	}
	if d, _ := f.receive(reply("ann@acme.test", "later", "<one@mail.test>")); d.Decision.Action != policy.Ticket {
		t.Errorf("a later reply is decided: %s", d.Decision.Why())
	}
}

// What failed, waits, is unknown or was discarded keeps its ticket, as does a comment that no
// target was to have, and a hand-off that was done only lately.
func TestKeepWhatIsNotHandedOff(t *testing.T) {
	for _, state := range []string{HandoffFailed, HandoffUnknown, HandoffWaiting, HandoffDiscarded,
		"comment", "late", "not for it"} {
		ctx := context.Background()
		f := clocked(t)
		f.targets(Target{Name: "desk", Kind: "smtp"},
			Target{Name: "shop", Kind: "smtp"})
		if state == "not for it" {
			f.targets()
		}
		f.receive(mail("ann@acme.test", "one", ""))
		r := f.start()
		switch state {
		case "comment":
			f.receive(reply("ann@acme.test", "two", "<one@mail.test>"))
			fallthrough
		case "late":
			f.carry(r, "shop", HandoffDone)
		case HandoffDiscarded, HandoffWaiting, "not for it":
		default:
			f.carry(r, "shop", state)
		}
		if state == HandoffDiscarded {
			if err := f.editor().DiscardHandoffs(ctx, []int64{2}); err != nil {
				t.Fatal(err)
			}
		}
		if state != "late" {
			f.carry(r, "desk", HandoffDone)
		}
		f.passHandedOff(noon.Add(9 * day))
		if state == "late" {
			f.carry(r, "desk", HandoffDone)
			f.passHandedOff(noon.Add(15 * day))
		}
		if n, err := f.CountTickets(ctx, Query{}); n != 1 || err != nil {
			t.Errorf("%s: %d tickets, %v; %v", state, n, err, f.handoffs(HandoffQuery{}))
		}
		f.wantBalance(0)
	}
}
