package httpd

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
	"gatepost/store"
)

// held sends a call whose body stops after its first half, until the change is made.
func (st *site) held(c call, change func()) *httptest.ResponseRecorder {
	st.Helper()
	body, send := io.Pipe()
	w, answered := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(answered)
		defer func() { _ = body.Close() }() // who is answered early waits for nothing
		st.web.ServeHTTP(w, st.request(c, body))
	}()
	half := len(c.body) / 2
	_, err := io.WriteString(send, c.body[:half]) // which returns when it was read
	st.must(err)
	change()
	_, err = io.WriteString(send, c.body[half:])
	st.must(err)
	st.must(send.Close())
	<-answered
	return w
}

// changes are how many there are in the audit log.
func (st *site) changes() (n int) {
	st.Helper()
	for _, err := range st.db.AuditLog(context.Background(), store.AuditQuery{}) {
		st.must(err)
		n++
	}
	return n
}

const second = "second@acme.test"

// shutOuts are how an admin who asks for something ceases to be let in meanwhile.
func shutOuts() map[string]func(st *site, session string, token int64) error {
	ctx := context.Background()
	return map[string]func(st *site, session string, token int64) error{
		"suspended": func(st *site, _ string, _ int64) error {
			return st.hand().SetSuspended(ctx, st.address(second), true)
		},
		"removed": func(st *site, _ string, _ int64) error {
			return st.hand().RemoveUser(ctx, st.address(second))
		},
		"demoted": func(st *site, _ string, _ int64) error {
			return st.hand().SetRole(ctx, st.address(second), policy.Agent)
		},
		"restricted": func(st *site, _ string, _ int64) error {
			st.restrict(true, "203.0.113.0/24", false)
			return nil
		},
		"ended": func(st *site, session string, token int64) error {
			if err := st.db.EndSession(ctx, session); err != nil {
				return err
			}
			return st.hand().RevokeToken(ctx, token)
		},
	}
}

// What was begun while somebody might is not done when they may not any more: the answer is
// that of the door to who comes only now.
func TestHeldBodyIsAskedAgain(t *testing.T) {
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	status := map[string]int{"demoted": 403, "restricted": 403, "suspended": 401, "removed": 401,
		"ended": 401}
	for name, c := range map[string]call{
		"api": {method: "POST", path: "/api/v2/users",
			body: `{"user":{"email":"door@acme.test","role":"admin"}}`},
		"settings": {method: "PUT", path: "/api/v2/security_settings", body: `{"force":true,` +
			`"security_settings":{"ip":{"ip_restriction_enabled":false,"ip_ranges":"0.0.0.0/0"}}}`},
		"page": {method: "POST", path: "/users", header: form,
			body: "email=door%40acme.test&role=admin"},
	} {
		for way, shutOut := range shutOuts() {
			t.Run(name+" "+way, func(t *testing.T) {
				st := testServer(t)
				st.user(second, policy.Admin)
				secret, id := st.token(second)
				session := st.session(second)
				if c.token, c.session = secret, ""; name == "page" {
					c.token, c.session = "", session
				}
				var changes int
				w := st.held(c, func() {
					st.must(shutOut(st, session, id))
					changes = st.changes()
				})
				want := status[way]
				if name == "page" && want == 401 {
					want = http.StatusSeeOther
				}
				late := st.do(c)
				if w.Code != want || late.Code != want || w.Body.String() != late.Body.String() ||
					w.Header().Get("Location") != late.Header().Get("Location") {
					t.Errorf("%d %s, but who comes now: %d %s", w.Code, w.Body, late.Code, late.Body)
				}
				if n := st.changes() - changes; n != 0 {
					t.Errorf("%d changes were made", n)
				}
			})
		}
	}
}

// A body that comes late, of somebody who still may, does what it says; one that breaks off
// does nothing.
func TestHeldBodyOfWhoMay(t *testing.T) {
	st := testServer(t)
	c := call{method: "POST", path: "/api/v2/users", session: st.session("admin@acme.test"),
		body: `{"user":{"email":"bob@acme.test"}}`}
	st.object(st.held(c, func() {}), http.StatusCreated)
	body, send := io.Pipe()
	st.must(send.CloseWithError(io.ErrUnexpectedEOF))
	w, changes := httptest.NewRecorder(), st.changes()
	st.web.ServeHTTP(w, st.request(c, body))
	st.wants(st.object(w, http.StatusBadRequest), "BadRequest", "error")
	if n := st.changes() - changes; n != 0 {
		t.Errorf("%d changes were made", n)
	}
}

// To sign in is asked after the form: neither who was suspended nor who comes from elsewhere
// now has a session.
func TestHeldSignIn(t *testing.T) {
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for _, way := range []string{"suspended", "restricted"} {
		st := testServer(t)
		st.user(second, policy.Admin)
		st.password("admin@acme.test", "horse battery")
		st.password(second, "horse battery")
		w := st.held(call{method: "POST", path: "/sign-in", header: form,
			body: "email=second%40acme.test&password=horse+battery"}, func() {
			st.must(shutOuts()[way](st, "", 0))
		})
		if w.Code != 422 || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d, cookie %q", way, w.Code, w.Header().Get("Set-Cookie"))
		}
	}
}

// lastUse is when and from where a token was let through last.
func (st *site) lastUse(id int64) (last store.Token) {
	st.Helper()
	for token, err := range st.db.Tokens(context.Background()) {
		st.must(err)
		if token.ID == id {
			last = token
		}
	}
	return last
}

