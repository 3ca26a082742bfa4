package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatepost/intake"
	"gatepost/message"
	"gatepost/settings"
	"gatepost/store"
)

// A told is a server's digests, on a clock of the test's own.
type told struct {
	*testing.T
	db      *store.DB
	s       *settings.Settings
	clock   time.Time
	started time.Time
}

func newTold(t *testing.T) *told {
	t.Helper()
	s := settings.Defaults()
	s.DB = settings.Database(filepath.Join(t.TempDir(), "gatepost.db"))
	s.SMTP.Hostname, s.Digest.To = "mx.help.test", settings.Words{"ann@office.test"}
	f := &told{T: t, s: s, clock: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)}
	f.started = f.clock.Add(-time.Hour)
	s.Replies.Tokens = settings.TokensAccept
	if _, err := readLinkKey(string(s.DB) + linkKeySuffix); err != nil {
		t.Fatal(err)
	}
	rules, err := policyOf(t.Context(), nil, s)
	if err != nil {
		t.Fatal(err)
	}
	f.db, err = store.Open(string(s.DB), store.Options{Create: true, Settings: rules,
		Now: func() time.Time { return f.clock }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.db.Close(); err != nil {
			t.Error(err)
		}
	})
	err = f.db.SetTargets(t.Context(), []store.Target{
		{Name: "mail", Kind: "smtp", Events: []string{store.DigestMade}},
		{Name: "hook", Kind: "webhook", Events: []string{store.MailQuiet}}})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *told) digester() *digester {
	f.Helper()
	d, err := newDigester(f.Context(), f.db, f.s, f.clock, f.started)
	if err != nil {
		f.Fatal(err)
	}
	return d
}

