package store

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"gatepost/policy"
	"gatepost/store/storetest"
)

// onServerOnly is for tests of what SQLite has nothing of.
func onServerOnly(t *testing.T) {
	t.Helper()
	if !storetest.OnServer() {
		t.Skip("of PostgreSQL: runs where " + storetest.Variable + " names a server")
	}
}

// A cutter passes connections on to a server, and cuts one once it is to commit.
type cutter struct {
	net.Listener
	network, server string

	lock sync.Mutex
	cut  func() (now, behind bool) // whether to cut, and only once the server has answered

	shut    bool // nobody is let through
	refused int  // who came meanwhile

	instead string // the database that all are led to; empty: the one that they name
}

// cutting gives a cutter before the database of a path, and the URL by which it is reached.
func cutting(t *testing.T, path string) (*cutter, string) {
	t.Helper()
	u, err := url.Parse(at(t, path))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: listener, network: "tcp", server: u.Host,
		cut: func() (now, behind bool) { return }}
	if dir := u.Query().Get("host"); dir != "" {
		c.network, c.server = "unix", dir+"/.s.PGSQL.5432"
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go c.pass(client)
		}
	}()
	u.Host = listener.Addr().String()
	u.RawQuery = "sslmode=disable"
	return c, u.String()
}

func (c *cutter) pass(client net.Conn) {
	defer client.Close()
	if c.refuses() {
		return
	}
	server, err := net.Dial(c.network, c.server)
	if err != nil {
		return
	}
	defer server.Close()
	var silent sync.Mutex // held once the client is to hear no more
	silenced := false
	go func() {
		answer := make([]byte, 32<<10)
		for {
			n, err := server.Read(answer)
			silent.Lock()
			if silenced {
				client.Close() // the server has done what it was asked
			} else if n > 0 {
				_, _ = client.Write(answer[:n])
			}
			silent.Unlock()
			if err != nil {
				client.Close()
				return
			}
		}
	}()
	asked := pgproto3.NewBackend(client, nil)
	startup, err := asked.ReceiveStartupMessage()
	c.lead(startup)
	commit := "" // the name of the statement that commits
	for message := pgproto3.FrontendMessage(startup); err == nil; message, err = asked.Receive() {
		commits := false
		switch m := message.(type) {
		case *pgproto3.Parse:
			if m.Query == "commit" {
				commit = m.Name
			}
		case *pgproto3.Bind:
			commits = commit != "" && m.PreparedStatement == commit
		}
		if commits {
			c.lock.Lock()
			now, behind := c.cut()
			c.lock.Unlock()
			if now && !behind {
				return
			}
			silent.Lock()
			silenced = silenced || now
			silent.Unlock()
		}
		octets, err := message.Encode(nil)
		if err != nil {
			return
		}
		if _, err := server.Write(octets); err != nil {
			return
		}
	}
}

