package intake

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/store/storetest/place"
)

// noon is when the messages of these tests come.
var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func blocking(t *testing.T, entries string) *Receiver {
	t.Helper()
	db, err := store.Open(place.At(t, filepath.Join(t.TempDir(), "gatepost.db")), store.Options{Create: true,
		Settings: policy.Settings{MaxHeader: message.MaxHeader}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &Receiver{DB: db, Hostname: "mx.help.test", Keep: Keeping{For: time.Hour}, Window: 24 * time.Hour,
		Log: slog.New(slog.DiscardHandler)}
	r.block(t, entries)
	return r
}

func (r *Receiver) block(t *testing.T, entries string) {
	t.Helper()
	list, err := policy.ParseList(policy.Block, entries)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.DB.By(store.Server()).SetRules(context.Background(), store.AnyGeneration,
		store.NewList{Name: policy.Block, Entries: list})
	if err != nil {
		t.Fatal(err)
	}
}

// answer is the id that a message of ann is answered with.
func (r *Receiver) answer(t *testing.T, mailFrom string, at time.Time, raw string) string {
	t.Helper()
	env := &message.Envelope{Client: netip.MustParseAddr("192.0.2.1"), ReceivedAt: at,
		MailFrom: mailFrom, Recipients: []string{"support@help.test"}}
	out, err := r.Receive(context.Background(), env, strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return out.ID
}

const annsMail = "From: ann@acme.test\r\nMessage-ID: <1@acme.test>\r\n\r\nHello\r\n"

// Whether a message was let in, held or rejected cannot be told from the replies to it and to
// the same message again.
func TestNoReplyTellsARejection(t *testing.T) {
	for action, entries := range map[string]string{"ticket": "", "held": "acme.test",
		"rejected": "reject:acme.test"} {
		t.Run(action, func(t *testing.T) {
			for name, c := range map[string]struct {
				from  string
				after time.Duration
				raw   string
				same  bool
			}{
				"again":             {"ann@acme.test", time.Minute, annsMail, true},
				"once more":         {"ann@acme.test", 24 * time.Hour, annsMail, true},
				"another text":      {"ann@acme.test", time.Minute, annsMail + "!\r\n", false},
				"another path":      {"bob@acme.test", time.Minute, annsMail, false},
				"after the window":  {"ann@acme.test", 24*time.Hour + time.Millisecond, annsMail, false},
				"before the window": {"ann@acme.test", -25 * time.Hour, annsMail, false},
			} {
				r := blocking(t, entries)
				first := r.answer(t, "ann@acme.test", noon, annsMail)
				got := r.answer(t, c.from, noon.Add(c.after), c.raw)
				if (got == first) != c.same {
					t.Errorf("%s: %s after %s", name, got, first)
				}
			}
		})
	}
}

// What was stored and would now be rejected is answered as when it was stored.
func TestStoredThenRejected(t *testing.T) {
	for _, entries := range []string{"", "acme.test"} {
		r := blocking(t, entries)
		first := r.answer(t, "ann@acme.test", noon, annsMail)
		r.block(t, "reject:acme.test")
		if got := r.answer(t, "ann@acme.test", noon, annsMail); got != first {
			t.Errorf("%q: %s after %s", entries, got, first)
		}
	}
}

// What bears no Message-ID is another message each time, whatever becomes of it, and so is all
// where nothing is one with another.
func TestRejectedEachForItself(t *testing.T) {
	r := blocking(t, "reject:acme.test")
	const raw = "From: ann@acme.test\r\n\r\nHello\r\n"
	first := r.answer(t, "ann@acme.test", noon, raw)
	if first == r.answer(t, "ann@acme.test", noon, raw) {
		t.Error("without a Message-ID:", first)
	}
	r.Window = 0
	first = r.answer(t, "ann@acme.test", noon, annsMail)
	if first == r.answer(t, "ann@acme.test", noon, annsMail) {
		t.Error("with no window:", first)
	}
}

// However many messages are rejected, no more are remembered than there is room for.
func TestRejectedAreBounded(t *testing.T) {
	var a answers
	r := &store.Record{ID: "1", Window: store.Always, Content: &store.Content{},
		Envelope: &message.Envelope{ReceivedAt: noon}, Message: message.Parse([]byte("\r\n"))}
	for i := range 2 * maxAnswers {
		r.Envelope.MailFrom = fmt.Sprint(i)
		a.first(r)
	}
	a.made.CleanUp()
	if n := a.made.EstimatedSize(); n == 0 || n > maxAnswers {
		t.Errorf("%d are remembered", n)
	}
}
