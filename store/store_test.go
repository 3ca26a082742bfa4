package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatepost/message"
	"gatepost/policy"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A fixture is an open store with a clock that a test may move.
type fixture struct {
	*testing.T
	*DB
	path  string // what it was opened by, which stands for a database on PostgreSQL
	clock time.Time
}

func open(t *testing.T) *fixture {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "gatepost.db"))
}

func openAt(t *testing.T, path string) *fixture {
	t.Helper()
	return openWith(t, path, policy.Settings{})
}

func openWith(t *testing.T, path string, s policy.Settings) *fixture {
	t.Helper()
	f := &fixture{T: t, path: path, clock: noon}
	db, err := Open(at(t, path), Options{Create: true, Now: func() time.Time { return f.clock },
		Settings: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	f.DB = db
	return f
}

func mail(from, subject, body string) string {
	return fmt.Sprintf("From: %s\r\nSubject: %s\r\nMessage-ID: <%s@mail.test>\r\n\r\n%s\r\n",
		from, subject, subject, body)
}

// A variation is what a test has otherwise than an ordinary message has it.
type variation func(*Record)

func from(client netip.Addr) variation {
	return func(r *Record) { r.Envelope.Client, r.Facts.Hop.Client = client, client }
}

// spf is what SPF says of the reverse-path, which is of the From domain.
func spf(result policy.Result) variation {
	return func(r *Record) {
		domain := r.Facts.Sender.Address.Domain()
		r.Facts.Authentication = &policy.Authentication{
			SPF:    policy.Identity{Result: result, Domain: domain},
			Author: policy.Identity{Result: result, Domain: domain}}
	}
}

// receive judges and commits a message, as a door would.
func (f *fixture) receive(raw string, changes ...variation) (*Record, int64) {
	f.Helper()
	r, id, err := f.tryReceive(raw, changes...)
	if err != nil {
		f.Fatal(err)
	}
	return r, id
}

func (f *fixture) tryReceive(raw string, changes ...variation) (*Record, int64, error) {
	r, p, err := f.gather(raw, changes...)
	if err != nil {
		return nil, 0, err
	}
	defer r.Content.Close()
	id, err := int64(0), ErrCrowded
	for errors.Is(err, ErrCrowded) {
		if err := f.decide(p, r); err != nil || r.Decision.Action == policy.Defer {
			return r, 0, err
		}
		id, err = f.Commit(context.Background(), r)
	}
	return r, id, err
}

// gather finds what a decision needs but the count of the sender's band. The caller closes
// the content.
func (f *fixture) gather(raw string, changes ...variation) (*Record, *policy.Policy, error) {
	content, err := Spool(f.Dir(), strings.NewReader(raw))
	if err != nil {
		return nil, nil, err
	}
	head, err := content.Head()
	if err != nil {
		return nil, nil, errors.Join(err, content.Close())
	}
	r := &Record{ID: uuid.NewString(), Message: message.Parse(head), Content: content,
		Keep: 14 * 24 * time.Hour, Envelope: &message.Envelope{
			Client: netip.MustParseAddr("192.0.2.1"), MailFrom: "bounce@mail.test",
			Recipients: []string{"support@acme.test"}, ReceivedAt: f.clock}}
	p, facts, err := f.Facts(context.Background(), policy.Mail{Message: r.Message,
		Envelope: r.Envelope,
		Body:     func() io.Reader { return content.From(r.Message.Size) }})
	if err != nil {
		return nil, nil, errors.Join(err, content.Close())
	}
	r.Facts = facts
	for _, c := range changes {
		c(r)
	}
	return r, p, nil
}

func (f *fixture) decide(p *policy.Policy, r *Record) (err error) {
	r.Facts.Stored, err = f.Stored(r.Facts.Rate(), r.Envelope.ReceivedAt)
	d := p.Decide(r.Facts)
	r.Decision = &d
	return err
}

func (f *fixture) rules(list policy.ListName, entries ...string) {
	f.Helper()
	parsed, err := policy.ParseList(list, strings.Join(entries, " "))
	if err == nil {
		_, err = f.editor().AddRules(context.Background(), list, parsed, Life{})
	}
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) raw(id int64) string {
	f.Helper()
	r, err := f.Raw(context.Background(), id)
	if err != nil {
		f.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		f.Fatal(err)
	}
	return string(b)
}

func all[T any](t testing.TB, seq iter.Seq2[T, error]) (list []T) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

func address(t testing.TB, s string) message.Address {
	t.Helper()
	a, err := message.ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestCommitKeepsEveryByte(t *testing.T) {
	f := open(t)
	f.rules(policy.Block, "held.test")
	for _, size := range []int{0, 1, 1000, 8 << 10, inline - 1, inline, inline + 1, 3 * inline} {
		for _, from := range []string{"ann@acme.test", "bob@held.test"} {
			raw := mail(from, "all of it", strings.Repeat("x\x00\r\xff", inline))[:size]
			r, id := f.receive(raw)
			if got := f.raw(id); got != raw {
				t.Errorf("%s, %d octets: read back %d octets, not the same", from, size, len(got))
			}
			e, err := f.Explain(context.Background(), r.ID)
			if err != nil || e.ID != id || len(e.Trail) == 0 || len(e.Facts) == 0 {
				t.Errorf("explain %s: %+v, %v", r.ID, e, err)
			}
		}
	}
	if n := len(f.contents()); n != 4 {
		t.Errorf("%d contents beside their rows, want 4: only those over %d octets", n, inline)
	}
}

// A database is nobody else's to read, from its first day.
func TestHidden(t *testing.T) {
	f := open(t)
	f.receive(mail("a@acme.test", "x", strings.Repeat("y", 2*inline)))
	if err := filepath.WalkDir(filepath.Dir(f.path), func(path string, d os.DirEntry, err error) error {
		info, e := d.Info()
		if path != filepath.Dir(f.path) && e == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %s", path, info.Mode())
		}
		return errors.Join(err, e)
	}); err != nil {
		t.Fatal(err)
	}
}

func TestTicketMakesProfile(t *testing.T) {
	f := open(t)
	f.receive(mail("Ann <Ann@acme.test>", "one", ""))
	f.receive(mail("ann@acme.test", "two", ""))
	users := all(t, f.Users(context.Background(), "mail"))
	if len(users) != 1 || users[0].Email != "ann@acme.test" || users[0].Name != "Ann" ||
		users[0].Role != "end-user" {
		t.Errorf("profiles: %+v", users)
	}
}

func TestHeldLeavesNoProfile(t *testing.T) {
	f := open(t)
	f.rules(policy.Block, "*")
	_, id := f.receive(mail("Eve <eve@acme.test>", "hello", "text"))
	if users := all(t, f.Users(context.Background(), "")); len(users) != 0 {
		t.Errorf("profiles: %+v", users)
	}
	s, err := f.Suspended(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	if s.Cause != "not_on_whitelist" || *s.CauseID != 1 || s.Rule == nil || *s.Rule != "*" ||
		s.Author != (Person{"Eve", "eve@acme.test"}) || s.Subject != "hello" ||
		!s.ExpiresAt.Equal(noon.Add(14*24*time.Hour)) || s.Recipient != "support@acme.test" {
		t.Errorf("held: %+v", s)
	}
}

// A silent rejection names nothing: neither in the database nor beside it.
func TestRejectLeavesNothing(t *testing.T) {
	f := openWith(t, filepath.Join(t.TempDir(), "gatepost.db"), policy.Settings{PerHour: 1})
	f.rules(policy.Block, "reject:spam.test")
	f.receive(mail("mallory@mx.spam.test", "secretsubject", strings.Repeat("secretbody ", inline)))
	rows := ""
	if f.isPostgres() {
		rows = f.dump()
	}
	if err := filepath.WalkDir(filepath.Dir(f.path), func(path string, _ os.DirEntry, err error) error {
		b, _ := os.ReadFile(path)
		b = append(b, rows...)
		for _, trace := range []string{"mallory", "secretsubject", "secretbody", "support@"} {
			if bytes.Contains(b, []byte(trace)) {
				t.Errorf("%s holds %q", path, trace)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	s, err := f.Status(context.Background())
	if err != nil || s.Hour["reject:domain"] != 1 {
		t.Errorf("status: %+v, %v", s, err)
	}
}

func TestIDsAreNeverUsedAgain(t *testing.T) {
	f := open(t)
	f.rules(policy.Block, "*")
	_, first := f.receive(mail("a@acme.test", "a", ""))
	if _, err := f.editor().DeleteSuspended(context.Background(), []int64{first}); err != nil {
		t.Fatal(err)
	}
	if _, next := f.receive(mail("a@acme.test", "b", "")); next != first+1 {
		t.Errorf("after %d came %d", first, next)
	}
}

func TestRecover(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "*")
	_, id := f.receive(mail("Ann <ann@acme.test>", "let me in", "text"))
	r, err := f.editor().Recover(ctx, id)
	if err != nil || !r.MadeProfile || r.Ticket.Via != "recovered" ||
		r.Ticket.Requester.Email != "ann@acme.test" || r.Ticket.ID == id {
		t.Fatalf("recover: %+v, %v", r, err)
	}
	again, err := f.editor().Recover(ctx, id)
	if !errors.Is(err, ErrRecovered) || again.Ticket.ID != r.Ticket.ID {
		t.Errorf("again: %+v, %v", again, err)
	}
	if f.raw(r.Ticket.ID) != mail("Ann <ann@acme.test>", "let me in", "text") {
		t.Error("the ticket's bytes are not those received")
	}
	if _, err := f.Suspended(ctx, id); !errors.Is(err, ErrNotFound) {
		t.Errorf("still held: %v", err)
	}
	if _, err := f.editor().Recover(ctx, 99); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	if d, _ := f.receive(mail("ann@acme.test", "again", "")); d.Decision.Action != policy.Ticket {
		t.Error("* still holds the recovered sender")
	}
}

func TestRecoverOfAnAmbiguousSenderMakesNoProfile(t *testing.T) {
	f := open(t)
	_, id := f.receive("From: ann@acme.test\r\nFrom: ann@acme.test\r\nSubject: x\r\n\r\n")
	r, err := f.editor().Recover(context.Background(), id)
	if err != nil || r.MadeProfile || len(all(t, f.Users(context.Background(), ""))) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestDeleteAllOrNone(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "*")
	_, id := f.receive(mail("a@acme.test", "big", strings.Repeat("x", 2*inline)))
	missing, err := f.editor().DeleteSuspended(ctx, []int64{id, 77})
	if !errors.Is(err, ErrNotFound) || len(missing) != 1 || missing[0] != 77 {
		t.Errorf("missing %v, %v", missing, err)
	}
	if _, err := f.Suspended(ctx, id); err != nil {
		t.Errorf("gone though another was missing: %v", err)
	}
	if _, err := f.editor().DeleteSuspended(ctx, []int64{id}); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(f.Dir()); len(files) != 0 {
		t.Errorf("files are left: %v", files)
	}
}

func TestPurge(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.rules(policy.Block, "*")
	for i := range 5 {
		f.receive(mail("a@acme.test", fmt.Sprint(i), ""))
		f.clock = f.clock.Add(24 * time.Hour)
	}
	f.clock = noon.Add(16 * 24 * time.Hour)
	for _, want := range []int{1, 1, 1, 0} {
		if p, err := f.Purge(ctx, Expiry{}); err != nil || p.Deleted != want {
			t.Errorf("purged %d, want %d, %v", p.Deleted, want, err)
		}
	}
	if n, err := f.CountSuspended(ctx, Query{}); err != nil || n != 2 {
		t.Errorf("%d are left, want 2, %v", n, err)
	}
}

func TestStatusCounts(t *testing.T) {
	undeclared := func(r *Record) { r.Undeclared = true }
	f := open(t)
	f.rules(policy.Block, "held.test reject:a@drop.test")
	for range 3 {
		f.receive(mail("a@held.test", "x", ""))
	}
	f.clock = noon.Add(2 * time.Hour)
	f.receive(mail("a@drop.test", "x", ""), undeclared)
	f.receive(mail("a@fine.test", "x", ""), undeclared)
	f.receive(mail("a@fine.test", "x", ""), func(r *Record) {
		r.Facts.Unread = []policy.Unread{{Field: "X-Spam", Setting: "smtp.filter"}}
	})
	f.receive(mail("a@fine.test", "x", ""), func(r *Record) {
		r.Facts.Unread = []policy.Unread{{Field: "X-Postal-Spam"}}
	})
	s, err := f.Status(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if s.Hour["suspend"] != 0 || s.Day["suspend"] != 3 || s.Hour["reject:address"] != 1 ||
		s.Hour["ticket"] != 3 || len(s.Hour) != 2 || len(s.Day) != 3 ||
		s.UndeclaredRelay != 2 || s.Overlooked != 1 || s.Held != 3 || s.Tickets != 3 || !s.OldestHeld.Equal(noon) {
		t.Errorf("%+v", s)
	}
}
