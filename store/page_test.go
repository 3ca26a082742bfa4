package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// heldMany holds messages of few senders, subjects and causes, so that keys are equal.
func (f *fixture) heldMany(n int) {
	f.Helper()
	f.rules(policy.Block, "*", "suspend:b.test")
	for i := range n {
		domain := []string{"a.test", "b.test", "c.test"}[i%3]
		f.receive(mail(fmt.Sprintf("p%d@%s", i%4, domain), fmt.Sprint("Subject ", i%5), ""))
	}
}

func ids[T any](id func(T) int64, items []T) (all []int64) {
	for _, item := range items {
		all = append(all, id(item))
	}
	return all
}

func suspendedID(s Suspended) int64 { return s.ID }

// walkForward gives all ids page by page; between does something after each page.
func (f *fixture) walkForward(q Query, r PageRequest, between func(Page[Suspended])) (all []int64) {
	f.Helper()
	for first := true; ; first = false {
		p, err := f.SuspendedPage(context.Background(), q, r)
		if err != nil {
			f.Fatal(err)
		}
		if first == p.HasPrevious || p.HasMore && len(p.Items) != r.Size {
			f.Fatalf("%+v: previous %t, more %t, %d items", q, p.HasPrevious, p.HasMore, len(p.Items))
		}
		all = append(all, ids(suspendedID, p.Items)...)
		if !p.HasMore {
			return all
		}
		r.After = p.Last
		between(p)
	}
}

func nothing(Page[Suspended]) {}

func (f *fixture) walkBack(q Query, r PageRequest) (all []int64) {
	f.Helper()
	r.Before = f.lastCursor(q, r)
	for {
		p, err := f.SuspendedPage(context.Background(), q, r)
		if err != nil {
			f.Fatal(err)
		}
		if !p.HasMore {
			f.Fatalf("%+v: nothing is after the page before the last item", q)
		}
		all = append(ids(suspendedID, p.Items), all...)
		if !p.HasPrevious {
			return all
		}
		r.Before = p.First
	}
}

func (f *fixture) lastCursor(q Query, r PageRequest) string {
	f.Helper()
	for r.After = ""; ; {
		p, err := f.SuspendedPage(context.Background(), q, r)
		if err != nil {
			f.Fatal(err)
		}
		if r.After = p.Last; !p.HasMore {
			return p.Last
		}
	}
}

// orders are the names of all there are: one that is added is tried too.
var orders = func() (names []string) {
	for _, o := range HeldOrders() {
		names = append(names, o.Name)
	}
	return names
}()

// The pages of every order hold each message once, forward and back, with equal keys too.
func TestPages(t *testing.T) {
	f := open(t)
	f.heldMany(23)
	for _, order := range orders {
		for _, q := range []Query{{}, {Cause: "blocklisted"}, {Search: "SUBJECT p"},
			{Search: "subject 3"}, {From: "a.test"}} {
			q.Sort = order
			whole, err := f.SuspendedPage(context.Background(), q, PageRequest{Size: 1000})
			if err != nil || whole.HasMore || whole.HasPrevious {
				t.Fatalf("%+v: %+v, %v", q, whole, err)
			}
			want := ids(suspendedID, whole.Items)
			if n, err := f.CountSuspended(context.Background(), q); err != nil || int(n) != len(want) {
				t.Fatalf("%+v: %d of %d, %v", q, len(want), n, err)
			}
			f.checkSorted(order, whole.Items)
			for _, size := range []int{1, 7} {
				r := PageRequest{Size: size}
				if got := f.walkForward(q, r, nothing); !slices.Equal(got, want) {
					t.Errorf("%+v by %d: %v, want %v", q, size, got, want)
				}
				if got := f.walkBack(q, r); !slices.Equal(got, want[:len(want)-1]) {
					t.Errorf("%+v back by %d: %v, want all but the last of %v", q, size, got, want)
				}
				r.Descending = true
				reversed := slices.Clone(want)
				slices.Reverse(reversed)
				if got := f.walkForward(q, r, nothing); !slices.Equal(got, reversed) {
					t.Errorf("%+v by %d descending: %v, want %v", q, size, got, reversed)
				}
				if got := f.walkBack(q, r); !slices.Equal(got, reversed[:len(want)-1]) {
					t.Errorf("%+v back by %d descending: %v, want %v", q, size, got, reversed)
				}
			}
		}
	}
}

func (f *fixture) checkSorted(order string, items []Suspended) {
	f.Helper()
	key := map[string]func(Suspended) string{
		"created": func(Suspended) string { return "" },
		"author":  func(s Suspended) string { return s.Author.Email },
		"cause":   func(s Suspended) string { return s.Cause },
		"subject": func(s Suspended) string { return strings.ToLower(s.Subject) },
	}[order]
	if key == nil {
		f.Fatalf("what %s sorts by is not written here", order)
	}
	if !slices.IsSortedFunc(items, func(a, b Suspended) int {
		if c := strings.Compare(key(a), key(b)); c != 0 {
			return c
		}
		return int(a.ID - b.ID)
	}) {
		f.Errorf("not sorted by %s: %v", order, ids(suspendedID, items))
	}
}

