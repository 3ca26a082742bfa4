package httpd

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

func rangesOf(t *testing.T, text string) *policy.Ranges {
	t.Helper()
	r, err := policy.ParseRanges(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestClient: whose address a request has, and that nobody but a proxy of ours says so.
func TestClient(t *testing.T) {
	for _, c := range []struct {
		why, peer, forwarded, want string
	}{
		{"no proxy", "198.51.100.7", "", "198.51.100.7"},
		{"a stranger says so", "198.51.100.7", "192.0.2.10", "198.51.100.7"},
		{"our proxy", "10.0.0.1", "198.51.100.7", "198.51.100.7"},
		{"our proxy, and an invention", "10.0.0.1", "192.0.2.10, 198.51.100.7", "198.51.100.7"},
		{"two proxies", "10.0.0.1", "192.0.2.10, 198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"nothing but proxies", "10.0.0.1", "10.0.0.3,10.0.0.2", "invalid IP"},
		{"empty", "10.0.0.1", " ", "invalid IP"},
		{"our proxy says nothing", "10.0.0.1", "", "invalid IP"},
		{"with a port", "10.0.0.1", "198.51.100.7:4711", "198.51.100.7"},
		{"IPv6 with a port", "10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"},
		{"a mapped peer", "::ffff:198.51.100.7", "", "198.51.100.7"},
		{"mapped", "10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"},
		{"the proxy does not know", "10.0.0.1", "192.0.2.10, unknown", "invalid IP"},
	} {
		s := &Server{Proxies: rangesOf(t, "10.0.0.0/8")}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(c.peer), 99).String()
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got, _ := s.client(r); got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.why, got, c.want)
		}
	}
}

// TestForwardedLines: several fields are one line, in their order.
func TestForwardedLines(t *testing.T) {
	s := &Server{Proxies: rangesOf(t, "10.0.0.0/8")}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.0.0.1:99"
	r.Header["X-Forwarded-For"] = []string{"192.0.2.10", "198.51.100.7"}
	if got, _ := s.client(r); got.String() != "198.51.100.7" {
		t.Errorf("client %s", got)
	}
}

// TestSilentProxy: whom a proxy of ours does not name has none of its privileges, and is warned
// of once.
func TestSilentProxy(t *testing.T) {
	st := testServer(t)
	const proxy = "10.0.0.1"
	st.server.Proxies = rangesOf(t, "10.0.0.0/8")
	st.restrict(true, "10.0.0.0/8 192.0.2.0/24", false)
	session := st.session("admin@acme.test")
	for _, line := range []string{"", proxy, "unknown", outside} {
		header := http.Header{}
		if line != "" {
			header.Set("X-Forwarded-For", line)
		}
		w := st.do(call{method: "GET", path: "/api/v2/users/me", session: session, client: proxy,
			header: header})
		if w.Code != http.StatusForbidden {
			t.Errorf("X-Forwarded-For %q: %d", line, w.Code)
		}
	}
	w := st.do(call{method: "GET", path: "/", session: session, client: proxy})
	if !strings.Contains(w.Body.String(), "the address is unknown") {
		t.Errorf("not said: %s", w.Body)
	}
	w = st.do(call{method: "GET", path: "/api/v2/users/me", session: session, client: proxy,
		header: http.Header{"X-Forwarded-For": {inside}}})
	if w.Code != http.StatusOK {
		t.Errorf("who is named, and inside: %d", w.Code)
	}
	if n := strings.Count(st.log.String(), "sent no X-Forwarded-For"); n != 1 {
		t.Errorf("warned %d times", n)
	}
}

// TestSpoof: a stranger's X-Forwarded-For changes nothing, and is warned of once.
func TestSpoof(t *testing.T) {
	st := testServer(t)
	st.restrict(true, "192.0.2.0/24", false)
	session := st.session("admin@acme.test")
	for range 3 {
		w := st.do(call{method: "GET", path: "/api/v2/users/me", session: session, client: outside,
			header: http.Header{"X-Forwarded-For": {inside}}})
		if o := st.object(w, http.StatusForbidden); o["error"] != "IPRestricted" ||
			!strings.Contains(o["description"].(string), outside) {
			t.Errorf("answer %v", o)
		}
	}
	if n := strings.Count(st.log.String(), "X-Forwarded-For is ignored"); n != 1 {
		t.Errorf("warned %d times", n)
	}
}

// TestStandingSession: a change of the ranges holds for a session that stands, at once.
func TestStandingSession(t *testing.T) {
	st := testServer(t)
	do := st.as("agent@acme.test")
	if w := do("GET", "/api/v2/users/me", ""); w.Code != http.StatusOK {
		t.Fatal(w.Code)
	}
	st.restrict(true, "203.0.113.0/24", true)
	if w := do("GET", "/api/v2/users/me", ""); w.Code != http.StatusForbidden {
		t.Errorf("an agent from outside: %d", w.Code)
	}
	if w := st.as("ann@example.com")("GET", "/api/v2/users/me", ""); w.Code != http.StatusOK {
		t.Errorf("a customer who bypasses: %d", w.Code)
	}
	st.restrict(false, "", false)
	if w := do("GET", "/api/v2/users/me", ""); w.Code != http.StatusOK {
		t.Errorf("after all: %d", w.Code)
	}
}

