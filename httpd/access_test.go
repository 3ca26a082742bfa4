package httpd_test

import (
	"context"
	"iter"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// TestSilentProxy: whom a proxy of ours does not name has none of its privileges, and is warned
// of once.
func TestSilentProxy(t *testing.T) {
	st := testServer(t)
	const proxy = "10.0.0.1"
	st.Server.Proxies = httpdtest.Ranges(t, "10.0.0.0/8")
	st.Restrict(true, "10.0.0.0/8 192.0.2.0/24", false)
	session := st.Session("admin@acme.test")
	for _, line := range []string{"", proxy, "unknown", outside} {
		header := http.Header{}
		if line != "" {
			header.Set("X-Forwarded-For", line)
		}
		w := st.Do(call{Method: "GET", Path: "/api/v2/users/me", Session: session, Client: proxy,
			Header: header})
		if w.Code != http.StatusForbidden {
			t.Errorf("X-Forwarded-For %q: %d", line, w.Code)
		}
	}
	w := st.Do(call{Method: "GET", Path: "/", Session: session, Client: proxy})
	if !strings.Contains(w.Body.String(), "the address is unknown") {
		t.Errorf("not said: %s", w.Body)
	}
	w = st.Do(call{Method: "GET", Path: "/api/v2/users/me", Session: session, Client: proxy,
		Header: http.Header{"X-Forwarded-For": {inside}}})
	if w.Code != http.StatusOK {
		t.Errorf("who is named, and inside: %d", w.Code)
	}
	if n := strings.Count(st.Log.String(), "sent no X-Forwarded-For"); n != 1 {
		t.Errorf("warned %d times", n)
	}
}

// TestSpoof: a stranger's X-Forwarded-For changes nothing, and is warned of once.
func TestSpoof(t *testing.T) {
	st := testServer(t)
	st.Restrict(true, "192.0.2.0/24", false)
	session := st.Session("admin@acme.test")
	for range 3 {
		w := st.Do(call{Method: "GET", Path: "/api/v2/users/me", Session: session, Client: outside,
			Header: http.Header{"X-Forwarded-For": {inside}}})
		if o := st.Object(w, http.StatusForbidden); o["error"] != "IPRestricted" ||
			!strings.Contains(o["description"].(string), outside) {
			t.Errorf("answer %v", o)
		}
	}
	if n := strings.Count(st.Log.String(), "X-Forwarded-For is ignored"); n != 1 {
		t.Errorf("warned %d times", n)
	}
}

// TestStandingSession: a change of the ranges holds for a session that stands, at once.
func TestStandingSession(t *testing.T) {
	st := testServer(t)
	do := st.As("agent@acme.test")
	if w := do("GET", "/api/v2/users/me", ""); w.Code != http.StatusOK {
		t.Fatal(w.Code)
	}
	st.Restrict(true, "203.0.113.0/24", true)
	if w := do("GET", "/api/v2/users/me", ""); w.Code != http.StatusForbidden {
		t.Errorf("an agent from outside: %d", w.Code)
	}
	if w := st.As("ann@example.com")("GET", "/api/v2/users/me", ""); w.Code != http.StatusOK {
		t.Errorf("a customer who bypasses: %d", w.Code)
	}
	st.Restrict(false, "", false)
	if w := do("GET", "/api/v2/users/me", ""); w.Code != http.StatusOK {
		t.Errorf("after all: %d", w.Code)
	}
}

// TestShutOutOneReader: what restrictions would break is found out by one connection to the database at
// a time. If each who asks had one and waited for another they would wait for ever, all at once.
func TestShutOutOneReader(t *testing.T) {
	st := testServer(t)
	secret, id := st.Token("agent@acme.test")
	st.Do(call{Method: "GET", Path: "/api/v2/users/me", Token: secret, Client: outside})
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	for range max(4, runtime.GOMAXPROCS(0)) - 1 { // all but one
		next, end := iter.Pull2(st.DB.Tokens(ctx))
		defer end()
		if _, err, some := next(); err != nil || !some {
			t.Fatal(err)
		}
	}
	shut, err := st.Server.ShutOut(ctx, policy.Access{Enabled: true, Ranges: httpdtest.Ranges(t, "192.0.2.0/24")})
	if err != nil || len(shut) != 1 || shut[0].ID != id {
		t.Errorf("%+v, %v", shut, err)
	}
}
