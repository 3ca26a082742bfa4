package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// limited is an open store that lets so many messages of one sender pass within an hour.
func limited(t *testing.T, perHour int) *fixture {
	t.Helper()
	return openWith(t, filepath.Join(t.TempDir(), "gatepost.db"),
		policy.Settings{PerHour: perHour})
}

// outcomes receives so many messages of a sender and says what became of each.
func (f *fixture) outcomes(n int, sender string, changes ...variation) string {
	f.Helper()
	var all []string
	for i := range n {
		r, _ := f.receive(mail(sender, fmt.Sprint(i), "text"), changes...)
		all = append(all, r.Decision.Action.String())
	}
	return strings.Join(all, " ")
}

// stored is what is counted of a@acme.test in the band of ordinary messages.
func (f *fixture) stored() int {
	f.Helper()
	n, err := f.Stored(policy.SenderRate{Address: address(f, "a@acme.test"),
		Client: netip.MustParsePrefix("192.0.2.0/24")}, f.clock)
	if err != nil {
		f.Fatal(err)
	}
	return n
}

// The window begins with the first message and ends an hour later, whatever came in it.
func TestBandWindow(t *testing.T) {
	f := limited(t, 2)
	const full = "ticket ticket suspend suspend defer defer"
	if got := f.outcomes(6, "a@acme.test"); got != full {
		t.Errorf("%s, want %s", got, full)
	}
	f.clock = noon.Add(time.Hour - time.Millisecond)
	if got := f.outcomes(1, "a@acme.test"); got != "defer" || f.stored() != 4 {
		t.Errorf("within the hour: %s, %d stored", got, f.stored())
	}
	f.clock = noon.Add(time.Hour)
	if f.stored() != 0 {
		t.Errorf("%d stored after the hour", f.stored())
	}
	if got := f.outcomes(6, "a@acme.test"); got != full || f.stored() != 4 {
		t.Errorf("the next hour: %s, %d stored", got, f.stored())
	}
	f.clock = noon.Add(-24 * time.Hour)
	if got := f.outcomes(1, "a@acme.test"); got != "ticket" || f.stored() != 1 {
		t.Errorf("a day before, the clock was wrong: %s, %d stored", got, f.stored())
	}
}

// A forger shuts out neither the sender that it claims to be nor those who live elsewhere.
func TestBandsApart(t *testing.T) {
	f := limited(t, 1)
	client := func(s string) variation { return from(netip.MustParseAddr(s)) }
	for _, c := range []struct {
		name, want string
		changes    []variation
	}{
		{"first", "ticket", nil},
		{"same network", "suspend", []variation{client("192.0.2.254")}},
		{"another network", "ticket", []variation{client("198.51.100.1")}},
		{"proven", "ticket", []variation{spf(policy.Pass)}},
		{"proven from elsewhere", "suspend", []variation{spf(policy.Pass), client("203.0.113.1")}},
		{"IPv6", "ticket", []variation{client("2001:db8::1")}},
		{"same IPv6 network", "suspend", []variation{client("2001:db8::ffff:0:0:1")}},
		{"another IPv6 network", "ticket", []variation{client("2001:db8:0:1::1")}},
		{"unknown client", "ticket", []variation{from(netip.Addr{})}},
		{"unknown client again", "suspend", []variation{from(netip.Addr{})}},
	} {
		if got := f.outcomes(1, "a@acme.test", c.changes...); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := f.outcomes(1, "b@acme.test"); got != "ticket" {
		t.Errorf("another address: %s", got)
	}
}

func TestBandsListed(t *testing.T) {
	ctx := context.Background()
	f := limited(t, 10)
	f.outcomes(1, "old@acme.test")
	f.clock = noon.Add(time.Hour)
	f.outcomes(1, "a@acme.test", from(netip.Addr{}))
	f.outcomes(3, "a@acme.test", spf(policy.Pass))
	f.outcomes(2, "b@acme.test")
	text, err := json.Marshal(all(t, f.Bands(ctx)))
	const hour = `"since":"2026-03-01T13:00:00Z","until":"2026-03-01T14:00:00Z"}`
	want := `[{"address":"a@acme.test","client":"","proven":true,"stored":3,` + hour +
		`,{"address":"b@acme.test","client":"192.0.2.0/24","proven":false,"stored":2,` + hour +
		`,{"address":"a@acme.test","client":"","proven":false,"stored":1,` + hour + `]`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v\nwant %s", text, err, want)
	}
	for _, want := range []int{2, 0} {
		if n, err := f.editor().ResetBands(ctx, address(t, "a@acme.test")); err != nil || n != want {
			t.Errorf("reset %d, want %d, %v", n, want, err)
		}
	}
	if bands := all(t, f.Bands(ctx)); len(bands) != 1 || bands[0].Address != "b@acme.test" {
		t.Errorf("left: %+v", bands)
	}
}

