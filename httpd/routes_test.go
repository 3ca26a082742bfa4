package httpd_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"gatepost/httpd"
	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// A guest is somebody who tries every route.
type guest struct {
	name           string
	session, token string
	role           policy.Role
	known          bool
}

// guests are everybody there is. The token of a guest is known to the API only.
func guests(st *httpdtest.Site) []guest {
	ctx := context.Background()
	all := []guest{{name: "no session"}}
	for name, email := range map[string]string{"end-user": "ann@example.com",
		"agent": "agent@acme.test", "admin": "admin@acme.test"} {
		role, err := policy.ParseRole(name)
		st.Must(err)
		secret, _ := st.Token(email)
		all = append(all, guest{name, st.Session(email), "", role, true},
			guest{name + "'s token", "", secret, role, true})
	}
	secret, id := st.Token("admin@acme.test")
	st.Must(st.Editor().RevokeToken(ctx, id))
	all = append(all, guest{name: "revoked token", token: secret})
	st.User("gone@acme.test", policy.Admin)
	secret, _ = st.Token("gone@acme.test")
	all = append(all, guest{name: "suspended admin", session: st.Session("gone@acme.test")},
		guest{name: "suspended admin's token", token: secret})
	st.Must(st.Editor().SetSuspended(ctx, st.Address("gone@acme.test"), true))
	return all
}

// filled is a pattern with something in its place, and its method.
func filled(pattern string) (method, path string) {
	method, path, found := strings.Cut(pattern, " ")
	if !found {
		return http.MethodGet, "/no/such/path"
	}
	return method, strings.NewReplacer("{id}", "999999", "{list}", "block", "{number}", "1",
		"{n}", "0", "{name}", "spam", "{file}", "console.css", "{$}", "").Replace(path)
}

// outcome is what a guest gets, in the one word that access is about.
func outcome(w *httptest.ResponseRecorder) string {
	body := w.Body.String()
	switch {
	case w.Code == http.StatusUnauthorized,
		w.Code == http.StatusSeeOther && strings.HasPrefix(w.Header().Get("Location"), "/sign-in?"),
		w.Code == http.StatusSeeOther && w.Header().Get("Location") == "/sign-in":
		return "unknown"
	case w.Code == http.StatusForbidden && strings.Contains(body, "in none of the allowed ranges"):
		return "outside"
	case w.Code == http.StatusForbidden:
		return "forbidden"
	}
	return "answered"
}

// expected is what rules.md and api.md say, without the code that does it.
func expected(rt httpd.Route, g guest, client string, enabled, bypass bool) string {
	if rt.Exempt == "" && enabled && client == outside {
		customer := g.known && g.role == policy.EndUser
		if !bypass || rt.Role != httpd.SigningIn && !customer {
			return "outside"
		}
	}
	switch {
	case rt.Role <= httpd.SigningIn:
		return "answered"
	case !g.known:
		return "unknown"
	case rt.Role > httpd.EndUser && g.role == policy.EndUser, rt.Role == httpd.Admin && g.role != policy.Admin:
		return "forbidden"
	}
	return "answered"
}

// TestEveryRoute walks the table of routes itself: one that is added later is tried too.
func TestEveryRoute(t *testing.T) {
	st := testServer(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // streams of events end at once
	st.Web = st.Server.Handler(ctx)
	all := guests(st)
	for _, setting := range []struct{ enabled, bypass bool }{
		{false, false}, {true, false}, {true, true},
	} {
		for _, rt := range st.Server.Routes() {
			for _, client := range []string{inside, outside} {
				for i := range all {
					tryRoute(st, rt, &all[i], client, setting.enabled, setting.bypass)
				}
			}
		}
	}
}

func tryRoute(st *httpdtest.Site, rt httpd.Route, g *guest, client string, enabled, bypass bool) {
	st.Helper()
	st.Restrict(enabled, "192.0.2.0/24", bypass) // a form may have changed it
	method, path := filled(rt.Pattern)
	seen := *g
	if seen.token != "" && !strings.HasPrefix(path, "/api/") {
		seen.known = false // a token opens the API and nothing else
	}
	want := expected(rt, seen, client, enabled, bypass)
	w := st.Do(call{Method: method, Path: path, Session: g.session, Token: g.token, Client: client})
	got := outcome(w)
	switch path {
	case "/metrics": // has ranges of its own, of which the test is none
		want = "forbidden"
	case "/sign-out": // leads to the sign-in, and ends what it was asked to
		want = "unknown"
		if g.session != "" && g.known {
			g.session = st.Session(map[policy.Role]string{policy.EndUser: "ann@example.com",
				policy.Agent: "agent@acme.test", policy.Admin: "admin@acme.test"}[g.role])
		}
	}
	if got != want {
		st.Errorf("%s by %s from %s (enabled %t, bypass %t): %s, want %s (%d %s)", rt.Pattern,
			g.name, client, enabled, bypass, got, want, w.Code, first(w.Body.String()))
	}
	if w.Code >= 500 {
		st.Errorf("%s by %s: %d", rt.Pattern, g.name, w.Code)
	}
}

func first(text string) string { return text[:min(len(text), 200)] }

// TestExempt freezes what answers from anywhere, with the walk itself as the judge.
func TestExempt(t *testing.T) {
	st := testServer(t)
	st.Restrict(true, "192.0.2.0/24", false)
	var got []string
	for _, rt := range st.Server.Routes() {
		method, path := filled(rt.Pattern)
		w := st.Do(call{Method: method, Path: path, Client: outside})
		if outcome(w) == "outside" {
			continue
		}
		got = append(got, rt.Pattern)
		if rt.Exempt == "" {
			t.Errorf("%s answers from outside without a reason", rt.Pattern)
		}
	}
	want := []string{"GET /ips", "GET /livez", "GET /metrics", "GET /readyz", "GET /static/{file}",
		"POST /sign-out"}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("from outside answer %q, want %q", got, want)
	}
	var listed []string
	for _, e := range st.Server.Exempt() {
		listed = append(listed, e.Endpoint)
	}
	if slices.Sort(listed); !slices.Equal(listed, want) {
		t.Errorf("the table has %q, want %q", listed, want)
	}
}

