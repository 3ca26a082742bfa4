package store

import (
	"fmt"
	"io"
	"testing"
	"time"

	"gatepost/policy"
)

func digest(key string, to ...string) (all []Notice) {
	for _, recipient := range to {
		all = append(all, Notice{Event: DigestMade, Recipient: recipient, Key: key,
			From: "gatepost@mx.test", Subject: "Held", MessageID: "<" + key + "@mx.test>",
			Trace: "Received: by mx.test id " + key, Raw: []byte("Subject: Held\r\n\r\nfor " + recipient)})
	}
	return all
}

// announce moves digest_at from one time to another.
func (f *fixture) announce(was, now int64, all ...Notice) bool {
	f.Helper()
	done, err := f.Announce(f.Context(), []Mark{{MarkDigestAt, was, now}}, all)
	if err != nil {
		f.Fatal(err)
	}
	return done
}

// A notice is carried as messages are, to its recipient, and again after a server was killed that
// had it in hand; and it is made once, whoever else would have made it.
func TestNotices(t *testing.T) {
	ctx := t.Context()
	f := open(t)
	f.targets(Target{Name: "mail", Events: []string{TicketCreated, DigestMade}}, Target{Name: "hook", Kind: "webhook",
		Events: []string{MailQuiet}})
	f.receive(mail("ann@mail.test", "one", ""))
	if !f.announce(0, 5, digest("k1", "ann@mx.test", "bob@mx.test")...) {
		t.Fatal("nothing was announced")
	}
	if f.announce(0, 6, digest("k2", "ann@mx.test")...) {
		t.Error("it was announced twice")
	}
	if !f.announce(5, 7, Notice{Event: MailQuiet, Key: "k3", Subject: "Quiet", Raw: []byte("x")}) {
		t.Error("no event was announced")
	}
	f.wantHandoffs("announced", "mail ticket.created 1 waiting",
		"mail digest.made 0 ann@mx.test waiting",
		"mail digest.made 0 bob@mx.test waiting", "hook mail.quiet 0 waiting")
	f.take(f.start(), "mail", 9) // and is killed
	run := f.start()
	leases := f.take(run, "mail", 9)
	if len(leases) != 3 {
		t.Fatalf("%+v", leases)
	}
	l := leases[1]
	if l.Attempt != 2 || l.Recipient != "ann@mx.test" || l.Subject != "Held" || l.Damaged != nil ||
		l.MessageID != "<k1@mx.test>" || l.Trace != "Received: by mx.test id k1" || l.MailFrom != "" ||
		l.DecisionID != "k1" || l.Key == leases[2].Key || l.Size != 32 {
		t.Errorf("%+v", l)
	}
	content, err := f.Content(ctx, l.Message)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(content)
	if err != nil || string(raw) != "Subject: Held\r\n\r\nfor ann@mx.test" {
		t.Errorf("%q, %v", raw, err)
	}
	if h, err := f.Handoff(ctx, l.ID); err != nil || h.Subject != "Held" || h.Ticket != 0 {
		t.Errorf("%+v, %v", h, err)
	}
	if n, err := f.StrandedHandoffs(ctx); n != 0 || err != nil {
		t.Errorf("%d stranded, %v", n, err)
	}
	f.end(run, Carried{ID: l.ID, State: HandoffDone}, Carried{ID: leases[2].ID, State: HandoffWaiting})
	f.checkBalance("announced",
		"1 accepted; 1 tickets, 0 held, 0 rejected, 0 deleted, 0 expired")
	if _, id := f.receive(mail("ann@mail.test", "two", "")); id != 5 {
		t.Errorf("the next message is %d", id)
	}
}

// What is over is forgotten after a month; what still waits is not.
func TestNoticesAreForgotten(t *testing.T) {
	f := open(t)
	f.targets(Target{Name: "mail", Events: []string{TicketCreated, DigestMade}})
	f.receive(mail("ann@mail.test", "one", ""))
	f.announce(0, 5, digest("k1", "ann@mx.test", "bob@mx.test")...)
	run := f.start()
	f.end(run, Carried{ID: f.take(run, "mail", 9)[1].ID, State: HandoffDone})
	for range 32 { // time passes while somebody looks
		f.clock = f.clock.Add(24 * time.Hour)
		f.purge(Expiry{})
	}
	f.wantHandoffs("a month later", "mail ticket.created 1 waiting",
		"mail digest.made 0 bob@mx.test waiting")
	got := all(t, f.Handoffs(t.Context(), HandoffQuery{}))
	if len(got) != 2 || got[0].Subject != "Held" {
		t.Errorf("%+v", got)
	}
}

// What a digest tells of: what was held since the last, and what expires unseen; of itself, come
// back, it does not.
func TestHeldForDigest(t *testing.T) {
	ctx := t.Context()
	f := open(t)
	f.rules(policy.Block, "held.test")
	f.receive(mail("a@held.test", "one", ""))
	f.receive(mail("b@held.test", "two", ""))
	f.receive(mail("ann@mail.test", "three", ""))
	f.announce(0, 5, digest("k1", "ann@mx.test")...)
	f.receive("From: x@held.test\r\nMessage-ID: <k1@mx.test>\r\nSubject: back\r\n\r\nx\r\n")
	f.receive(mail("c@held.test", "four", ""))
	ids := func(held []Suspended, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, s := range held {
			text += fmt.Sprint(s.ID, " ", s.Subject, ", ")
		}
		return text
	}
	for _, c := range []struct {
		after, last int64
		most        int
		want        string
	}{{0, 99, 9, "1 one, 2 two, 6 four, "}, {1, 99, 9, "2 two, 6 four, "}, {1, 5, 9, "2 two, "},
		{0, 99, 1, "1 one, "}, {6, 99, 9, ""}} {
		held, all, err := f.HeldBetween(ctx, c.after, c.last, c.most)
		if got := ids(held, err); got != c.want || all < len(held) || c.most == 1 && all != 3 {
			t.Errorf("%+v: %s of %d", c, got, all)
		}
	}
	soon := f.clock.Add(14 * 24 * time.Hour)
	if got := ids(f.UnseenUntil(ctx, soon.Add(-time.Second), 9)); got != "" {
		t.Errorf("too soon: %s", got)
	}
	if got := ids(f.UnseenUntil(ctx, soon, 9)); got != "1 one, 2 two, 6 four, " {
		t.Errorf("unseen: %s", got)
	}
	if err := f.Looked(ctx); err != nil {
		t.Fatal(err)
	}
	f.receive(mail("d@held.test", "five", ""))
	if got := ids(f.UnseenUntil(ctx, soon, 9)); got != "7 five, " {
		t.Errorf("after a look: %s", got)
	}
	at, err := f.LastReceived(ctx)
	if err != nil || !at.Equal(f.clock.Truncate(time.Minute)) {
		t.Errorf("%s, %v", at, err)
	}
	if at, err := open(t).LastReceived(ctx); err != nil || !at.IsZero() {
		t.Errorf("%s, %v", at, err)
	}
}