// A message whose commit was cut off, before the server had it or behind its back, is stored once, and
// acknowledged. GATEPOST_LONG=1 cuts a thousand times.
func TestCommitCutOff(t *testing.T) {
	onServerOnly(t)
	path := filepath.Join(t.TempDir(), "gatepost.db")
	c, through := cutting(t, path)
	db, err := Open(through, Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	f := &fixture{T: t, DB: db, path: path, clock: noon}
	messages, cuts := 40, 0
	if os.Getenv("GATEPOST_LONG") != "" {
		messages = 1001
	}
	for i := range messages {
		left := i % 3 // as often as that in a row
		c.lock.Lock()
		c.cut = func() (now, behind bool) {
			if left == 0 {
				return false, false
			}
			left--
			cuts++
			return true, (i+left)%2 == 0
		}
		c.lock.Unlock()
		if _, id := f.receive(mail("a@acme.test", fmt.Sprint(i), strings.Repeat("x", 10*i))); id == 0 {
			t.Errorf("message %d has no id", i)
		}
	}
	if cuts < messages-1 {
		t.Errorf("only %d commits were cut off", cuts)
	}
	t.Logf("%d commits of %d messages were cut off", cuts, messages)
	subjects := map[string]int{}
	for _, ticket := range all(t, f.ListTickets(context.Background(), Query{})) {
		subjects[ticket.Subject]++
	}
	for i := range messages {
		if n := subjects[fmt.Sprint(i)]; n != 1 {
			t.Errorf("message %d is there %d times", i, n)
		}
	}
	f.checkBalance("cut off", fmt.Sprintf("%d accepted; %[1]d tickets, 0 held, 0 rejected, 0 deleted, "+
		"0 expired", messages))
}

// Whoever reads and writes goes on by itself once its connections were ended.
func TestConnectionsEnded(t *testing.T) {
	onServerOnly(t)
	f := open(t)
	f.rules(policy.Block, "held.test")
	for i := range 5 {
		var wait sync.WaitGroup
		for range 8 { // several connections of those who read
			wait.Go(func() {
				if _, err := f.Status(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		onDatabase(t, f.path, `select pg_terminate_backend(pid) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid()`)
		f.receive(mail("a@held.test", fmt.Sprint(i), "x"))
	}
	if n, err := f.CountSuspended(context.Background(), Query{}); err != nil || n != 5 {
		t.Errorf("%d are held, %v", n, err)
	}
}

// What is larger than a row of contents is read as it came, by pieces of any size.
func TestContentRows(t *testing.T) {
	onServerOnly(t)
	f := open(t)
	raw := mail("a@acme.test", "large", strings.Repeat("0123456789abcdef", contentPiece/16*2+3))
	r, id := f.receive(raw)
	if names := f.contents(); len(names) != 1 || names[0] != r.ID {
		t.Errorf("contents are %v", names)
	}
	content, err := f.Raw(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(io.LimitReader(content, int64(len(raw))+1))
	if err != nil || string(got) != raw {
		t.Errorf("%d octets of %d, %v", len(got), len(raw), err)
	}
	if err := content.Close(); err != nil {
		t.Error(err)
	}
}

// A database that is not as it should be is refused in one line that says what to do, and without
// the password.
func TestPostgresRefused(t *testing.T) {
	onServerOnly(t)
	other := func(change func(*url.URL)) string {
		u, err := url.Parse(at(t, filepath.Join(t.TempDir(), "gatepost.db")))
		if err != nil {
			t.Fatal(err)
		}
		change(u)
		return u.String()
	}
	option := func(text string) string {
		return other(func(u *url.URL) {
			q := u.Query()
			q.Set("options", "-c "+text)
			u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
		})
	}
	made := func(name, with string) string {
		t.Helper()
		return storetest.Make(t, name, "template template0 "+with)
	}
	changed := func(statement string) string {
		path := filepath.Join(t.TempDir(), "gatepost.db")
		onDatabase(t, path, statement)
		return at(t, path)
	}
	for name, c := range map[string]struct{ url, want string }{
		"absent":   {storetest.URL("nowhere"), "create database"},
		"encoding": {made("latin", "encoding 'LATIN1' locale 'C'"), "LATIN1 and not UTF8"},
		"collation": {made("folds", "encoding 'UTF8' locale 'C.UTF-8'"),
			"and not C"},
		"nobody": {other(func(u *url.URL) { u.User = url.UserPassword("nobody", "secret") }), "refuses the user"},
		"unreachable": {other(func(u *url.URL) { u.Host, u.RawQuery = "127.0.0.1:1", "" }),
			"cannot be reached"},
		"newer":          {changed("update layout set version = 99, usable_since = 98"), "newer"},
		"foreign":        {changed("alter table layout rename version to v"), "another program"},
		"foreign tables": {changed("drop table layout"), "another program"},
		"empty":          {made("empty", storetest.As), "gatepost serve"},
		"not durable":    {option("synchronous_commit=off"), "synchronous_commit = off"},
		"read-only":      {option("default_transaction_read_only=on"), "standby or read-only: name the primary"},
	} {
		db, err := Open(c.url, Options{})
		if err == nil {
			t.Errorf("%s: it is opened", name)
			db.Close()
			continue
		}
		if text := err.Error(); !strings.Contains(text, c.want) || strings.Contains(text, "\n") ||
			strings.Contains(text, "secret") {
			t.Errorf("%s: %s; want %s", name, text, c.want)
		}
	}
}
