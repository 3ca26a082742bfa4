package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/jackc/pgx/v5"

	"gatepost/settings"
	"gatepost/store"
	"gatepost/store/storetest"
)

// nodes are two servers on one database of PostgreSQL.
type nodes struct {
	*testing.T
	url string
	mx  [2]*gateway
	// browser has one session, whichever of them it asks.
	browser *http.Client
	desk    string // the folder that tickets are carried on to
}

func startNodes(t *testing.T) *nodes {
	if !storetest.OnServer() {
		t.Skip("of PostgreSQL: runs where " + storetest.Variable + " names a server")
	}
	n := &nodes{T: t, url: storetest.Make(t, "nodes", "template template0 "+storetest.As),
		desk: filepath.Join(t.TempDir(), "desk")}
	file := fmt.Sprintf("[smtp]\nrecipients = \"support@help.test\"\n[rate]\nper_hour = 3\n"+
		"[replies]\ntokens = \"accept\"\n[http]\nlisten = \"127.0.0.1:0\"\n"+
		"[handoff.desk]\nkind = \"maildir\"\npath = %q\ncreate = true\nreply_token = true\n", n.desk)
	for i := range n.mx {
		g := &gateway{T: t, dir: t.TempDir(), env: []string{"GATEPOST_DB=" + n.url,
			fmt.Sprint("GATEPOST_NODE=mx", i+1)}}
		if err := os.WriteFile(filepath.Join(g.dir, "gatepost.toml"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		g.start()
		t.Cleanup(func() { g.end(syscall.SIGKILL) })
		n.mx[i] = g
	}
	jar, err := cookiejar.New(nil) // a cookie is for an address, whatever the port
	if err != nil {
		t.Fatal(err)
	}
	n.browser = &http.Client{Jar: jar}
	return n
}

// until waits for what is to come, for a minute at most, and says how long it took.
func (n *nodes) until(what string, is func() bool) {
	n.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if is() {
			n.Logf("%s: after %v", what, time.Since(began).Round(time.Millisecond))
			return
		}
		if time.Since(began) > time.Minute {
			n.Fatalf("%s: not within a minute", what)
		}
	}
}

// sends hands a message to a node, and tells what it decided.
func (n *nodes) sends(at *gateway, to, from, subject string) (e store.Explanation) {
	n.Helper()
	c, err := smtp.Dial(at.smtp)
	if err != nil {
		n.Fatal(err)
	}
	defer c.Close()
	var reply *smtp.DataResponse
	if err = c.Mail("bounce@mail.test", nil); err == nil {
		err = c.Rcpt(to, nil)
	}
	if err != nil {
		n.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		n.Fatal(err)
	}
	_, err = fmt.Fprintf(w, "From: %s\r\nSubject: %s\r\n\r\nText.\r\n", from, subject)
	if err == nil {
		reply, err = w.CloseWithResponse()
	}
	if err != nil {
		n.Fatal(err)
	}
	text := at.must("explain", "--json", strings.Fields(reply.StatusText)[2])
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		n.Fatal(err)
	}
	return e
}

// signIn gives what a node answers.
func (n *nodes) signIn(browser *http.Client, at *gateway, who, password string) string {
	n.Helper()
	answer, err := browser.PostForm(at.web()+"/sign-in", url.Values{"email": {who}, "password": {password}})
	if err != nil {
		n.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		n.Fatal(err)
	}
	return string(text)
}

