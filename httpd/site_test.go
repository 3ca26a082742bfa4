package httpd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// Where the callers of tests come from.
const (
	inside  = "192.0.2.10"
	outside = "198.51.100.7"
)

// A site is a server on a store of its own.
type site struct {
	testing.TB
	path   string // of the store
	db     *store.DB
	server *Server
	web    http.Handler
	clock  *clock
	log    *lines
}

// testServer is a server on an empty store, with an admin, an agent and an end-user.
func testServer(t testing.TB) *site {
	t.Helper()
	st := &site{TB: t, clock: &clock{at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)},
		log: &lines{}}
	var err error
	st.path = filepath.Join(t.TempDir(), "gatepost.db")
	st.db, err = store.Open(st.path,
		store.Options{Create: true, Now: st.clock.now})
	st.must(err)
	t.Cleanup(func() { st.must(st.db.Close()) })
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	st.server = &Server{DB: st.db, Log: slog.New(slog.NewTextHandler(st.log, nil)),
		Version: "test", Now: st.clock.now}
	st.web = st.server.Handler(ctx)
	for email, role := range map[string]policy.Role{"admin@acme.test": policy.Admin,
		"agent@acme.test": policy.Agent, "ann@example.com": policy.EndUser} {
		st.user(email, role)
	}
	return st
}

func (st *site) must(err error) {
	st.Helper()
	if err != nil {
		st.Fatal(err)
	}
}

// hand is the hand of the machine's own user.
func (st *site) hand() *store.Hand { return st.db.By(store.Actor{Name: "root", Door: "cli"}) }

func (st *site) address(email string) message.Address {
	st.Helper()
	a, err := message.ParseAddress(email)
	st.must(err)
	return a
}

func (st *site) user(email string, role policy.Role) {
	st.Helper()
	st.must(st.hand().AddUser(context.Background(), store.NewUser{Email: st.address(email),
		Name: "Name of " + email, Role: role, MadeBy: "cli"}))
}

func (st *site) password(email, password string) {
	st.Helper()
	st.must(st.hand().SetPassword(context.Background(), st.address(email),
		store.HashPassword(password)))
}

// session is the token of a new session.
func (st *site) session(email string) string {
	st.Helper()
	u, err := st.db.User(context.Background(), st.address(email))
	st.must(err)
	token, err := st.db.NewSession(context.Background(), u, netip.MustParseAddr(inside), "test")
	st.must(err)
	return token
}

// token is a new token of an owner, and its id.
func (st *site) token(email string) (secret string, id int64) {
	st.Helper()
	token, secret, err := st.hand().AddToken(context.Background(),
		store.NewToken{Owner: st.address(email), Name: "script"})
	st.must(err)
	return secret, token.ID
}

// rules replaces a list.
func (st *site) rules(list policy.ListName, text string) {
	st.Helper()
	entries, err := policy.ParseList(list, text)
	st.must(err)
	_, err = st.hand().SetRules(context.Background(), store.AnyGeneration,
		store.NewList{Name: list, Entries: entries})
	st.must(err)
}

// restrict sets the IP restrictions.
func (st *site) restrict(enabled bool, ranges string, bypass bool) {
	st.Helper()
	r, err := policy.ParseRanges(ranges)
	st.must(err)
	st.must(st.hand().SetAccess(context.Background(), store.AnyGeneration, policy.Access{
		Enabled: enabled, Ranges: r, CustomersBypass: bypass}, netip.Addr{}, policy.Admin, true))
}

// letter is a plain message.
func letterOf(from, subject, text string) string {
	return "From: " + from + "\r\nTo: support@acme.test\r\nSubject: " + subject +
		"\r\nMessage-ID: <1@example.com>\r\n\r\n" + text + "\r\n"
}

