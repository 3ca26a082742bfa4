package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"

	"gatepost/message"
	"gatepost/policy"
)

// firstLayout is a database that has had the first migration only: held messages 1 and 2,
// ticket 3, and ticket 5 that was made of a held message 4. Their raw bytes are small.
func firstLayout(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := migrations.ReadFile("migrations/0001_first.sql")
	script := string(text) + fmt.Sprintf(";pragma application_id = %d; pragma user_version = 1;"+
		"update meta set value = 5 where name = 'sequence';"+
		"insert into counters values (29539440, 'reject:domain', 7), (29539440, 'suspend', 2);",
		applicationID)
	for i, m := range [][2]string{{"192.0.2.1", ""}, {"", ""}, {"192.0.2.1", "a@acme.test"},
		{"192.0.2.1", ""}} {
		script += fmt.Sprintf(`insert into messages (id, decision_id, action, cause, rule, why,
			reasons, authentication, client, helo, mail_from, recipients, trace, sender,
			reply_to, message_id, size, sum, raw) values (%d, 'd%[1]d', 'suspend',
			'blocklisted', '*', '', '{}', 'none', '%s', 'mx.test', '%s', '["s@acme.test"]',
			'Received: x', 'a@acme.test', '[]', '<m%[1]d@acme.test>', 4, x'00', cast('raw%[1]d' as blob));`,
			i+1, m[0], m[1])
	}
	for _, id := range []int{1, 2} {
		script += fmt.Sprintf(`insert into suspended values (%d, 'blocklisted', 'Ann',
			'a@acme.test', 'hello', 's@acme.test', %d, %d);`, id, noon.UnixMilli(),
			noon.AddDate(0, 0, 14).UnixMilli())
	}
	for _, ids := range []string{"3, 3, null", "5, 4, 4"} {
		script += fmt.Sprintf(`insert into tickets values (%s, 'Ann', 'a@acme.test', false,
			false, 'hello', 's@acme.test', 'new', 'email', %d);`, ids, noon.UnixMilli())
	}
	_, e := db.Exec(script)
	if err := errors.Join(err, e, db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// A database of the first layout is brought up to date, and keeps what it has.
func TestMigratedFromTheFirstLayout(t *testing.T) {
	ctx := context.Background()
	f := openWith(t, firstLayout(t), policy.Settings{PerHour: 1})
	env := message.Envelope{Client: netip.MustParseAddr("192.0.2.1"), Helo: "mx.test",
		Recipients: []string{"s@acme.test"}, ReceivedAt: noon}
	bounce, piped, sent := env, env, env
	bounce.NullPath = true
	piped.Client = netip.Addr{}
	sent.MailFrom = "a@acme.test"
	f.checkBalance("brought up to date",
		"11 accepted; 2 tickets, 2 held, 7 rejected, 0 deleted, 0 expired")
	f.checkKept("held", 1, bounce, nil, "raw1")
	f.checkKept("held, of no client", 2, piped, nil, "raw2")
	f.checkKept("ticket", 3, sent, nil, "raw3")
	f.checkKept("recovered", 5, bounce, nil, "raw4")
	if n := len(all(t, f.ListSuspended(ctx, Query{}))); n != 2 {
		t.Errorf("%d are held", n)
	}
	if n := len(all(t, f.ListTickets(ctx, Query{}))); n != 2 {
		t.Errorf("%d tickets", n)
	}
	if n, err := f.CountSuspended(ctx, Query{Search: "HELLO ann"}); err != nil || n != 2 {
		t.Errorf("a search finds %d, %v", n, err)
	}
	if n, err := f.CountTickets(ctx, Query{Requester: address(t, "a@acme.test")}); err != nil || n != 2 {
		t.Errorf("%d tickets are hers, %v", n, err)
	}
	e, err := f.Explain(ctx, "d1")
	if err != nil || e.Authentication != "none" || e.Results != "" || e.Trace != "Received: x" {
		t.Errorf("%+v, %v", e, err)
	}
	r, err := f.editor().Recover(ctx, 1)
	if err != nil || r.Ticket.Proven || r.Ticket.Requester.Claimed || r.Ticket.ID != 6 {
		t.Errorf("recovered: %+v, %v", r, err)
	}
	if got := f.outcomes(3, "b@acme.test"); got != "ticket suspend defer" {
		t.Errorf("new mail: %s", got)
	}
	if err := f.Check(ctx); err != nil {
		t.Error(err)
	}
}