// status of what a node answers to who is signed in.
func (n *nodes) status(at *gateway, path string) int {
	n.Helper()
	answer, err := n.browser.Get(at.web() + path)
	if err != nil {
		n.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// carried are the messages in the folder of the desk.
func (n *nodes) carried() (files []string) {
	for _, folder := range []string{"new", "cur"} {
		found, err := filepath.Glob(filepath.Join(n.desk, folder, "*"))
		if err != nil {
			n.Fatal(err)
		}
		files = append(files, found...)
	}
	return files
}

// Of nodes that find a digest due at the same time one makes it.
func TestOneDigest(t *testing.T) {
	if !storetest.OnServer() {
		t.Skip("of PostgreSQL: runs where " + storetest.Variable + " names a server")
	}
	ctx, url := t.Context(), storetest.Make(t, "digest", "template template0 "+storetest.As)
	s := settings.Defaults()
	s.DB, s.SMTP.Hostname, s.Digest.To = settings.Database(url), "mx.help.test", settings.Words{"ann@office.test"}
	s.Digest.QuietAfter = settings.Span(24 * time.Hour)
	now := time.Now()
	var due []*digester
	for range 4 {
		db, err := store.Open(url, store.Options{Create: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		err = db.SetTargets(ctx, []store.Target{{Name: "mail", Kind: "smtp", Events: []string{store.DigestMade}}})
		if err != nil {
			t.Fatal(err)
		}
		d, err := newDigester(ctx, db, s, now, now.Add(-90*24*time.Hour)) // nothing came since
		if err != nil {
			t.Fatal(err)
		}
		due = append(due, d)
	}
	var all sync.WaitGroup
	var told atomic.Int64
	for _, d := range due {
		all.Go(func() {
			people, err := d.tell(ctx)
			if err != nil {
				t.Error(err)
			}
			told.Add(int64(people))
		})
	}
	all.Wait()
	waiting := 0
	for _, err := range due[0].db.Handoffs(ctx, store.HandoffQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		waiting++
	}
	if told.Load() != 1 || waiting != 1 {
		t.Errorf("%d were told, and %d digests wait", told.Load(), waiting)
	}
}

// TestTwoNodes is what an operator with two MX hosts counts on.
func TestTwoNodes(t *testing.T) {
	n := startNodes(t)
	one := n.mx[0]
	if text := one.must("status"); !strings.Contains(text, "mx1 (") || !strings.Contains(text, "mx2 (") {
		t.Errorf("status: %s", text)
	}
	one.addReviewer()
	n.signIn(n.browser, one, reviewer, secret)
	n.rules()
	n.live()
	n.rate()
	n.attempts()
	n.handOffs()
}

// rules that were added on one decide the next message of the other, and its decision names it.
func (n *nodes) rules() {
	n.Helper()
	for i := range 4 {
		here, there := n.mx[i%2], n.mx[1-i%2]
		domain := fmt.Sprintf("r%d.test", i)
		here.must("rules", "add", "block", domain)
		e := n.sends(there, "support@help.test", "a@"+domain, "rules")
		if e.Decision != "suspend" || e.Node != fmt.Sprint("mx", 2-i%2) {
			n.Errorf("%s on %s: %s", domain, e.Node, e.Decision)
		}
	}
}

// live is what a console shows of what another node holds, until its session is ended there.
func (n *nodes) live() {
	n.Helper()
	one, two := n.mx[0], n.mx[1]
	answer, err := n.browser.Get(two.web() + "/api/v2/events")
	if err != nil {
		n.Fatal(err)
	}
	defer answer.Body.Close()
	news, ended := make(chan time.Time, 100), make(chan bool)
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			if lines.Text() == "event: new" {
				news <- time.Now()
			}
		}
	}()
	began := time.Now()
	n.sends(one, "support@help.test", "live@r0.test", "live")
	n.until("a message that the other node holds is told of", func() bool { return len(news) > 0 })
	n.Logf("%v after it was begun to be sent", (<-news).Sub(began).Round(time.Millisecond))
	if status := n.status(two, "/api/v2/users/me"); status != http.StatusOK {
		n.Fatalf("the session is not known on the other node: %d", status)
	}
	out, err := n.browser.PostForm(one.web()+"/sign-out", nil)
	if err != nil {
		n.Fatal(err)
	}
	out.Body.Close()
	n.until("the stream of the other node ends with the session", func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
	if status := n.status(two, "/api/v2/users/me"); status != http.StatusUnauthorized {
		n.Errorf("a session that was ended is taken on the other node: %d", status)
	}
}

// rate is that of a sender on both nodes.
func (n *nodes) rate() {
	n.Helper()
	passed := 0
	for i := range 6 {
		if e := n.sends(n.mx[i%2], "support@help.test", "many@rate.test", fmt.Sprint(i)); e.Decision == "ticket" {
			passed++
		}
	}
	if passed != 3 {
		n.Errorf("%d of one sender passed on both nodes, want 3", passed)
	}
}

// attempts to sign in that fail count on both nodes.
func (n *nodes) attempts() {
	n.Helper()
	stranger := &http.Client{}
	const most = 10 // at one account, from one address
	for i := range most {
		if text := n.signIn(stranger, n.mx[i%2], reviewer, "wrong"); !strings.Contains(text, "password is wrong") {
			n.Errorf("attempt %d: %s", i, text)
		}
	}
	for _, g := range n.mx {
		if text := n.signIn(stranger, g, reviewer, "wrong"); !strings.Contains(text, "Too many attempts") {
			n.Errorf("one more attempt: %s", text)
		}
	}
}

// handOffs are carried once, whichever node took the message, also once the node that carries is gone;
// and a reply is known on either by the token that its ticket was given.
func (n *nodes) handOffs() {
	n.Helper()
	tickets := len(strings.Fields(n.mx[0].must("ticket", "list", "--ids")))
	n.until("all tickets are carried", func() bool { return len(n.carried()) >= tickets })
	carrying := n.carrying()
	left := n.mx[1-carrying]
	n.mx[carrying].end(syscall.SIGKILL)
	for i := range 4 {
		if e := n.sends(left, "support@help.test", fmt.Sprintf("h%d@desk.test", i), "h"); e.Decision == "ticket" {
			tickets++
		}
	}
	n.until("the other node carries on", func() bool { return len(n.carried()) >= tickets })
	n.until("status says that the node is gone", func() bool {
		return strings.Contains(left.must("status"), "gone: not seen since")
	})
	if files := n.carried(); len(files) != tickets || n.carrying() != 1-carrying {
		n.Errorf("%d messages were carried, of %d tickets", len(files), tickets)
	}
	n.mx[carrying].start()
	n.reply(n.mx[carrying])
}

// carrying is which node has the duty of hand-offs.
func (n *nodes) carrying() (which int) {
	n.Helper()
	ctx := context.Background()
	db, err := pgx.Connect(ctx, n.url)
	if err != nil {
		n.Fatal(err)
	}
	defer db.Close(ctx)
	var name string
	err = db.QueryRow(ctx, `select n.name from leases l join nodes n on n.id = l.holder
		where l.name = 'hand-offs'`).Scan(&name)
	if err != nil {
		n.Fatal(err)
	}
	return int(name[len(name)-1] - '1')
}

var replyField = regexp.MustCompile(`(?m)^X-Gatepost-Reply-To: <(.*)>\r?$`)

// reply is sent to the address that the desk was given with a ticket, and joins that.
func (n *nodes) reply(at *gateway) {
	n.Helper()
	for _, file := range n.carried() {
		text, err := os.ReadFile(file)
		if err != nil {
			n.Fatal(err)
		}
		to := replyField.FindSubmatch(text)
		if to == nil || !strings.Contains(string(text), "From: h0@desk.test") {
			continue
		}
		if e := n.sends(at, string(to[1]), "h0@desk.test", "more"); e.Decision != "comment" {
			n.Errorf("a reply to %s is a %s: %s", to[1], e.Decision, e.Why)
		}
		return
	}
	n.Error("no ticket was carried with an address for replies")
}
