package store

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/policy"
)

// targets has the database know targets for these tests.
func (f *fixture) targets(all ...Target) {
	f.Helper()
	for i := range all {
		if all[i].Events == nil {
			all[i].Events = []string{TicketCreated}
		}
	}
	if err := f.SetTargets(context.Background(), all); err != nil {
		f.Fatal(err)
	}
}

// handoffs are all hand-offs, the oldest first, as "id target event ticket recipient state".
func (f *fixture) handoffs(q HandoffQuery) (texts []string) {
	f.Helper()
	for _, h := range all(f, f.Handoffs(context.Background(), q)) {
		texts = append(texts, strings.Join(strings.Fields(fmt.Sprintln(h.Target, h.Event, h.Ticket,
			h.Recipient, h.State)), " "))
	}
	slices.Reverse(texts)
	return texts
}

func (f *fixture) wantHandoffs(what string, want ...string) {
	f.Helper()
	if got := f.handoffs(HandoffQuery{}); !slices.Equal(got, want) {
		f.Errorf("%s: the hand-offs are\n%s\nwant\n%s", what, strings.Join(got, "\n"),
			strings.Join(want, "\n"))
	}
}

func (f *fixture) start() *Run {
	f.Helper()
	r, err := f.StartRun(context.Background())
	if err != nil {
		f.Fatal(err)
	}
	return r
}

// take takes what is due and gives its keys' hand-offs.
func (f *fixture) take(r *Run, target string, limit int) []Lease {
	f.Helper()
	all, err := r.Take(context.Background(), target, limit)
	if err != nil {
		f.Fatal(err)
	}
	return all
}

func (f *fixture) end(r *Run, all ...Carried) {
	f.Helper()
	if err := r.End(context.Background(), all...); err != nil {
		f.Fatal(err)
	}
}

// A ticket is handed to the targets of its recipients, a held message to those that want to know
// of it; and both by whichever process made them.
func TestHandOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f := openAt(t, path)
	f.rules(policy.Block, "held.test")
	f.receive(mail("ann@mail.test", "before", ""))
	f.targets(Target{Name: "desk", Kind: "smtp"},
		Target{Name: "hook", Kind: "smtp", Events: HandoffEvents()},
		Target{Name: "sales", Kind: "smtp", Recipients: []string{"sales@acme.test", "shop.test"}})
	f.receive(mail("ann@mail.test", "one", ""))
	f.receive(mail("ann@mail.test", "two", ""), to("Sales@ACME.test", "x@shop.test"))
	_, held := f.receive(mail("bob@held.test", "three", ""), to("x@shop.test"))
	f.wantHandoffs("received", "desk ticket.created 2 waiting", "hook ticket.created 2 waiting",
		"desk ticket.created 3 waiting", "hook ticket.created 3 waiting",
		"sales ticket.created 3 waiting", "hook message.suspended 4 waiting")

	// The command line, beside the server.
	other := openAt(t, path)
	if _, err := other.editor().Recover(context.Background(), held); err != nil {
		t.Fatal(err)
	}
	if got, want := f.handoffs(HandoffQuery{Ticket: 5}), []string{"hook message.recovered 5 waiting",
		"desk ticket.created 5 waiting", "hook ticket.created 5 waiting",
		"sales ticket.created 5 waiting"}; !slices.Equal(got, want) {
		t.Errorf("recovered: %q", got)
	}
	// Who has known the targets for long goes by what they become.
	f.targets(Target{Name: "desk", Kind: "smtp"})
	other.receive(mail("ann@mail.test", "four", ""))
	if got := f.handoffs(HandoffQuery{Ticket: 6}); !slices.Equal(got, []string{
		"desk ticket.created 6 waiting"}) {
		t.Errorf("after a change of the targets: %q", got)
	}
	status, err := f.Targets(context.Background())
	if err != nil || len(status) != 3 || status[0].Waiting != 4 || !status[0].Configured ||
		status[1].Configured || status[1].Waiting != 5 {
		t.Errorf("%+v, %v", status, err)
	}
}