// Who is refused has used nothing: the last client of a token is the last from which it was
// let through.
func TestRefusedIsNoUseOfToken(t *testing.T) {
	st := testServer(t)
	st.restrict(true, "192.0.2.0/24", false)
	secret, id := st.token("agent@acme.test")
	first := st.clock.now()
	for _, c := range []struct {
		path, client string
		status       int
		used         time.Duration // after first
	}{
		{"/api/v2/users/me", inside, 200, 0},
		{"/api/v2/users/me", outside, 403, 0},
		{"/api/v2/rules", inside, 403, 0},
		{"/api/v2/users/me", "192.0.2.99", 200, 6 * time.Minute},
	} {
		w := st.do(call{method: "GET", path: c.path, client: c.client, token: secret})
		want := inside
		if c.used > 0 {
			want = c.client
		}
		last := st.lastUse(id)
		if w.Code != c.status || last.LastClient != want || last.LastUsedAt == nil ||
			!last.LastUsedAt.Equal(first.Add(c.used)) {
			t.Errorf("%s from %s: %d, used at %v from %s", c.path, c.client, w.Code,
				last.LastUsedAt, last.LastClient)
		}
		st.clock.move(2 * time.Minute)
	}
}

// A session that is only ever refused, or shows what is exempt, is idle.
func TestRefusedIsNoUseOfSession(t *testing.T) {
	for name, c := range map[string]struct {
		call
		ends bool
	}{
		"restricted":  {call{path: "/rules", client: outside}, true},
		"exempt":      {call{path: "/static/console.css"}, true},
		"no role":     {call{path: "/rules"}, true},
		"let through": {call{path: "/tickets"}, false},
	} {
		st := testServer(t)
		st.restrict(true, "192.0.2.0/24", false)
		c.method, c.session = "GET", st.session("agent@acme.test")
		for range 2 {
			st.clock.move(7 * time.Hour)
			st.do(c.call)
		}
		w := st.do(call{method: "GET", path: "/api/v2/users/me", session: c.session})
		if ended := w.Code == http.StatusUnauthorized; ended != c.ends {
			t.Errorf("%s: %d after 14 hours", name, w.Code)
		}
	}
}

// One change of two things gives at no moment what neither before nor after may be.
func TestChangeGivesNothingInBetween(t *testing.T) {
	for _, c := range []struct {
		role      policy.Role
		suspended bool
		body      string
		want      []string
	}{
		{policy.Admin, true, `{"suspended":false,"role":"end-user"}`,
			[]string{"user.role", "user.unsuspend"}},
		{policy.Agent, true, `{"suspended":false,"role":"admin"}`,
			[]string{"user.role", "user.unsuspend"}},
		{policy.Agent, false, `{"suspended":true,"role":"admin"}`,
			[]string{"user.suspend", "user.role"}},
	} {
		st := testServer(t)
		st.user(second, c.role)
		st.must(st.hand().SetSuspended(t.Context(), st.address(second), c.suspended))
		u, err := st.db.User(t.Context(), st.address(second))
		st.must(err)
		w := st.as("admin@acme.test")("PUT", "/api/v2/users/"+itoa(u.ID), `{"user":`+c.body+`}`)
		st.object(w, http.StatusOK)
		var done []string // the newest first
		for e, err := range st.db.AuditLog(t.Context(), store.AuditQuery{Limit: 2}) {
			st.must(err)
			done = append(done, e.Action)
		}
		if len(done) != 2 || done[1] != c.want[0] || done[0] != c.want[1] {
			t.Errorf("%s: %v, the newest first; want %v in turn", c.body, done, c.want)
		}
	}
}

// A program that listens uses its token as long as it does.
func TestListeningIsUseOfToken(t *testing.T) {
	st := testServer(t)
	st.server.streams.every = 5 * time.Millisecond
	web := httptest.NewServer(st.web)
	t.Cleanup(web.Close)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", web.URL+EventsPath, nil)
	st.must(err)
	secret, id := st.token("agent@acme.test")
	r.Header.Set("Authorization", "Bearer "+secret)
	answer, err := http.DefaultClient.Do(r)
	st.must(err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	l := &listener{st, answer, bufio.NewScanner(answer.Body), ctx}
	l.wants("counts", "")
	st.clock.move(time.Hour)
	for _, subject := range []string{"one", "two"} { // who was asked for one may have been before
		st.hold(subject)
		l.wants("new", "")
	}
	if last := st.lastUse(id); !last.LastUsedAt.Equal(st.clock.now()) {
		t.Errorf("used last at %s, and it is %s", last.LastUsedAt, st.clock.now())
	}
}

// TestMisspelt: what is ours alone is not passed over, or a script would believe that it has
// locked the door.
func TestMisspelt(t *testing.T) {
	st := testServer(t)
	do := st.as("admin@acme.test")
	for _, c := range []struct{ path, body, says string }{
		{"rules", `{"rules":{"blocklist":"a.test"},"generation":0}`, "generation"},
		{"rules", `{"rules":{"blocklist":"a.test","generaton":0}}`, "generaton"},
		{"rules", `{"rules":{"blocklist":"a.test","generation":"0"}}`, "generation is not to be of the kind string"},
		{"security_settings", `{"security_settings":{"enabled":true}}`, "enabled"},
		{"security_settings", `{"security_settings":{"ip":{"ranges":"192.0.2.0/24"}}}`, "ranges"},
		{"security_settings", `{"security_settings":{}}`, "name what to change"},
	} {
		w := do("PUT", "/api/v2/"+c.path, c.body)
		if w.Code != 422 || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s", c.body, w.Code, w.Body)
		}
	}
	if list := st.list(policy.Block); list != "" {
		t.Errorf("the blocklist is %q", list)
	}
}