// A listener reads a stream of events.
type listener struct {
	*site
	answer *http.Response
	lines  *bufio.Scanner
	ctx    context.Context
}

// listen opens a stream of events on a true connection.
func (st *site) listen(session string) *listener {
	st.Helper()
	st.server.streams.every = 5 * time.Millisecond
	web := httptest.NewServer(st.web)
	st.Cleanup(web.Close)
	return st.listenAt(web.URL, session)
}

func (st *site) listenAt(base, session string) *listener {
	st.Helper()
	ctx, cancel := context.WithTimeout(st.Context(), patience)
	st.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", base+"/api/v2/events", nil)
	st.must(err)
	r.AddCookie(&http.Cookie{Name: "gatepost", Value: session})
	answer, err := http.DefaultClient.Do(r)
	st.must(err)
	st.Cleanup(func() { _ = answer.Body.Close() })
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		st.Fatalf("%d %s", answer.StatusCode, kind)
	}
	return &listener{st, answer, bufio.NewScanner(answer.Body), ctx}
}

// patience is how long a test waits for a stream, which takes milliseconds.
const patience = 20 * time.Second

// next is the next event and its data; "end" when the stream has ended.
func (l *listener) next() (event, data string) {
	for l.lines.Scan() {
		name, value, _ := strings.Cut(l.lines.Text(), ": ")
		switch name {
		case "event":
			event = value
		case "data":
			return event, value
		}
	}
	l.must(l.ctx.Err()) // it did not end by itself
	return "end", ""
}

// wants reads events until one is event, and holds its data against a part of it.
func (l *listener) wants(event, part string) {
	l.Helper()
	for {
		got, data := l.next()
		if got == event && strings.Contains(data, part) {
			return
		}
		if got == "end" {
			l.Fatalf("the stream ended, no %s came with %q", event, part)
		}
	}
}

func (l *listener) ends() {
	l.Helper()
	for {
		if event, _ := l.next(); event == "end" {
			return
		}
	}
}

// TestEvents: what happens is told once, and what was before is not told.
func TestEvents(t *testing.T) {
	st := testServer(t)
	st.hold("before")
	l := st.listen(st.session("agent@acme.test"))
	exactly := func(event, part string) {
		t.Helper()
		if got, data := l.next(); got != event || !strings.Contains(data, part) {
			t.Fatalf("%s %s, want %s with %s", got, data, event, part)
		}
	}
	exactly("counts", `"held":1`)
	second := st.hold("second")
	exactly("new", `"id":`+itoa(second))
	exactly("counts", `"held":2`)
	third := st.hold("third")
	exactly("new", `"id":`+itoa(third))
	exactly("counts", `"held":3`)
	do := st.as("agent@acme.test")
	st.object(do("PUT", "/api/v2/suspended_tickets/"+itoa(second)+"/recover", ""), 200)
	exactly("recovered", `"by":"agent@acme.test","id":`+itoa(second))
	exactly("counts", `"held":2`)
	do("DELETE", "/api/v2/suspended_tickets/"+itoa(third), "")
	exactly("deleted", `"id":`+itoa(third))
	exactly("counts", `"held":1`)
}

// TestStreamsAreCut: whoever may not stay is not told any more.
func TestStreamsAreCut(t *testing.T) {
	ctx := context.Background()
	const agent = "agent@acme.test"
	for name, end := range map[string]func(st *site, session string) error{
		"access": func(st *site, _ string) error {
			st.restrict(true, "192.0.2.0/24", true)
			return nil
		},
		"suspended": func(st *site, _ string) error {
			return st.hand().SetSuspended(ctx, st.address(agent), true)
		},
		"role": func(st *site, _ string) error {
			return st.hand().SetRole(ctx, st.address(agent), policy.EndUser)
		},
		"session": func(st *site, session string) error { return st.db.EndSession(ctx, session) },
		"password": func(st *site, _ string) error {
			return st.hand().SetPassword(ctx, st.address(agent), "x")
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := testServer(t)
			session := st.session("agent@acme.test")
			l := st.listen(session)
			l.wants("counts", "")
			st.must(end(st, session))
			l.ends()
		})
	}
}

// TestIdleStream: to listen is no use of a session, and neither is what the script fetches
// because of an event. With the session the stream ends, and a person is led to sign in.
func TestIdleStream(t *testing.T) {
	for name, c := range map[string]struct {
		looks  bool
		header http.Header
		stays  bool
	}{
		"listened":  {},
		"refreshed": {looks: true, header: http.Header{refreshHeader: {"1"}}},
		"used":      {looks: true, stays: true},
	} {
		t.Run(name, func(t *testing.T) {
			st := testServer(t)
			session := st.session("agent@acme.test")
			look := call{method: "GET", path: "/tickets", session: session, header: c.header}
			l := st.listen(session)
			st.clock.move(8 * time.Hour)
			st.hold("one")
			l.wants("new", "") // so it has been seen who listens
			if c.looks && st.do(look).Code != http.StatusOK {
				t.Fatal("it ended too early")
			}
			st.clock.move(8 * time.Hour)
			if c.stays {
				st.hold("two")
				l.wants("new", "")
				return
			}
			l.ends()
			look.header = nil
			if to := st.do(look).Header().Get("Location"); to != "/sign-in?next=%2Ftickets" {
				t.Errorf("after 16 hours it leads to %q", to)
			}
		})
	}
}

