package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gatepost/policy"
)

// reply is a message that answers others.
func reply(from, subject, refs string, fields ...string) string {
	return fmt.Sprintf("From: %s\r\nSubject: %s\r\nMessage-ID: <%s@mail.test>\r\n"+
		"In-Reply-To: %s\r\n%s\r\nhello\r\n", from, subject, subject, refs,
		strings.Join(append(fields, ""), "\r\n"))
}

// onTicket is a message that begins a ticket, and names others.
func onTicket(from, subject, to string) string {
	return strings.Replace(mail(from, subject, "x"), "\r\n", "\r\nTo: "+to+"\r\n", 1)
}

// Replies join their ticket whoever of those on it sends them, and so do replies to replies. They
// are listed with it, have their octets, and count as what they are.
func TestRepliesJoin(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	_, ticket := f.receive(onTicket("Ann <ann@acme.test>", "1", "support@acme.test, Carl <Carl@other.test>"))
	raw := reply("ann@acme.test", "2", "<1@mail.test>")
	r, id := f.receive(raw, spf(policy.Pass))
	if r.Decision.Action != policy.Comment || r.Facts.Thread.Ticket != ticket {
		t.Fatalf("%v, %s", r.Decision.Action, r.Decision.Why())
	}
	f.receive(reply("carl@other.test", "3", "<2@mail.test>", "Cc: dora@new.test"))
	f.receive(reply("dora@new.test", "4", "<unknown@desk.test>",
		"References: <1@mail.test> <3@mail.test>", "To: ann@acme.test"))
	var got []string
	for _, c := range all(t, f.Comments(ctx, ticket)) {
		got = append(got, fmt.Sprint(c.ID, " ", c.Ticket, " ", c.Author.Email, " proven ", c.Proven,
			" public ", c.Public, " ", c.Via, " ", c.MessageID, " ", c.Damaged))
	}
	if want := []string{"2 1 ann@acme.test proven true public true email <2@mail.test> ",
		"3 1 carl@other.test proven false public false email <3@mail.test> ",
		"4 1 dora@new.test proven false public true email <4@mail.test> "}; !slices.Equal(got, want) {
		t.Errorf("the comments are\n%s", strings.Join(got, "\n"))
	}
	if text := f.raw(id); text != raw {
		t.Errorf("its octets are %q", text)
	}
	if e, err := f.Explain(ctx, fmt.Sprint(id)); err != nil || e.Decision != "comment" || e.Recovered != 0 {
		t.Errorf("%+v, %v", e, err)
	}
	if n := len(all(t, f.Comments(ctx, 0))); n != 3 {
		t.Errorf("%d comments in all", n)
	}
	if stray := all(t, f.Stray(ctx)); stray != nil {
		t.Errorf("stray: %d", stray)
	}
	s, err := f.Status(ctx)
	if err != nil || s.Comments != 3 || s.Tickets != 1 || s.Hour["comment"] != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	f.checkBalance("joined", "4 accepted; 1 tickets, 3 comments, 0 held, 0 rejected, 0 deleted, 0 expired")
	if users := all(t, f.Users(ctx, "")); len(users) != 3 {
		t.Errorf("%d profiles", len(users))
	}
}

// What names a ticket and is from nobody on it, or not proven to be, is held and changes nothing
// of the ticket; what names none is as it was.
func TestForgedReplies(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	_, ticket := f.receive(mail("ann@acme.test", "1", "x"))
	f.receive(mail("bob@acme.test", "other", "x"))
	for _, c := range []struct {
		raw    string
		result policy.Result
		want   string
	}{
		{reply("eve@evil.test", "a", "<1@mail.test>"), policy.Pass, "suspend unknown_user_update"},
		{reply("bob@acme.test", "b", "<1@mail.test>"), policy.Pass, "suspend other_user_update"},
		{reply("ann@acme.test", "c", "<1@mail.test>"), policy.Fail, "suspend unknown_user_update"},
		{reply("ann@acme.test", "d", "<1@MAIL.test>"), policy.Pass, "ticket "},
		{reply("eve@evil.test", "e", "<2@mail.test>"), policy.Pass, "ticket "},
		// Of several it is the nearest that is known.
		{reply("ann@acme.test", "f", "<other@mail.test> <1@mail.test>"), policy.Pass,
			"suspend other_user_update"},
	} {
		r, _ := f.receive(c.raw, spf(c.result))
		if got := r.Decision.Action.String() + " " + r.Decision.Cause.String(); got != c.want {
			t.Errorf("%s: %s (%s), want %s", r.Message.Subject(), got, r.Decision.Why(), c.want)
		}
	}
	if comments := all(t, f.Comments(ctx, ticket)); comments != nil {
		t.Errorf("%d comments", len(comments))
	}
}

