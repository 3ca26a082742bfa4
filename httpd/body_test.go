package httpd_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

const second = "second@acme.test"

// shutOuts are how an admin who asks for something ceases to be let in meanwhile.
func shutOuts() map[string]func(st *httpdtest.Site, session string, token int64) error {
	ctx := context.Background()
	return map[string]func(st *httpdtest.Site, session string, token int64) error{
		"suspended": func(st *httpdtest.Site, _ string, _ int64) error {
			return st.Editor().SetSuspended(ctx, st.Address(second), true)
		},
		"removed": func(st *httpdtest.Site, _ string, _ int64) error {
			return st.Editor().RemoveUser(ctx, st.Address(second))
		},
		"demoted": func(st *httpdtest.Site, _ string, _ int64) error {
			return st.Editor().SetRole(ctx, st.Address(second), policy.Agent)
		},
		"restricted": func(st *httpdtest.Site, _ string, _ int64) error {
			st.Restrict(true, "203.0.113.0/24", false)
			return nil
		},
		"ended": func(st *httpdtest.Site, session string, token int64) error {
			if err := st.DB.EndSession(ctx, session); err != nil {
				return err
			}
			return st.Editor().RevokeToken(ctx, token)
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
		"api": {Method: "POST", Path: "/api/v2/users",
			Body: `{"user":{"email":"door@acme.test","role":"admin"}}`},
		"settings": {Method: "PUT", Path: "/api/v2/security_settings", Body: `{"force":true,` +
			`"security_settings":{"ip":{"ip_restriction_enabled":false,"ip_ranges":"0.0.0.0/0"}}}`},
		"page": {Method: "POST", Path: "/users", Header: form,
			Body: "email=door%40acme.test&role=admin"},
	} {
		for way, shutOut := range shutOuts() {
			t.Run(name+" "+way, func(t *testing.T) {
				st := testServer(t)
				st.User(second, policy.Admin)
				secret, id := st.Token(second)
				session := st.Session(second)
				if c.Token, c.Session = secret, ""; name == "page" {
					c.Token, c.Session = "", session
				}
				var changes int
				w := st.Held(c, func() {
					st.Must(shutOut(st, session, id))
					changes = st.Changes()
				})
				want := status[way]
				if name == "page" && want == 401 {
					want = http.StatusSeeOther
				}
				late := st.Do(c)
				if w.Code != want || late.Code != want || w.Body.String() != late.Body.String() ||
					w.Header().Get("Location") != late.Header().Get("Location") {
					t.Errorf("%d %s, but who comes now: %d %s", w.Code, w.Body, late.Code, late.Body)
				}
				if n := st.Changes() - changes; n != 0 {
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
	c := call{Method: "POST", Path: "/api/v2/users", Session: st.Session("admin@acme.test"),
		Body: `{"user":{"email":"bob@acme.test"}}`}
	st.Object(st.Held(c, func() {}), http.StatusCreated)
	body, send := io.Pipe()
	st.Must(send.CloseWithError(io.ErrUnexpectedEOF))
	w, changes := httptest.NewRecorder(), st.Changes()
	st.Web.ServeHTTP(w, st.Request(c, body))
	st.Wants(st.Object(w, http.StatusBadRequest), "BadRequest", "error")
	if n := st.Changes() - changes; n != 0 {
		t.Errorf("%d changes were made", n)
	}
}

// To sign in is asked after the form: neither who was suspended nor who comes from elsewhere
// now has a session.
func TestHeldSignIn(t *testing.T) {
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for _, way := range []string{"suspended", "restricted"} {
		st := testServer(t)
		st.User(second, policy.Admin)
		st.Password("admin@acme.test", "horse battery")
		st.Password(second, "horse battery")
		w := st.Held(call{Method: "POST", Path: "/sign-in", Header: form,
			Body: "email=second%40acme.test&password=horse+battery"}, func() {
			st.Must(shutOuts()[way](st, "", 0))
		})
		if w.Code != 422 || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d, cookie %q", way, w.Code, w.Header().Get("Set-Cookie"))
		}
	}
}

// Who is refused has used nothing: the last client of a token is the last from which it was
// let through.
func TestRefusedIsNoUseOfToken(t *testing.T) {
	st := testServer(t)
	st.Restrict(true, "192.0.2.0/24", false)
	secret, id := st.Token("agent@acme.test")
	first := st.Clock.Now()
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
		w := st.Do(call{Method: "GET", Path: c.path, Client: c.client, Token: secret})
		want := inside
		if c.used > 0 {
			want = c.client
		}
		last := st.LastUse(id)
		if w.Code != c.status || last.LastClient != want || last.LastUsedAt == nil ||
			!last.LastUsedAt.Equal(first.Add(c.used)) {
			t.Errorf("%s from %s: %d, used at %v from %s", c.path, c.client, w.Code,
				last.LastUsedAt, last.LastClient)
		}
		st.Clock.Move(2 * time.Minute)
	}
}

// A session that is only ever refused, or shows what is exempt, is idle.
func TestRefusedIsNoUseOfSession(t *testing.T) {
	for name, c := range map[string]struct {
		call
		ends bool
	}{
		"restricted":  {call{Path: "/rules", Client: outside}, true},
		"exempt":      {call{Path: "/static/console.css"}, true},
		"no role":     {call{Path: "/rules"}, true},
		"let through": {call{Path: "/tickets"}, false},
	} {
		st := testServer(t)
		st.Restrict(true, "192.0.2.0/24", false)
		c.Method, c.Session = "GET", st.Session("agent@acme.test")
		for range 2 {
			st.Clock.Move(7 * time.Hour)
			st.Do(c.call)
		}
		w := st.Do(call{Method: "GET", Path: "/api/v2/users/me", Session: c.Session})
		if ended := w.Code == http.StatusUnauthorized; ended != c.ends {
			t.Errorf("%s: %d after 14 hours", name, w.Code)
		}
	}
}