// What is stored counts, whatever held it; what is not stored does not, nor what has no
// sender to count it for.
func TestBandsCountWhatIsStored(t *testing.T) {
	f := limited(t, 1)
	f.rules(policy.Block, "held.test reject:drop.test")
	f.outcomes(3, "a@held.test")
	f.outcomes(3, "a@drop.test")
	f.receive("From: a@acme.test\r\nFrom: a@acme.test\r\n\r\n")
	bands := all(t, f.Bands(context.Background()))
	if len(bands) != 1 || bands[0].Address != "a@held.test" || bands[0].Stored != 3 {
		t.Errorf("%+v", bands)
	}
	if n, err := f.Stored(policy.SenderRate{}, noon); n != 0 || err != nil {
		t.Errorf("nobody's: %d, %v", n, err)
	}
	free := open(t)
	free.outcomes(3, "a@acme.test")
	if bands := all(t, free.Bands(context.Background())); bands != nil {
		t.Errorf("without a limit: %+v", bands)
	}
}

func TestDeferredIsNotCommitted(t *testing.T) {
	f := open(t)
	r, _, err := f.gather(mail("a@acme.test", "x", "y"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Content.Close()
	r.Decision = &policy.Decision{Action: policy.Defer}
	if _, err := f.Commit(context.Background(), r); err == nil ||
		!strings.Contains(err.Error(), "deferred") {
		t.Errorf("%v", err)
	}
	if s, err := f.Status(context.Background()); err != nil || s.Held != 0 || len(s.Day) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// Two decisions made for the same place: one stands, the other is made again, with the
// same content.
func TestCrowded(t *testing.T) {
	ctx := context.Background()
	for _, size := range []int{10, 2 * inline} {
		f := limited(t, 1)
		raw := mail("a@acme.test", "x", strings.Repeat("y", size))
		late, p, err := f.gather(raw)
		if err == nil {
			err = f.decide(p, late)
		}
		if err != nil {
			t.Fatal(err)
		}
		f.receive(raw)
		if _, err := f.Commit(ctx, late); !errors.Is(err, ErrCrowded) || f.stored() != 1 {
			t.Fatalf("%d octets: %v, %d stored", size, err, f.stored())
		}
		late.ID = "another"
		err = f.decide(p, late)
		id, e := f.Commit(ctx, late)
		if err := errors.Join(err, e, late.Content.Close()); err != nil {
			t.Fatal(err)
		}
		if s, err := f.Suspended(ctx, id); err != nil || s.Cause != "loop" || f.raw(id) != raw {
			t.Errorf("%d octets: %+v, %v", size, s, err)
		}
	}
}

// What is crowded out leaves no file when it is not committed after all.
func TestCrowdedOutLeavesNoFile(t *testing.T) {
	f := limited(t, 1)
	late, p, err := f.gather(mail("a@acme.test", "x", strings.Repeat("y", 2*inline)))
	if err == nil {
		err = f.decide(p, late)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.outcomes(1, "a@acme.test")
	if _, err := f.Commit(context.Background(), late); !errors.Is(err, ErrCrowded) {
		t.Fatal(err)
	}
	if err := late.Content.Close(); err != nil {
		t.Error(err)
	}
	if files, _ := filepath.Glob(filepath.Join(f.Dir(), "*")); files != nil {
		t.Errorf("left: %v", files)
	}
}

// Sixteen at once through two processes: exactly as many pass and are held as may, and
// nobody else is disturbed.
func TestBandsAtOnce(t *testing.T) {
	const perHour, senders, each = 10, 16, 4
	one := limited(t, perHour)
	two := openWith(t, one.path, policy.Settings{PerHour: perHour})
	var wait sync.WaitGroup
	var lock sync.Mutex
	seen := map[string]int{}
	for s := range senders {
		f := []*fixture{one, two}[s%2]
		wait.Go(func() {
			for range each {
				for _, sender := range []string{"a@acme.test", fmt.Sprintf("b%d@acme.test", s)} {
					r, _, err := f.tryReceive(mail(sender, "x", "y"))
					if err != nil {
						t.Error(err)
						return
					}
					lock.Lock()
					seen[sender[:1]+" "+r.Decision.Action.String()]++
					lock.Unlock()
				}
			}
		})
	}
	wait.Wait()
	want := map[string]int{"a ticket": perHour, "a suspend": perHour,
		"a defer": senders*each - 2*perHour, "b ticket": senders * each}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", seen, want)
	}
	if n := one.stored(); n != 2*perHour || two.stored() != n {
		t.Errorf("%d and %d stored", n, two.stored())
	}
}

func TestBandsSurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	f := &fixture{T: t, clock: noon}
	for range 3 {
		db, err := Open(at(t, path), Options{Create: true, Now: func() time.Time { return noon },
			Settings: policy.Settings{PerHour: 2}})
		if err != nil {
			t.Fatal(err)
		}
		f.DB = db
		f.outcomes(1, "a@acme.test")
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	f = openAt(t, path)
	f.Configure(policy.Settings{PerHour: 2})
	if f.stored() != 3 {
		t.Errorf("%d stored", f.stored())
	}
}

func TestBandsArePurged(t *testing.T) {
	ctx := context.Background()
	f := limited(t, 1)
	for i := range 5 {
		f.outcomes(1, fmt.Sprintf("a%d@acme.test", i))
	}
	f.clock = noon.Add(time.Minute)
	f.outcomes(1, "late@acme.test")
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{time.Hour - time.Millisecond, 6}, {time.Hour, 1}, {-24 * time.Hour, 0}} {
		f.clock = noon.Add(c.after)
		if _, err := f.Purge(ctx, Expiry{}); err != nil {
			t.Fatal(err)
		}
		n, err := one(ctx, f.DB, scanCount, `select count(*) from bands`)
		if err != nil || n != int64(c.want) {
			t.Errorf("%s after noon %d are left, want %d, %v", c.after, n, c.want, err)
		}
	}
}

// A key names one band and no other.
func TestBandKeys(t *testing.T) {
	band := func(a string, client netip.Prefix, proven bool) policy.SenderRate {
		return policy.SenderRate{Address: address(t, a), Client: client, Proven: proven}
	}
	seen := map[bandKey]bool{}
	for _, b := range []policy.SenderRate{
		band("a@acme.test", netip.Prefix{}, true),
		band("a@acme.test", netip.Prefix{}, false),
		band("a@acme.test", netip.MustParsePrefix("192.0.2.0/24"), false),
		band("a@acme.test", netip.MustParsePrefix("2001:db8::/64"), false),
		band("b@acme.test", netip.Prefix{}, true),
		{Address: message.Address{}, Proven: true},
	} {
		if k := newBandKey(b); seen[k] {
			t.Errorf("%+v is there already", k)
		} else {
			seen[k] = true
		}
	}
}