// receive judges a message as the SMTP door does, and keeps it. The id is that of the held
// message or the ticket.
func (st *site) receive(raw string) int64 {
	st.Helper()
	ctx := context.Background()
	content, err := store.Spool(st.db.Dir(), strings.NewReader(raw))
	st.must(err)
	defer func() { st.must(content.Close()) }()
	head, err := content.Head()
	st.must(err)
	m := message.Parse(head)
	env := &message.Envelope{Client: netip.MustParseAddr("203.0.113.5"), Helo: "mx.example.com",
		MailFrom: "bounce@example.com", Recipients: []string{"support@acme.test"},
		ReceivedAt: st.clock.now()}
	p, facts, err := st.db.Facts(ctx, policy.Mail{Message: m, Envelope: env,
		Body: func() io.Reader { return content.From(m.Size) }})
	st.must(err)
	facts.Authentication = &policy.Authentication{}
	d := p.Decide(facts)
	id, err := st.db.Commit(ctx, &store.Record{ID: fmt.Sprintf("decision-%d", st.clock.count()),
		Envelope: env, Message: m, Content: content, Facts: facts, Decision: &d,
		Keep: 14 * 24 * time.Hour})
	st.must(err)
	return id
}

// hold holds a plain message of somebody at example.net.
func (st *site) hold(subject string) int64 {
	st.Helper()
	st.rules(policy.Block, "suspend:example.net")
	return st.receive(letterOf("Sam <sam@example.net>", subject, "Hello\r\nthere."))
}

// A call is one request of a test.
type call struct {
	method, path string
	body         string
	session      string // cookie
	token        string // Bearer
	client       string // address; inside if empty
	header       http.Header
}

// do sends a request through the whole handler.
func (st *site) do(c call) *httptest.ResponseRecorder {
	st.Helper()
	w := httptest.NewRecorder()
	st.web.ServeHTTP(w, st.request(c, strings.NewReader(c.body)))
	return w
}

// request is a call with a body of its own.
func (st *site) request(c call, body io.Reader) *http.Request {
	r := httptest.NewRequest(c.method, "http://localhost:8025"+c.path, body)
	if c.client == "" {
		c.client = inside
	}
	r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(c.client), 4242).String()
	for name, values := range c.header {
		r.Header[name] = values
	}
	if c.session != "" {
		r.AddCookie(&http.Cookie{Name: st.server.cookieName(), Value: c.session})
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if host := c.header.Get("Host"); host != "" {
		r.Host = host
	}
	return r
}

// as is a session of a role, to be used for calls.
func (st *site) as(email string) func(method, path, body string) *httptest.ResponseRecorder {
	st.Helper()
	session := st.session(email)
	return func(method, path, body string) *httptest.ResponseRecorder {
		st.Helper()
		return st.do(call{method: method, path: path, body: body, session: session})
	}
}

// object reads a JSON answer that must have that status.
func (st *site) object(w *httptest.ResponseRecorder, status int) map[string]any {
	st.Helper()
	if w.Code != status {
		st.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	if kind := w.Header().Get("Content-Type"); kind != "application/json" {
		st.Errorf("Content-Type %q", kind)
	}
	var o map[string]any
	st.must(json.Unmarshal(w.Body.Bytes(), &o))
	return o
}

// at is the value at a path of names and numbers, in JSON that was read.
func at(o any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := o.(map[string]any)
			o = m[step]
		case int:
			list, _ := o.([]any)
			if step >= len(list) {
				return nil
			}
			o = list[step]
		}
	}
	return o
}

// wants holds what stands at a path against what should.
func (st *site) wants(o any, want any, path ...any) {
	st.Helper()
	if got := at(o, path...); got != want {
		st.Errorf("%v is %v, want %v", path, got, want)
	}
}

// has holds how many stand at a path.
func (st *site) has(o any, n int, path ...any) {
	st.Helper()
	if list, _ := at(o, path...).([]any); len(list) != n {
		st.Errorf("%v has %d, want %d: %v", path, len(list), n, list)
	}
}

// A clock stands still until it is moved.
type clock struct {
	lock sync.Mutex
	at   time.Time
	n    int
}

func (c *clock) now() time.Time {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.at = c.at.Add(d)
}

// count gives another number each time.
func (c *clock) count() int {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.n++
	return c.n
}

// lines are what was logged.
type lines struct {
	lock sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.String()
}