// tell has a digest made if one is due, and says of each that it was told of.
func (f *told) tell() int {
	f.Helper()
	n, err := f.digester().tell(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	return n
}

func (f *told) receive(raw string) {
	f.Helper()
	r := &intake.Receiver{DB: f.db, Hostname: "mx.help.test", Keep: intake.Keeping{For: 14 * 24 * time.Hour},
		Log: slog.New(slog.DiscardHandler)}
	_, err := r.Receive(context.Background(), &message.Envelope{ReceivedAt: f.clock, Piped: true,
		Recipients: []string{"support@help.test"}}, strings.NewReader(strings.ReplaceAll(raw, "\n", "\r\n")))
	if err != nil {
		f.Fatal(err)
	}
}

// of is how many hand-offs there are of an event.
func (f *told) of(event string) (n int) {
	f.Helper()
	for h, err := range f.db.Handoffs(f.Context(), store.HandoffQuery{}) {
		if err != nil {
			f.Fatal(err)
		}
		if h.Event == event {
			n++
		}
	}
	return n
}

const heldMail = "From: robot@shop.test\nSubject: one\nAuto-Submitted: auto-generated\n\nx\n"

// TestDigestDue: a digest is made once an interval, at the same time of the day, if there is anything
// to tell; a clock that was ahead when the last was made does not end them.
func TestDigestDue(t *testing.T) {
	f := newTold(t)
	f.receive(heldMail)
	first := f.clock
	for _, step := range []struct {
		at   time.Duration
		mail bool
		want int
	}{
		{0, false, 1}, {time.Minute, true, 0}, {24*time.Hour - time.Second, false, 0},
		{24*time.Hour + 40*time.Second, false, 1}, {48*time.Hour - time.Minute, true, 0},
		{48 * time.Hour, false, 1},  // and not 40 seconds later
		{72 * time.Hour, false, 0},  // nothing to tell
		{73 * time.Hour, true, 0},   // counts as made all the same
		{96 * time.Hour, false, 1},  //
		{400 * time.Hour, false, 0}, // the server was off; what is unseen has not expired, nor come
	} {
		f.clock = first.Add(step.at)
		if step.mail {
			f.receive(strings.Replace(heldMail, "one", step.at.String(), 1))
		}
		f.s.Digest.WarnBefore = 0
		if got := f.tell(); got != step.want {
			t.Errorf("after %s %d are told, want %d", step.at, got, step.want)
		}
	}
	f.clock = first.Add(time.Hour) // it was ahead by two weeks
	f.receive(strings.Replace(heldMail, "one", "behind", 1))
	if got := f.tell(); got != 1 {
		t.Errorf("with the clock set back %d are told", got)
	}
	if n := f.of(store.DigestMade); n != 5 {
		t.Errorf("%d digests wait", n)
	}
}

// TestTwoServers: of two that see the same, one tells.
func TestTwoServers(t *testing.T) {
	f := newTold(t)
	f.receive(heldMail)
	a, b := f.digester(), f.digester()
	for i, d := range []*digester{a, b} {
		if n, err := d.tell(t.Context()); err != nil || n != 1-i {
			t.Errorf("the %dth tells %d, %v", i, n, err)
		}
	}
	if n := f.of(store.DigestMade); n != 1 {
		t.Errorf("%d digests wait", n)
	}
}

// TestQuiet: that nothing comes is told once to webhooks, and in each digest; of a server that was not
// there nothing can be said, and it begins anew with the next message.
func TestQuiet(t *testing.T) {
	f := newTold(t)
	f.s.Digest.QuietAfter = settings.Span(3 * time.Hour)
	f.receive("From: ann@acme.test\nSubject: hello\n\nx\n")
	first := f.clock
	for _, step := range []struct {
		at      time.Duration
		mail    bool
		started time.Duration
		want    int // told so far
	}{
		{2 * time.Hour, false, 0, 0}, {3 * time.Hour, false, 0, 1}, {4 * time.Hour, false, 0, 1},
		{5 * time.Hour, true, 0, 1}, {7 * time.Hour, false, 0, 1}, {8 * time.Hour, false, 0, 2},
		{20 * time.Hour, false, 20 * time.Hour, 2}, {22 * time.Hour, false, 20 * time.Hour, 2},
		{23 * time.Hour, false, 20 * time.Hour, 3},
	} {
		f.clock = first.Add(step.at)
		f.started = first.Add(step.started)
		if step.mail {
			f.receive("From: ann@acme.test\nSubject: again\n\nx\n")
		}
		if _, _, err := f.digester().tellQuiet(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := f.of(store.MailQuiet); got != step.want {
			t.Errorf("after %s it was told %d times, want %d", step.at, got, step.want)
		}
	}
	made, err := f.digester().compose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := made.Text()
	if err != nil || !strings.Contains(text, "Nothing was received for 3 hours, since ") {
		t.Errorf("%v\n%s", err, text)
	}
	if f.tell() != 1 {
		t.Error("nobody is told that it is quiet")
	}
}

// TestDigestReplyAddress: with a held reply stands where to write to its ticket, if that is set.
func TestDigestReplyAddress(t *testing.T) {
	f := newTold(t)
	f.receive("From: ann@acme.test\nMessage-ID: <1@acme.test>\nSubject: order\n\nx\n")
	f.receive("From: eve@evil.test\nSubject: Re: order\nIn-Reply-To: <1@acme.test>\n\nx\n")
	for _, on := range []settings.Toggle{false, true} {
		f.s.Digest.ReplyToken = on
		made, err := f.digester().compose(t.Context())
		if err != nil || len(made.Held) != 1 {
			t.Fatalf("%+v, %v", made, err)
		}
		tokens, err := storedTokens(f.Context(), f.db, f.s)
		if err != nil {
			t.Fatal(err)
		}
		want := int64(0)
		if on {
			want = 1
		}
		if got := tokens.Ticket(made.Held[0].ReplyAddress, f.clock); got != want {
			t.Errorf("%v: %q is of ticket %d", on, made.Held[0].ReplyAddress, got)
		}
	}
}