// TestSuffix: the vendor's clients write .json or not.
func TestSuffix(t *testing.T) {
	st := testServer(t)
	id := st.Hold("one")
	do := st.As("agent@acme.test")
	for _, path := range []string{"/api/v2/suspended_tickets.json",
		"/api/v2/suspended_tickets/" + fmt.Sprint(id) + ".json"} {
		st.Object(do("GET", path, ""), http.StatusOK)
	}
	st.Object(do("PUT", "/api/v2/suspended_tickets/"+fmt.Sprint(id)+"/recover.json", "{}"), http.StatusOK)
}

func TestMethods(t *testing.T) {
	st := testServer(t)
	do := st.As("admin@acme.test")
	w := do("POST", "/api/v2/suspended_tickets", "")
	if w.Code != http.StatusMethodNotAllowed || !strings.Contains(w.Header().Get("Allow"), "GET") {
		t.Errorf("%d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	if w := do("GET", "/api/v2/nothing", ""); st.Object(w, 404)["error"] != "RecordNotFound" {
		t.Errorf("unknown path: %s", w.Body)
	}
}

// TestUnclean: a path that ServeMux would mend answers like any other that is no route.
func TestUnclean(t *testing.T) {
	st := testServer(t)
	st.Restrict(true, "192.0.2.0/24", false)
	for _, path := range []string{"//livez", "/api/v2/../v2/tickets", "/./sign-in",
		"/api/v2/tickets/..json", "/api/v2/tickets/...json", "/api/v2/tickets//.json",
		"/api/v2/tickets/%2f.json", "/api/v2/tickets/%2e.json"} {
		if w := st.Do(call{Method: "GET", Path: path, Client: outside}); outcome(w) != "outside" {
			t.Errorf("%s from outside: %d", path, w.Code)
		}
		if w := st.Do(call{Method: "GET", Path: path}); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
		if w := st.Do(call{Method: "GET", Path: "/livez"}); w.Code != http.StatusOK {
			t.Errorf("/livez after %s: %d", path, w.Code)
		}
	}
}

// TestNoPath: what asks for no path is answered by nobody but us either.
func TestNoPath(t *testing.T) {
	st := testServer(t)
	st.Restrict(true, "192.0.2.0/24", false)
	base, _ := st.Run(func(l net.Listener) net.Listener { return l })
	for _, line := range []string{"OPTIONS *", "GET *", "CONNECT localhost:80"} {
		conn, err := net.Dial("tcp", base)
		st.Must(err)
		st.Must(conn.SetDeadline(time.Now().Add(httpdtest.Patience)))
		_, err = io.WriteString(conn, line+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
		st.Must(err)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		st.Must(err)
		if answer.StatusCode != http.StatusForbidden || answer.Header.Get("X-Frame-Options") == "" {
			t.Errorf("%s: %d %v", line, answer.StatusCode, answer.Header)
		}
		st.Must(conn.Close())
	}
}

// TestPanic: a bug of ours is logged, and no half answer looks whole.
func TestPanic(t *testing.T) {
	st := testServer(t)
	st.Server.Ready = func(context.Context) error { panic("a bug") }
	defer func() {
		if recover() != http.ErrAbortHandler || !strings.Contains(st.Log.String(), "a bug") {
			t.Errorf("log:\n%s", st.Log)
		}
	}()
	st.Do(call{Method: "GET", Path: "/readyz"})
}