// The first to bear a Message-ID has the replies to it: who writes the same later takes none.
func TestFirstHasTheThread(t *testing.T) {
	f := open(t)
	_, first := f.receive(mail("ann@acme.test", "1", "x"))
	f.receive(mail("eve@evil.test", "1", "mine"))
	r, _ := f.receive(reply("ann@acme.test", "2", "<1@mail.test>"))
	if r.Facts.Thread.Ticket != first || r.Decision.Action != policy.Comment {
		t.Errorf("it joins %d: %s", r.Facts.Thread.Ticket, r.Decision.Why())
	}
}

// A held reply that is recovered joins its ticket, and its sender is on that from then on, unless
// that is only claimed. Undone, it is held as before, and who sent it is not on the ticket.
func TestRecoveredReplies(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	_, ticket := f.receive(mail("ann@acme.test", "1", "x"))
	raw := reply("eve@new.test", "2", "<1@mail.test>", "Cc: fred@new.test")
	_, held := f.receive(raw, spf(policy.Pass))
	_, forged := f.receive(reply("gus@new.test", "3", "<1@mail.test>", "Cc: hal@evil.test"),
		spf(policy.Fail))
	before := f.state()
	r, err := f.editor().Recover(ctx, held)
	if err != nil || r.Ticket.ID != ticket || r.Comment == nil || r.Comment.Via != "recovered" ||
		r.Comment.Ticket != ticket || !r.MadeProfile || !r.Comment.Proven {
		t.Fatalf("%+v, %v", r, err)
	}
	if again, err := f.editor().Recover(ctx, held); !errors.Is(err, ErrRecovered) ||
		again.Comment == nil || again.Comment.ID != r.Comment.ID || again.Ticket.ID != ticket {
		t.Errorf("again: %+v, %v", again, err)
	}
	if got := f.raw(r.Comment.ID); got != raw {
		t.Errorf("its octets are %q", got)
	}
	e, err := f.Explain(ctx, fmt.Sprint(held))
	if err != nil || e.Recovered != ticket || e.Comment != r.Comment.ID {
		t.Errorf("%+v, %v", e, err)
	}
	mailed := all(t, f.AuditedMail(ctx, f.lastAudit(), 5))
	if len(mailed) != 1 || mailed[0].Ticket != ticket || mailed[0].Subject != "2" {
		t.Errorf("the audit log has %+v", mailed)
	}
	for from, want := range map[string]policy.Action{"eve@new.test": policy.Comment,
		"fred@new.test": policy.Comment, "hal@evil.test": policy.Suspend} {
		raw := reply(from, "next-"+from, "<2@mail.test>")
		p, facts := f.facts(raw)
		if d := p.Decide(facts); d.Action != want {
			t.Errorf("%s: %v, %s", from, d.Action, d.Why())
		}
	}
	f.checkBalance("recovered", "3 accepted; 1 tickets, 1 comments, 1 held, 0 rejected, 0 deleted, 0 expired")
	undo := f.lastAudit()
	c, err := f.editor().Recover(ctx, forged)
	if err != nil || c.MadeProfile || !c.Comment.Claimed || c.Comment.Public {
		t.Errorf("forged: %+v, %v", c, err)
	}
	for _, from := range []string{"gus@new.test", "hal@evil.test"} {
		p, facts := f.facts(reply(from, "again", "<3@mail.test>"))
		if d := p.Decide(facts); d.Action != policy.Suspend {
			t.Errorf("%s: %v, %s", from, d.Action, d.Why())
		}
	}
	if err := errors.Join(f.editor().Undo(ctx, f.lastAudit()), f.editor().Undo(ctx, undo)); err != nil {
		t.Fatal(err)
	}
	if got := f.state(); got != before {
		t.Errorf("undone: %s, want %s", got, before)
	}
	if _, facts := f.facts(reply("eve@new.test", "later", "<2@mail.test>")); facts.Thread.Ticket != 0 {
		t.Error("a reply to what is held again finds a ticket")
	}
}