// What comes and goes between two pages neither repeats nor skips anything else.
func TestPagesOfAQueueThatMoves(t *testing.T) {
	ctx := context.Background()
	for _, order := range orders {
		for _, descending := range []bool{false, true} {
			f := open(t)
			f.heldMany(40)
			q, r := Query{Sort: order}, PageRequest{Size: 6, Descending: descending}
			stay := map[int64]bool{}
			for s := range f.ListSuspended(ctx, Query{}) {
				stay[s.ID] = true
			}
			random := rand.New(rand.NewPCG(1, 2))
			got := f.walkForward(q, r, func(p Page[Suspended]) {
				gone := []int64{p.Items[len(p.Items)-1].ID} // the cursor's own
				for id := range stay {
					if id != gone[0] && random.IntN(8) == 0 && len(gone) < 4 {
						gone = append(gone, id)
					}
				}
				if _, err := f.By(Actor{}).DeleteSuspended(ctx, gone); err != nil {
					t.Fatal(err)
				}
				for _, id := range gone {
					delete(stay, id)
				}
				f.receive(mail("p1@b.test", "subject 2", ""))
			})
			seen := map[int64]int{}
			for _, id := range got {
				if seen[id]++; seen[id] > 1 {
					t.Errorf("%s: %d twice", order, id)
				}
			}
			for id := range stay {
				if seen[id] == 0 {
					t.Errorf("%s: %d was skipped", order, id)
				}
			}
		}
	}
}

// The cursors of a page that is empty lead back to what is beside it.
func TestEmptyPage(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	empty, err := f.SuspendedPage(ctx, Query{}, PageRequest{})
	if err != nil || empty.Items == nil || empty.First+empty.Last != "" || empty.HasMore ||
		empty.HasPrevious {
		t.Fatalf("of an empty queue: %+v, %v", empty, err)
	}
	f.heldMany(3)
	for _, order := range orders {
		for _, descending := range []bool{false, true} {
			q, r := Query{Sort: order}, PageRequest{Descending: descending, Size: 2}
			r.After = f.lastCursor(q, r)
			last, err := f.SuspendedPage(ctx, q, r)
			if err != nil || len(last.Items) != 0 || last.HasMore || !last.HasPrevious {
				t.Fatalf("%s: %+v, %v", order, last, err)
			}
			r.After, r.Before = "", last.First
			back, err := f.SuspendedPage(ctx, q, r)
			if err != nil || len(back.Items) != 2 || back.HasMore || back.Last == "" {
				t.Errorf("%s: back from behind the end: %+v, %v", order, back, err)
			}
			all, err := f.SuspendedPage(ctx, q, PageRequest{Descending: descending})
			if err != nil {
				t.Fatal(err)
			}
			r.Before = all.First
			front, err := f.SuspendedPage(ctx, q, r)
			if err != nil || len(front.Items) != 0 || front.HasPrevious || !front.HasMore {
				t.Fatalf("%s: %+v, %v", order, front, err)
			}
			r.After, r.Before = front.Last, ""
			if on, err := f.SuspendedPage(ctx, q, r); err != nil || len(on.Items) != 2 ||
				on.Items[0].ID != all.Items[0].ID {
				t.Errorf("%s: on from before the beginning: %+v, %v", order, on, err)
			}
		}
	}
}

