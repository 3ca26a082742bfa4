package store

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

// Whatever became of a message, it is found by all that people know of it.
func TestFind(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.KeepDeleted(day)
	f.KeepTombstones(90 * day)
	client := from(netip.MustParseAddr("192.0.2.77"))
	_, ticket := f.receive(mail("Ann <ann@shop.test>", "order4711", "x"), client)
	f.rules(policy.Block, "*")
	held := map[string]*Record{}
	ids := map[string]int64{"ticket": ticket}
	for _, name := range []string{"held", "recovered", "deleted", "gone", "expired", "old"} {
		held[name], ids[name] = f.receive(mail(name+"@shop.test", "order-"+name, "x"), client)
	}
	recovery, err := f.editor().Recover(ctx, ids["recovered"])
	if err != nil {
		t.Fatal(err)
	}
	f.delete(ids["gone"])
	f.pass(noon.Add(25 * time.Hour))
	f.delete(ids["deleted"])
	for _, c := range []struct{ words, want string }{
		{"ann@shop.test", "1 ticket order4711"},
		{"ORDER4711 ann", "1 ticket order4711"},
		{"<order4711@mail.test>", "1 ticket order4711"},
		{"4711", "1 ticket order4711"},
		{"held@shop.test", "2 held order-held"},
		{held["held"].ID, "2 held order-held"},
		{"recovered@shop.test", fmt.Sprint(recovery.Ticket.ID, " ticket order-recovered of 3")},
		{"order-recovered@mail.test", fmt.Sprint(recovery.Ticket.ID, " ticket order-recovered of 3")},
		{"<order-deleted@mail.test>", "4 deleted order-deleted by admin@acme.test"},
		{held["gone"].ID, "5 deleted  by admin@acme.test"},
		{"gone@shop.test", "5 deleted  by admin@acme.test"},
		{"<order-gone@mail.test>", "5 deleted  by admin@acme.test"},
		{"[192.0.2.77] order-gone", "5 deleted  by admin@acme.test"},
		{"shop.test gone", "5 deleted  by admin@acme.test"},
		{"nobody@shop.test", ""},
	} {
		if got := f.finds(Search{Words: c.words}); got != c.want {
			t.Errorf("find %s: %q, want %q", c.words, got, c.want)
		}
	}
	for words, want := range map[string]string{"1": "1 ticket order4711",
		"3": fmt.Sprint(recovery.Ticket.ID, " ticket order-recovered of 3"), "2": "2 held order-held"} {
		if got, _, _ := strings.Cut(f.finds(Search{Words: words}), "\n"); got != want {
			t.Errorf("find %s: first %q, want %q", words, got, want)
		}
	}
	if got := f.finds(Search{Words: "shop.test", Limit: 2}); strings.Count(got, "\n") != 1 {
		t.Errorf("two at most: %s", got)
	}
	if got := f.finds(Search{Words: "ann", Since: noon.Add(time.Hour)}); got != "" {
		t.Errorf("since an hour later: %s", got)
	}
	if got := f.finds(Search{Words: "ann", Until: noon.Add(time.Hour)}); got == "" {
		t.Error("until an hour later: nothing")
	}
}

// What is left of what expired or was deleted says no word of it, and is forgotten in time.
func TestTombstones(t *testing.T) {
	f := holding(t, 0)
	f.KeepTombstones(5 * day)
	f.receive(mail("a@acme.test", "secret", "x"))
	f.pass(noon.Add(15 * day))
	if got := f.finds(Search{Words: "a@acme.test"}); got != "1 expired " {
		t.Errorf("expired: %q", got)
	}
	f.pass(noon.Add(21 * day))
	if got := f.finds(Search{Words: "a@acme.test"}); got != "" {
		t.Errorf("after five days: %q", got)
	}
}

// Nothing is left of what is gone where nobody wants that.
func TestNoTombstones(t *testing.T) {
	f := holding(t, 0)
	f.receive(mail("a@acme.test", "secret", "x"))
	f.pass(noon.Add(15 * day))
	if got := f.finds(Search{Words: "acme.test"}); got != "" {
		t.Errorf("found %q", got)
	}
}

// A rejected message is found by nothing.
func TestFindRejected(t *testing.T) {
	f := open(t)
	f.KeepTombstones(90 * day)
	f.rules(policy.Block, "reject:junk.test")
	r, _ := f.receive(mail("a@junk.test", "order", "x"))
	for _, words := range []string{"a@junk.test", r.ID, "<order@mail.test>", "192.0.2.1"} {
		if got := f.finds(Search{Words: words}); got != "" {
			t.Errorf("find %s: %s", words, got)
		}
	}
}

func (f *fixture) delete(id int64) {
	f.Helper()
	if _, err := f.editor().DeleteSuspended(context.Background(), []int64{id}); err != nil {
		f.Fatal(err)
	}
}

// finds is a line for each message that is found.
func (f *fixture) finds(s Search) string {
	f.Helper()
	found, err := f.Find(context.Background(), s)
	if err != nil {
		f.Fatal(err)
	}
	var lines []string
	for _, m := range found {
		line := fmt.Sprint(m.ID, " ", m.State, " ", m.Subject)
		if m.Recovered != 0 {
			line += fmt.Sprint(" of ", m.Recovered)
		}
		if m.EndedBy != "" {
			line += " by " + m.EndedBy
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