// Who has commented since a recovery gave them a profile keeps it where that is undone.
func TestUndoKeepsTheProfileOfACommenter(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	_, ticket := f.receive(mail("ann@acme.test", "1", "x"))
	_, held := f.receive(reply("eve@new.test", "2", "<1@mail.test>"), spf(policy.Pass))
	if _, err := f.editor().Recover(ctx, held); err != nil {
		t.Fatal(err)
	}
	undo := f.lastAudit()
	r, _ := f.receive(reply("eve@new.test", "3", "<1@mail.test>"), spf(policy.Pass))
	if r.Decision.Action != policy.Comment {
		t.Fatal(r.Decision.Why())
	}
	if err := f.editor().Undo(ctx, undo); err != nil {
		t.Fatal(err)
	}
	if got := f.state(); !strings.Contains(got, "profile eve@new.test") {
		t.Errorf("the profile is gone: %s", got)
	}
	kept, err := f.KeptProfiles(ctx, undo)
	if err != nil || len(kept) != 1 || kept[0] != (KeptProfile{"eve@new.test", true}) {
		t.Errorf("said of the profiles that stay: %+v, %v", kept, err)
	}
	if got := all(t, f.Comments(ctx, ticket)); len(got) != 1 || got[0].Subject != "3" {
		t.Errorf("the comments are %+v", got)
	}
}

// facts are those of a message, which is not stored.
func (f *fixture) facts(raw string) (*policy.Policy, *policy.Facts) {
	f.Helper()
	r, p, err := f.gather(raw)
	if err == nil {
		err = r.Content.Close()
	}
	if err != nil {
		f.Fatal(err)
	}
	return p, r.Facts
}

// A ticket that was made by recovering and that others have answered stays. One that was taken
// back since a reply to it was decided has that decided anew, and a held reply to it that is
// recovered is a ticket.
func TestTicketTakenBack(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "ann@acme.test")
	_, held := f.receive(mail("ann@acme.test", "1", "x"))
	f.set(policy.Block, "")
	if _, err := f.editor().Recover(ctx, held); err != nil {
		t.Fatal(err)
	}
	undo := f.lastAudit()
	_, stranger := f.receive(reply("eve@new.test", "2", "<1@mail.test>"))
	r, p, err := f.gather(reply("ann@acme.test", "3", "<1@mail.test>"))
	if err == nil {
		err = f.decide(p, r)
	}
	if err != nil || r.Decision.Action != policy.Comment {
		t.Fatalf("%v, %v", r.Decision, err)
	}
	defer r.Content.Close()
	if err := f.editor().Undo(ctx, undo); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Commit(ctx, r); !errors.Is(err, ErrCrowded) {
		t.Fatalf("a reply to what is gone: %v", err)
	}
	if err := f.decide(p, r); err != nil || r.Decision.Action != policy.Ticket {
		t.Errorf("decided anew: %v, %v", r.Decision.Action, err)
	}
	if _, err := f.Commit(ctx, r); err != nil {
		t.Error(err)
	}
	if r, err := f.editor().Recover(ctx, stranger); err != nil || r.Comment != nil || r.Ticket.Via != "recovered" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := f.editor().Recover(ctx, held); err != nil {
		t.Fatal(err)
	}
	undo = f.lastAudit()
	if r, _ := f.receive(reply("ann@acme.test", "4", "<1@mail.test>")); r.Decision.Action != policy.Comment {
		t.Fatal(r.Decision.Why())
	}
	if err := f.editor().Undo(ctx, undo); !errors.Is(err, ErrCannotUndo) {
		t.Errorf("a ticket with a comment: %v", err)
	}
	f.checkBalance("in the end", "4 accepted; 3 tickets, 1 comments, 0 held, 0 rejected, 0 deleted, 0 expired")
}

