package store

import (
	"context"
	"slices"
	"testing"
	"time"

	"gatepost/policy"
)

// A reply is handed on behind the ticket that it joined, as what it is; one that is recovered as
// well, and undone it is handed on no more.
func TestHandedComments(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.targets(Target{Name: "desk", Kind: "smtp", Events: []string{TicketCreated, CommentCreated}},
		Target{Name: "hook", Kind: "webhook", Events: []string{MessageRecovered}})
	f.receive(mail("Ann <ann@acme.test>", "one", ""))
	raw := reply("Carl <carl@other.test>", "two", "<one@mail.test>")
	_, held := f.receive(raw, spf(policy.Pass))
	f.receive(reply("ann@acme.test", "three", "<one@mail.test>"))
	if _, err := f.editor().Recover(ctx, held); err != nil {
		t.Fatal(err)
	}
	f.wantHandoffs("received", "desk ticket.created 1 waiting", "desk comment.created 1 waiting",
		"hook message.recovered 1 waiting", "desk comment.created 1 waiting")
	r := f.start()
	first := f.take(r, "desk", 9)
	if len(first) != 1 || first[0].Event != TicketCreated || first[0].Comment != 0 {
		t.Fatalf("taken first: %+v", first)
	}
	f.end(r, Carried{ID: first[0].ID, State: HandoffDone})
	second := f.take(r, "desk", 9)
	if len(second) != 1 || second[0].Comment != 3 || second[0].Ticket != 1 ||
		second[0].Author.Email != "ann@acme.test" || second[0].Subject != "three" {
		t.Fatalf("taken then: %+v", second)
	}
	f.end(r, Carried{ID: second[0].ID, State: HandoffWaiting, Due: f.clock.Add(time.Hour)})
	if h, err := f.Handoff(ctx, second[0].ID); err != nil || h.Subject != "three" {
		t.Errorf("%+v, %v", h, err)
	}
	if err := f.editor().Undo(ctx, f.lastAudit()); err != nil {
		t.Fatal(err)
	}
	f.wantHandoffs("undone", "desk ticket.created 1 done", "desk comment.created 1 waiting",
		"hook message.recovered 1 discarded", "desk comment.created 1 discarded")
	if _, err := f.editor().DeleteSuspended(ctx, []int64{held}); err != nil {
		t.Fatal(err)
	}
}

// A reply that comes again for further recipients goes to the targets of those.
func TestCommentAgain(t *testing.T) {
	f := open(t)
	events := []string{TicketCreated, CommentCreated}
	f.targets(Target{Name: "desk", Kind: "smtp", Events: events, Recipients: []string{"acme.test"}},
		Target{Name: "shop", Kind: "smtp", Events: events, Recipients: []string{"shop.test"}})
	f.receive(mail("ann@acme.test", "one", ""))
	raw := reply("ann@acme.test", "two", "<one@mail.test>")
	window := func(r *Record) { r.Window = Always }
	f.receive(raw, window)
	f.receive(raw, window, to("x@shop.test"))
	if got := f.handoffs(HandoffQuery{Ticket: 1}); !slices.Equal(got, []string{
		"desk ticket.created 1 waiting", "desk comment.created 1 waiting",
		"shop comment.created 1 waiting"}) {
		t.Errorf("%q", got)
	}
}
