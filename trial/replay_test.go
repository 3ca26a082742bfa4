package trial_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gatepost/intake"
	"gatepost/mailfile"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/store/storetest/place"
	"gatepost/trial"
)

// A replayed is a message that was stored, as replay reads it again.
type replayed struct {
	id   int64
	mail policy.Mail
}

// TestDiffEqualsReplay: of each stored message a trial says what replay says of its octets, for
// lists drawn from the senders. The mail is that of testdata; GATEPOST_CORPUS names folders with
// more, of which each message comes three times, from other senders.
func TestDiffEqualsReplay(t *testing.T) {
	rawMail := readMail(t)
	first, second := openDB(t), openDB(t)
	storeAll(t, first, rawMail)
	known := addUsers(t, first, second)
	all := storeAll(t, second, rawMail)
	if after := len(users(t, second)); after != known {
		t.Fatalf("%d profiles were known, and %d are: what was kept is not what replay sees", known, after)
	}
	random := rand.New(rand.NewPCG(1, 2))
	senders := sendersOf(t, second)
	changed := 0
	for range 6 {
		now, then := drawPolicy(t, second, random, senders), drawPolicy(t, second, random, senders)
		changed += compare(t, second, all, now, then)
	}
	t.Logf("%d messages, %d decisions changed", len(all), changed)
	if changed == 0 {
		t.Error("nothing changed")
	}
}

func compare(t *testing.T, db *store.DB, all []replayed, now, then *policy.Policy) int {
	t.Helper()
	diff, err := trial.Trial{Now: now, Then: then}.Run(context.Background(), db)
	if err != nil || diff.Decided != len(all) || diff.NotKnown != 0 {
		t.Fatalf("%+v, %v: %d were stored", diff, err, len(all))
	}
	said := map[int64]trial.Move{}
	for g := range diff.Senders() {
		for _, c := range g.Moves {
			for _, id := range c.IDs {
				said[id] = c.Move
			}
		}
	}
	if len(said) != diff.Changed {
		t.Errorf("%d ids of %d changes", len(said), diff.Changed)
	}
	for _, m := range all {
		from, to := replay(t, db, m.mail, now), replay(t, db, m.mail, then)
		want, got := trial.Move{From: from, To: to}, said[m.id]
		if from == to {
			want = trial.Move{}
		}
		if got != want {
			t.Errorf("message %d from %s: %v, and replay says %v", m.id,
				m.mail.Message.Sender().Address, got, want)
		}
	}
	return diff.Changed
}

func replay(t *testing.T, db *store.DB, mail policy.Mail, p *policy.Policy) trial.Outcome {
	t.Helper()
	judge := intake.Judge{Rules: p, Profile: db.Profile}
	_, d, err := judge.Decide(context.Background(), mail)
	if err != nil {
		t.Fatal(err)
	}
	o := trial.Outcome{Action: d.Action}
	if d.Action == policy.Suspend {
		o.Cause = d.Cause
	}
	return o
}

// storeAll takes the mail as replay --store does. Replies are not asked for their tickets here:
// which of these are known depends on what came before.
func storeAll(t *testing.T, db *store.DB, rawMail [][]byte) (all []replayed) {
	t.Helper()
	r := newReceiver(db)
	ctx := context.Background()
	for i, raw := range rawMail {
		m := message.Parse(raw)
		env := envelope(i, m)
		out, err := r.Receive(ctx, env, bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if out.Again || out.Facts.Thread.Ticket != 0 {
			continue
		}
		e, err := db.Explain(ctx, out.ID)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, replayed{e.ID, policy.Mail{Message: m, Envelope: env,
			Body: func() io.Reader { return bytes.NewReader(raw[m.Size:]) }}})
	}
	return all
}

func newReceiver(db *store.DB) *intake.Receiver {
	return &intake.Receiver{DB: db, Hostname: "mx.help.test", Keep: intake.Keeping{For: 1e6 * time.Hour},
		Window: store.Always, Log: slog.New(slog.DiscardHandler)}
}