// A reply that comes again is one with the first.
func TestReplyAgain(t *testing.T) {
	f := open(t)
	f.receive(mail("ann@acme.test", "1", "x"))
	raw := reply("ann@acme.test", "2", "<1@mail.test>")
	window := func(r *Record) { r.Window = Always }
	r, id := f.receive(raw, window)
	again, same := f.receive(raw, window)
	if r.First != "" || again.First != r.ID || same != id {
		t.Errorf("%s, then %s: %d, %d", r.ID, again.First, id, same)
	}
	f.checkBalance("again", "3 accepted; 1 tickets, 1 comments, 0 held, 0 rejected, 0 deleted, "+
		"0 expired, 1 sent again")
}

// A damaged ticket goes aside with its comments, and a damaged comment alone.
func TestSetCommentsAside(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.receive(mail("ann@acme.test", "1", "x"))
	for _, subject := range []string{"2", "3"} {
		f.receive(reply("ann@acme.test", subject, "<1@mail.test>"))
	}
	f.damage(`update comments set subject = x'ff' where id = 2`)
	if c, err := f.Comment(ctx, 2); err != nil || c.Damaged.String() != "subject" {
		t.Fatalf("%+v, %v", c, err)
	}
	file, err := f.editor().SetAside(ctx, 2)
	if err != nil {
		t.Fatal(err)
	}
	eml, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".eml")
	if err != nil || string(eml) != reply("ann@acme.test", "2", "<1@mail.test>") {
		t.Errorf("%q, %v", eml, err)
	}
	if _, facts := f.facts(reply("ann@acme.test", "4", "<2@mail.test>")); facts.Thread.Ticket != 0 {
		t.Error("a reply to what is gone finds a ticket")
	}
	f.damage(`update tickets set subject = x'ff' where id = 1`)
	if _, err := f.editor().SetAside(ctx, 3); !errors.Is(err, ErrSound) {
		t.Errorf("a sound comment: %v", err)
	}
	if _, err := f.editor().SetAside(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(f.Dir(), setAsideDir, "3.json")); err != nil {
		t.Error(err)
	}
	f.checkBalance("set aside", "3 accepted; 0 tickets, 0 held, 0 rejected, 0 deleted, 0 expired, "+
		"3 set aside")
}

// What is salvaged has its comments, and replies find their ticket, also where that table is gone.
func TestSalvagedThreads(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.receive(mail("ann@acme.test", "1", "x"))
	f.receive(reply("ann@acme.test", "2", "<1@mail.test>"))
	f.damage(`delete from threads`)
	to := filepath.Join(t.TempDir(), "new.db")
	if s, err := SalvageTo(ctx, f.path, to, Actor{Name: "ann", Via: "cli"}, Options{}); err != nil || s.Lost != 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	g := openAt(t, to)
	if r, _ := g.receive(reply("ann@acme.test", "3", "<2@mail.test>")); r.Decision.Action != policy.Comment {
		t.Errorf("%v, %s", r.Decision.Action, r.Decision.Why())
	}
	g.checkBalance("salvaged", "3 accepted; 1 tickets, 2 comments, 0 held, 0 rejected, 0 deleted, 0 expired")
}

// However long a field is, so many are on a ticket by one message.
func TestAddressedIsBounded(t *testing.T) {
	f := open(t)
	to := []string{}
	for i := range mostAddressed - 1 {
		to = append(to, fmt.Sprintf("a%d@acme.test", i))
	}
	f.receive(onTicket("ann@acme.test", "1", strings.Join(append(to, "last@acme.test",
		"over@acme.test"), ", ")), func(r *Record) { r.Facts.Evidence[policy.TooManyRecipients] = policy.Evidence{} })
	for from, on := range map[string]bool{"last@acme.test": true, "over@acme.test": false} {
		if _, facts := f.facts(reply(from, "2", "<1@mail.test>")); facts.Thread.Ticket != 1 ||
			facts.Thread.Addressed != on {
			t.Errorf("%s: %+v", from, facts.Thread)
		}
	}
}