func TestCursors(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.heldMany(3)
	p, err := f.SuspendedPage(ctx, Query{Sort: "subject"}, PageRequest{Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]struct {
		order string
		PageRequest
	}{
		"no base64":    {"subject", PageRequest{After: "%%"}},
		"no JSON":      {"subject", PageRequest{Before: "AAAA"}},
		"other order":  {"author", PageRequest{After: p.Last}},
		"far too long": {"subject", PageRequest{After: strings.Repeat("A", 1<<16)}},
	} {
		_, err := f.SuspendedPage(ctx, Query{Sort: r.order}, r.PageRequest)
		if !errors.Is(err, ErrCursor) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The longest key that there can be has a cursor that is taken.
	f.receive(mail("a@a.test", strings.Repeat("=?utf-8?B?8J+YgPCfmIDwn5iA?= ", 40), ""))
	r := PageRequest{Size: 1, Descending: true}
	p, err = f.SuspendedPage(ctx, Query{Sort: "subject"}, r)
	if err != nil || !strings.HasPrefix(p.Items[0].Subject, "😀😀😀") {
		t.Fatalf("%+v, %v", p, err)
	}
	r.After = p.Last
	if p, err = f.SuspendedPage(ctx, Query{Sort: "subject"}, r); err != nil || len(p.Items) != 1 {
		t.Errorf("behind the longest key: %+v, %v", p, err)
	}
}

// However long a search is, it finds or it does not; case counts for nothing.
func TestSearchIsBounded(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "*")
	f.receive(mail("Zoë ÅNGSTRÖM <a@acme.test>", "ÜBER 100% x_y", ""))
	for search, want := range map[string]int{
		"über åNGström": 1, "uber": 0, "0%": 1, "0%x": 0, "x_y": 1, "xxy": 0,
		strings.Repeat("a ", 5000):              1,
		strings.Repeat("a", 100_000):            0,
		strings.Repeat("%", 100_000):            0,
		strings.Repeat("a ", 19) + "b c nobody": 1, // the first 20 words count
		strings.Repeat("a ", 19) + "nobody":     0,
	} {
		for _, order := range orders {
			p, err := f.SuspendedPage(ctx, Query{Search: search, Sort: order}, PageRequest{})
			if err != nil || len(p.Items) != want {
				t.Errorf("%.30q: %d found, want %d, %v", search, len(p.Items), want, err)
			}
		}
		for _, q := range []Query{{Search: search}, {From: search}} {
			if _, err := f.TicketPage(ctx, q, PageRequest{}); err != nil {
				t.Errorf("tickets, %.30q: %v", search, err)
			}
		}
		if _, err := f.UserPage(ctx, search, PageRequest{}); err != nil {
			t.Errorf("profiles, %.30q: %v", search, err)
		}
	}
}

func TestTicketAndUserPages(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	for i := range 12 {
		f.receive(mail(fmt.Sprintf("Person %d <p%d@acme.test>", i%6, i%6), fmt.Sprint("x", i), ""))
	}
	mine := Query{Requester: address(t, "p2@acme.test")}
	for order, want := range map[string]string{"": "[3 9]", "subject": "[3 9]", "author": "[3 9]",
		"cause": "[3 9]"} {
		mine.Sort = order
		p, err := f.TicketPage(ctx, mine, PageRequest{})
		got := ids(func(t Ticket) int64 { return t.ID }, p.Items)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("by %q: %v, %v", order, got, err)
		}
	}
	p, err := f.TicketPage(ctx, Query{Cause: "spam"}, PageRequest{})
	if err != nil || len(p.Items) != 0 {
		t.Errorf("tickets of a cause: %+v, %v", p, err)
	}
	var emails []string
	for r, more := (PageRequest{Size: 2}), true; more; {
		p, err := f.UserPage(ctx, "person ACME", r)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range p.Items {
			emails = append(emails, u.Email[:2])
		}
		r.After, more = p.Last, p.HasMore
	}
	if got := strings.Join(emails, " "); got != "p0 p1 p2 p3 p4 p5" {
		t.Errorf("profiles: %s", got)
	}
	if p, err := f.UserPage(ctx, "% person_", PageRequest{}); err != nil || len(p.Items) != 0 {
		t.Errorf("wildcards match: %+v, %v", p, err)
	}
}

// A ticket is its requester's to see if From was taken for theirs, not if it is only claimed.
func TestRequester(t *testing.T) {
	ctx := context.Background()
	f := openWith(t, t.TempDir()+"/gatepost.db", policy.Settings{Trust: policy.TrustAligned})
	ann := address(t, "ann@bücher.test")
	if err := f.By(Actor{}).AddUser(ctx, NewUser{Email: ann}); err != nil {
		t.Fatal(err)
	}
	f.receive(mail(ann.String(), "hers", ""), spf(policy.Pass))
	f.receive(mail(ann.String(), "forged", ""), spf(policy.Fail))
	f.receive(mail("bob@acme.test", "his", ""), spf(policy.Pass))
	_, vacation := f.receive("Auto-Submitted: auto-replied\r\nSubject: Out of office\r\n"+
		"From: "+ann.String()+"\r\n\r\nI am away\r\n", spf(policy.Pass))
	if r, err := f.By(Actor{}).Recover(ctx, vacation); err != nil || r.Ticket.Requester.Claimed {
		t.Fatalf("%+v, %v", r, err)
	}
	f.rules(policy.Block, "suspend:bücher.test")
	_, held := f.receive(mail(ann.String(), "held", ""), spf(policy.Pass))
	if _, err := f.By(Actor{}).Recover(ctx, held); err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for ticket, err := range f.ListTickets(ctx, Query{Requester: ann}) {
		if err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, ticket.Subject)
	}
	if got := strings.Join(subjects, " "); got != "held hers" {
		t.Errorf("hers are %q", got)
	}
	if n, err := f.CountSuspended(ctx, Query{Requester: ann}); err != nil || n != 0 {
		t.Errorf("%d held messages are hers, %v", n, err)
	}
	var none message.Address
	if n, err := f.CountTickets(ctx, Query{Requester: none}); err != nil || n != 5 {
		t.Errorf("%d tickets, %v", n, err)
	}
}