// envelope is that of the message of that number.
func envelope(i int, m *message.Message) *message.Envelope {
	return &message.Envelope{Client: netip.MustParseAddr("192.0.2.1"), ReceivedAt: time.Now(),
		MailFrom: "path@relay.test", Recipients: []string{"support@help.test"},
		NullPath: i%9 == 0, SMTPUTF8: m.Sender().Problem == message.RawUTF8}
}

func readMail(t *testing.T) (all [][]byte) {
	t.Helper()
	folders, variants := []string{"../testdata/eml", "../testdata/senders", "../testdata/relays"}, 1
	if corpus := os.Getenv("GATEPOST_CORPUS"); corpus != "" {
		folders, variants = append(folders, filepath.SplitList(corpus)...), 3
	}
	found, err := mailfile.Find(folders, func(string, string) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found.Files {
		for m, err := range f.Messages() {
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(m.OnWire())
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(raw, []byte("\nIn-Reply-To:")) || bytes.Contains(raw, []byte("\nReferences:")) {
				raw = withoutThread(raw)
			}
			for v := range variants {
				all = append(all, bytes.ReplaceAll(raw, []byte("@"), fmt.Appendf(nil, "@%s", [...]string{"",
					"eu.", "mail.eu."}[v])))
			}
		}
	}
	return all
}

// withoutThread leaves out what a message says it replies to.
func withoutThread(raw []byte) []byte {
	for _, field := range []string{"\nIn-Reply-To:", "\nReferences:"} {
		raw = bytes.ReplaceAll(raw, []byte(field), []byte("\nX-Was"+field[1:]))
	}
	return raw
}

func openDB(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(place.At(t, filepath.Join(t.TempDir(), "gatepost.db")), store.Options{Create: true,
		Settings: laid(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func laid(t *testing.T) policy.Settings {
	t.Helper()
	support := message.MustParseAddress("support@help.test")
	return policy.Settings{MaxHeader: message.MaxHeader, Hostname: "mx.help.test",
		Support: map[message.Address]bool{support: true}}
}

func users(t *testing.T, db *store.DB) (all []store.User) {
	t.Helper()
	for u, err := range db.Users(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

// addUsers gives the second database the profiles of the first, so that no message makes one.
func addUsers(t *testing.T, first, second *store.DB) int {
	t.Helper()
	all := users(t, first)
	for _, u := range all {
		var a message.Address
		if err := a.UnmarshalText([]byte(u.Email)); err != nil {
			t.Fatal(err)
		}
		err := second.By(store.Server()).AddUser(context.Background(), store.NewUser{Email: a})
		if err != nil {
			t.Fatal(err)
		}
	}
	return len(all)
}

func sendersOf(t *testing.T, db *store.DB) (all []string) {
	t.Helper()
	for k, err := range db.KeptFacts(context.Background(), time.Time{}, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if a := k.Facts.Sender.Address; !a.IsZero() {
			all = append(all, a.String(), string(a.Domain()), string(a.Domain().Parent()))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// drawPolicy draws lists from the senders, and settings.
func drawPolicy(t *testing.T, db *store.DB, random *rand.Rand, senders []string) *policy.Policy {
	t.Helper()
	draw := func(list policy.ListName, keywords ...string) *policy.List {
		var entries []policy.Entry
		for range 1 + len(senders)/10 {
			text := keywords[random.IntN(len(keywords))] + senders[random.IntN(len(senders))]
			if e, err := policy.ParseEntry(list, text); err == nil { // not one label alone
				entries = append(entries, e)
			}
		}
		if list == policy.Block && random.IntN(2) == 0 {
			entries = append(entries, policy.Entry{Target: policy.Everyone})
		}
		return policy.Compile(slices.Values(entries))
	}
	p, err := db.Policy(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	drawn := *p
	drawn.Allow, drawn.Block = draw(policy.Allow, ""), draw(policy.Block, "", "suspend:", "reject:")
	drawn.HoldLists, drawn.OnlyRelays = random.IntN(2) == 0, random.IntN(3) == 0
	for c := range policy.EachCause() {
		if random.IntN(4) == 0 && c.HasSwitch() {
			drawn.Off = drawn.Off.With(c)
		}
	}
	return &drawn
}