// TestTooManyStreams: a profile has some, and no more.
func TestTooManyStreams(t *testing.T) {
	st := newStreams()
	for range maxPerOwner {
		if !st.take(1) {
			t.Fatal("refused")
		}
	}
	if st.take(1) || !st.take(2) {
		t.Error("the limit is not one of each profile")
	}
	st.leave(1)
	if !st.take(1) {
		t.Error("a stream that was left still counts")
	}
}

// TestBusy: who comes too often is told when to come again.
func TestBusy(t *testing.T) {
	st := testServer(t)
	do := st.as("agent@acme.test")
	me := st.object(do("GET", "/api/v2/users/me", ""), 200)
	for range maxPerOwner {
		st.server.streams.take(int64(at(me, "user", "id").(float64)))
	}
	w := do("GET", "/api/v2/events", "")
	st.wants(st.object(w, http.StatusServiceUnavailable), "TooManyStreams", "error")
	if w.Header().Get("Retry-After") != "21" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
}

// TestRun: the server ends though a stream stands.
func TestRun(t *testing.T) {
	st := testServer(t)
	ctx, stop := context.WithCancel(context.Background())
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	st.must(err)
	ended := make(chan error)
	go func() { ended <- st.server.Run(ctx, l) }()
	stream := st.listenAt("http://"+l.Addr().String(), st.session("agent@acme.test"))
	stream.wants("counts", "")
	stop()
	stream.ends()
	st.must(<-ended)
}

// TestLockout: an admin is not shut out by their own change, unless they insist.
func TestLockout(t *testing.T) {
	st := testServer(t)
	do := st.as("admin@acme.test")
	body := `{"security_settings":{"ip":{"ip_restriction_enabled":true,"ip_ranges":"203.0.113.0/24"}}`
	o := st.object(do("PUT", "/api/v2/security_settings", body+`}`), 422)
	text, _ := at(o, "details", "ip_ranges", 0, "description").(string)
	if !strings.Contains(text, inside) {
		t.Errorf("answer %v", o)
	}
	if a, err := st.db.Access(t.Context()); err != nil || a.Enabled {
		t.Fatal("it was changed", err)
	}
	o = st.object(do("PUT", "/api/v2/security_settings", body+`,"force":true}`), 200)
	if at(o, "security_settings", "ip", "ip_ranges") != "203.0.113.0/24" {
		t.Errorf("answer %v", o)
	}
	st.object(do("GET", "/api/v2/security_settings", ""), 403)
}

func TestSecuritySettings(t *testing.T) {
	st := testServer(t)
	secret, _ := st.token("agent@acme.test")
	st.token("agent@acme.test") // never used, and so from nowhere
	me := call{method: "GET", path: "/api/v2/users/me", token: secret, client: outside}
	st.object(st.do(me), 200)
	do := st.as("admin@acme.test")
	put := func(ip string, status int) map[string]any {
		t.Helper()
		return st.object(do("PUT", "/api/v2/security_settings",
			`{"security_settings":{"ip":`+ip+`}}`), status)
	}
	put(`{"ip_restriction_enabled":true}`, 422) // without a range
	o := put(`{"ip_ranges":"192.0.2.77/25 0.0.0.0/0"}`, 422)
	if len(at(o, "details", "ip_ranges").([]any)) != 2 {
		t.Errorf("problems %v", o)
	}
	o = put(`{"ip_restriction_enabled":true,"ip_ranges":"192.0.2.0/24",
		"enable_agent_ip_restrictions":true}`, 200)
	st.wants(o, "agent@acme.test", "shut_out_tokens", 0, "owner")
	st.has(o, 1, "shut_out_tokens")
	o = put(`{"ip_ranges":"192.0.2.0/25"}`, 200) // the rest stays
	ip := at(o, "security_settings", "ip").(map[string]any)
	if ip["ip_restriction_enabled"] != true || ip["enable_agent_ip_restrictions"] != true {
		t.Errorf("settings %v", ip)
	}
	st.object(st.do(me), 403)
	st.wants(o, 2.0, "security_settings", "generation")
	do = st.as("admin@acme.test")
	at := func(generation string, status int) map[string]any {
		t.Helper()
		return st.object(do("PUT", "/api/v2/security_settings", `{"security_settings":{"generation":`+
			generation+`,"ip":{"ip_ranges":"192.0.2.0/26"}}}`), status)
	}
	st.wants(at("1", 409), "Conflict", "error")
	st.wants(at("2", 200), 3.0, "security_settings", "generation")
	st.wants(at("1", 200), 3.0, "security_settings", "generation") // it stands already
}