// What is handed on says so once it is on disk, and nothing else does.
func TestHanded(t *testing.T) {
	f := open(t)
	handed := func() bool {
		select {
		case <-f.Handed():
			return true
		default:
			return false
		}
	}
	f.receive(mail("ann@mail.test", "one", ""))
	if handed() {
		t.Error("there is no target")
	}
	f.targets(Target{Name: "desk", Kind: "smtp"})
	f.receive(mail("ann@mail.test", "two", ""))
	if !handed() || handed() {
		t.Error("it was not said, or twice")
	}
}

// Each recipient of a target that keeps the envelope has a hand-off, also one that a message came
// again for; another target has what it has had.
func TestHandOffApart(t *testing.T) {
	f := open(t)
	f.targets(Target{Name: "desk", Kind: "smtp"}, Target{Name: "next", Kind: "lmtp", Apart: true},
		Target{Name: "shop", Kind: "smtp", Recipients: []string{"shop.test"}})
	raw := mail("ann@mail.test", "one", "")
	_, id := f.stays("first", 0, raw, to("a@acme.test", "b@acme.test"))
	f.stays("again", id, raw, to("b@acme.test", "c@shop.test"))
	f.stays("and again", id, raw, to("c@shop.test"))
	f.wantHandoffs("received", "desk ticket.created 1 waiting",
		"next ticket.created 1 a@acme.test waiting", "next ticket.created 1 b@acme.test waiting",
		"next ticket.created 1 c@shop.test waiting", "shop ticket.created 1 waiting")
	keys := map[string]bool{}
	for _, h := range all(t, f.Handoffs(t.Context(), HandoffQuery{})) {
		keys[h.Key] = true
	}
	if len(keys) != 5 {
		t.Errorf("the keys are %v", keys)
	}
}

// A killed server's leases are free at the next start; what ended is not tried again.
func TestLeases(t *testing.T) {
	f := open(t)
	f.targets(Target{Name: "desk", Kind: "smtp"}, Target{Name: "other", Kind: "smtp"})
	raw := mail("ann@mail.test", "one", "Text.")
	r, id := f.receive(raw)
	f.receive(mail("ann@mail.test", "two", ""))
	f.receive(mail("ann@mail.test", "three", ""))
	killed := f.start()
	if first := f.take(killed, "desk", 2); len(first) != 2 || first[0].Ticket != id ||
		first[0].Attempt != 1 || first[0].DecisionID != r.ID || first[0].Subject != "one" ||
		first[0].Author.Email != "ann@mail.test" || first[0].Size != int64(len(raw)) ||
		first[0].Damaged != nil || !strings.HasPrefix(first[0].Key, r.ID+".") {
		t.Fatalf("%+v", first)
	}
	if more := f.take(killed, "desk", 2); len(more) != 1 {
		t.Errorf("what is in hand was taken again: %+v", more)
	}
	content, err := f.Content(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	if b, err := io.ReadAll(content); err != nil || string(b) != raw {
		t.Errorf("%q, %v", b, err)
	}
	f.end(killed, Carried{ID: 1, State: HandoffDone, Said: "250 ok"})
	run := f.start()
	again := f.take(run, "desk", 10)
	if len(again) != 2 || again[0].Attempt != 2 {
		t.Fatalf("%+v", again)
	}
	f.end(run, Carried{ID: again[0].ID, State: HandoffWaiting, Said: "451 later",
		Due: f.clock.Add(time.Minute)},
		Carried{ID: again[1].ID, State: HandoffUnknown, Said: "broken"})
	if now := f.take(run, "desk", 10); now != nil {
		t.Errorf("before its time: %+v", now)
	}
	f.clock = f.clock.Add(time.Minute)
	if now := f.take(run, "desk", 10); len(now) != 1 || now[0].Attempt != 3 ||
		!now[0].FirstAt.Equal(noon) {
		t.Errorf("at its time: %+v", now)
	}
	if err := run.GiveBack(t.Context(), []int64{again[0].ID}); err != nil {
		t.Fatal(err)
	}
	if now := f.take(run, "desk", 10); len(now) != 1 || now[0].Attempt != 3 {
		t.Errorf("given back: %+v", now)
	}
	status, err := f.TargetStatus(t.Context(), "desk")
	if err != nil || status.Waiting != 1 || status.Unknown != 1 || status.Failed != 0 {
		t.Errorf("%+v, %v", status, err)
	}
}

// Two who take at once never take the same, and what was taken when ctx ended is not lost.
func TestTakeAtOnce(t *testing.T) {
	f := open(t)
	f.targets(Target{Name: "desk", Kind: "smtp"})
	for i := range 100 {
		f.receive(mail("ann@mail.test", fmt.Sprint(i), ""))
	}
	run := f.start()
	var all sync.WaitGroup
	var lock sync.Mutex
	took := map[int64]int{}
	for range 8 {
		all.Go(func() {
			for {
				ctx, cancel := context.WithCancel(t.Context())
				leases, err := run.Take(ctx, "desk", 7)
				cancel()
				if err != nil {
					t.Error(err)
				}
				lock.Lock()
				for _, l := range leases {
					took[l.ID]++
				}
				n := len(took)
				lock.Unlock()
				if n == 100 || err != nil {
					return
				}
			}
		})
	}
	all.Wait()
	for id, n := range took {
		if n != 1 {
			t.Errorf("%d was taken %d times", id, n)
		}
	}
}

// What is about one thread goes one after the other to one target.
func TestLeaseOrder(t *testing.T) {
	f := open(t)
	f.rules(policy.Block, "held.test")
	f.targets(Target{Name: "hook", Kind: "smtp", Events: HandoffEvents()})
	_, held := f.receive(mail("bob@held.test", "one", ""))
	if _, err := f.editor().Recover(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	_, other := f.receive(mail("ann@mail.test", "two", ""))
	run := f.start()
	if got := f.take(run, "hook", 10); len(got) != 2 || got[0].Event != MessageSuspended ||
		got[1].Ticket != other {
		t.Fatalf("%+v", got)
	}
	for i, event := range []string{MessageRecovered, TicketCreated} {
		f.end(run, Carried{ID: int64(i + 1), State: HandoffDone})
		if got := f.take(run, "hook", 10); len(got) != 1 || got[0].Event != event ||
			got[0].Message != held {
			t.Errorf("%+v", got)
		}
	}
}

// What a message no longer is is carried no further, and of what is deleted for good nothing that
// was said of it is kept.
func TestWithdrawnHandoffs(t *testing.T) {
	f := open(t)
	ctx := t.Context()
	f.rules(policy.Block, "held.test")
	f.targets(Target{Name: "hook", Kind: "smtp", Events: HandoffEvents(), Apart: true})
	_, held := f.receive(mail("bob@held.test", "one", ""))
	run := f.start()
	f.take(run, "hook", 1)
	f.end(run, Carried{ID: 1, State: HandoffDone, Said: "bob@held.test was told"})
	if _, err := f.editor().Recover(ctx, held); err != nil {
		t.Fatal(err)
	}
	if err := f.editor().Undo(ctx, f.lastAudit()); err != nil {
		t.Fatal(err)
	}
	f.wantHandoffs("taken back", "hook message.suspended 1 support@acme.test done",
		"hook message.recovered 2 support@acme.test discarded",
		"hook ticket.created 2 support@acme.test discarded")
	if _, err := f.editor().DeleteSuspended(ctx, []int64{held}); err != nil {
		t.Fatal(err)
	}
	h, err := f.Handoff(ctx, 1)
	if err != nil || h.State != HandoffDone || h.Said != "" || h.Recipient != "" {
		t.Errorf("%+v, %v", h, err)
	}
	if b, err := f.Balance(ctx); err != nil || b.Difference() != 0 {
		t.Errorf("%v, %v", b, err)
	}
}
