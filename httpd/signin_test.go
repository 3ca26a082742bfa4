package httpd_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gatepost/httpd"
	"gatepost/policy"
)

// cookieOf is the session cookie that was set, nil if none was.
func cookieOf(w *httptest.ResponseRecorder) *http.Cookie {
	for _, c := range w.Result().Cookies() {
		if strings.HasSuffix(c.Name, "gatepost") {
			return c
		}
	}
	return nil
}

func TestSignIn(t *testing.T) {
	st := testServer(t)
	st.Password("admin@acme.test", "correct horse")
	w := st.SignIn("Admin@ACME.test", "correct horse", "/suspended?cause=loop", "", "")
	c := cookieOf(w)
	if w.Header().Get("Location") != "/suspended?cause=loop" || c == nil {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %s", c)
	}
	if w := st.Do(call{Method: "GET", Path: "/api/v2/users/me", Session: c.Value}); w.Code != 200 {
		t.Errorf("the session does not stand: %d", w.Code)
	}
	out := st.Do(call{Method: "POST", Path: "/sign-out", Session: c.Value, Client: outside})
	if gone := cookieOf(out); gone == nil || gone.MaxAge >= 0 || gone.Value != "" {
		t.Errorf("the cookie stays: %v", gone)
	}
	if w := st.Do(call{Method: "GET", Path: "/api/v2/users/me", Session: c.Value}); w.Code != 401 {
		t.Errorf("after signing out: %d", w.Code)
	}
}

// TestSecureCookie: under TLS the cookie has the prefix that no other host can set.
func TestSecureCookie(t *testing.T) {
	st := testServer(t)
	st.Server.Secure = true
	st.Password("admin@acme.test", "correct horse")
	c := cookieOf(st.SignIn("admin@acme.test", "correct horse", "", "", ""))
	if c == nil || c.Name != "__Host-gatepost" || !c.Secure || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %v", c)
	}
}

// TestFixation: who signs in gets a session of their own, and the one they came with ends.
func TestFixation(t *testing.T) {
	st := testServer(t)
	st.Password("admin@acme.test", "correct horse")
	planted := st.Session("ann@example.com")
	c := cookieOf(st.SignIn("admin@acme.test", "correct horse", "", planted, ""))
	if c == nil || c.Value == planted {
		t.Fatal("the session that was planted is used")
	}
	if w := st.Do(call{Method: "GET", Path: "/api/v2/users/me", Session: planted}); w.Code != 401 {
		t.Errorf("the session that was planted still stands: %d", w.Code)
	}
}

// TestWrong: nothing tells a name that is not known from a password that is wrong.
func TestWrong(t *testing.T) {
	st := testServer(t)
	st.Password("admin@acme.test", "correct horse")
	wrong := st.SignIn("admin@acme.test", "battery", "", "", "")
	unknown := st.SignIn("nobody@acme.test", "battery", "", "", "")
	same := strings.ReplaceAll(unknown.Body.String(), "nobody@", "admin@")
	if wrong.Code != 422 || unknown.Code != 422 || wrong.Body.String() != same {
		t.Errorf("%d and %d", wrong.Code, unknown.Code)
	}
	if cookieOf(wrong) != nil || cookieOf(unknown) != nil {
		t.Error("a session was opened")
	}
	if odd := st.SignIn("no address", "x", "", "", ""); odd.Code != 422 {
		t.Errorf("no address: %d", odd.Code)
	}
}

// TestNoAdmin: until somebody can administer this, nobody signs in.
func TestNoAdmin(t *testing.T) {
	st := testServer(t)
	st.Password("agent@acme.test", "correct horse")
	w := st.SignIn("agent@acme.test", "correct horse", "", "", "")
	if w.Code != 422 || cookieOf(w) != nil || strings.Contains(w.Body.String(), "<input") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestRoleAfterPassword: with bypass on the page answers from anywhere, and staff are refused
// once it is known that they are.
func TestRoleAfterPassword(t *testing.T) {
	st := testServer(t)
	for _, email := range []string{"admin@acme.test", "agent@acme.test", "ann@example.com"} {
		st.Password(email, "correct horse")
	}
	st.Restrict(true, "192.0.2.0/24", true)
	w := st.SignIn("agent@acme.test", "correct horse", "", "", outside)
	seen := strings.Contains(w.Body.String(), outside)
	if w.Code != http.StatusUnprocessableEntity || cookieOf(w) != nil || !seen {
		t.Errorf("an agent from outside: %d", w.Code)
	}
	w = st.SignIn("ann@example.com", "correct horse", "", "", outside)
	if c := cookieOf(w); w.Code != http.StatusSeeOther || c == nil {
		t.Errorf("a customer from outside: %d", w.Code)
	}
	st.Restrict(true, "192.0.2.0/24", false)
	if w := st.SignIn("ann@example.com", "correct horse", "", "", outside); w.Code != 403 {
		t.Errorf("a customer from outside, without bypass: %d", w.Code)
	}
}

// TestRefusedAlike: from where staff may not come nothing tells a right password from a wrong
// one, neither the answer nor how many more there are.
func TestRefusedAlike(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	st := testServer(t)
	st.Password("admin@acme.test", "correct horse")
	st.Password("agent@acme.test", "correct horse")
	st.Restrict(true, "192.0.2.0/24", true)
	for i := range httpd.AttemptsPerAccount + 1 {
		right := st.SignIn("agent@acme.test", "correct horse", "", "", outside)
		wrong := st.SignIn("admin@acme.test", "battery", "", "", outside)
		same := strings.ReplaceAll(wrong.Body.String(), "admin@", "agent@")
		if right.Code != wrong.Code || right.Body.String() != same {
			t.Fatalf("attempt %d: %d and %d", i, right.Code, wrong.Code)
		}
	}
}

// TestLimit: attempts are limited for an account and an address together, so that nobody is
// locked out by somebody else.
func TestLimit(t *testing.T) {
	st := testServer(t)
	st.Password("admin@acme.test", "correct horse")
	for i := range httpd.AttemptsPerAccount {
		if w := st.SignIn("admin@acme.test", "battery", "", "", outside); w.Code != 422 {
			t.Fatalf("attempt %d: %d", i, w.Code)
		}
	}
	w := st.SignIn("ADMIN@acme.test", "correct horse", "", "", outside)
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "901" {
		t.Errorf("%d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if w := st.SignIn("agent@acme.test", "battery", "", "", outside); w.Code != 422 {
		t.Errorf("another account: %d", w.Code)
	}
	if w := st.SignIn("admin@acme.test", "correct horse", "", "", inside); w.Code != 303 {
		t.Errorf("from another address: %d", w.Code)
	}
	st.Clock.Move(httpd.AttemptWindow)
	if w := st.SignIn("admin@acme.test", "correct horse", "", "", outside); w.Code != 303 {
		t.Errorf("afterwards: %d", w.Code)
	}
}

// TestCrossOrigin: another site cannot have a browser act with our cookie.
func TestCrossOrigin(t *testing.T) {
	st := testServer(t)
	id := st.Hold("one")
	session := st.Session("agent@acme.test")
	secret, _ := st.Token("agent@acme.test")
	path := "/api/v2/suspended_tickets/" + fmt.Sprint(id)
	for _, header := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}},
		{"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://example.com"}}} {
		for _, to := range []string{path, "/sign-out", "/sign-in"} {
			method := map[bool]string{true: "DELETE", false: "POST"}[to == path]
			w := st.Do(call{Method: method, Path: to, Session: session, Header: header})
			if w.Code != http.StatusForbidden {
				t.Errorf("%s %v: %d", to, header, w.Code)
			}
		}
	}
	w := st.Do(call{Method: "DELETE", Path: path, Token: secret,
		Header: http.Header{"Origin": {"https://example.com"}}})
	if w.Code != http.StatusNoContent {
		t.Errorf("a token: %d", w.Code)
	}
}

// TestHost: a name that is not ours is refused (DNS rebinding).
func TestHost(t *testing.T) {
	st := testServer(t)
	st.Server.Hosts = []string{"Gate.acme.test"}
	for host, want := range map[string]int{"gate.acme.test": 200, "GATE.acme.test.:8025": 200,
		"127.0.0.1:8025": 200, "[2001:db8::1]:8025": 200, "[2001:db8::1]": 200, "localhost": 200,
		"rebound.example.com": 421, "gate.acme.test.example.com": 421, "127.0.0.1.example.com": 421,
		"": 421} {
		s := *st
		r := httptest.NewRequest("GET", "/livez", nil)
		r.Host = host
		w := httptest.NewRecorder()
		s.Web.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("Host %q: %d, want %d", host, w.Code, want)
		}
	}
}

// TestTokens: the ways in which the vendor's clients send one, and what is none.
func TestTokens(t *testing.T) {
	st := testServer(t)
	secret, _ := st.Token("agent@acme.test")
	basic := func(name, password string) string {
		r := httptest.NewRequest("GET", "/", nil)
		r.SetBasicAuth(name, password)
		return r.Header.Get("Authorization")
	}
	for header, want := range map[string]int{
		"Bearer " + secret:                         200,
		"bearer  " + secret:                        200,
		basic("agent@acme.test/token", secret):     200,
		basic("Agent@ACME.test/token", secret):     200,
		basic("admin@acme.test/token", secret):     401, // somebody else's
		basic("agent@acme.test", secret):           401, // that would be a password
		basic("agent@acme.test/token", secret[1:]): 401,
		"Bearer":           401,
		"Digest " + secret: 401,
	} {
		w := st.Do(call{Method: "GET", Path: "/api/v2/users/me",
			Header: http.Header{"Authorization": {header}}})
		if w.Code != want {
			t.Errorf("%s: %d, want %d", header, w.Code, want)
		}
		if w.Code == 401 && !strings.HasPrefix(w.Header().Get("Www-Authenticate"), "Bearer ") {
			t.Errorf("the challenge is %q", w.Header().Get("Www-Authenticate"))
		}
	}
	// A token that is wrong is not made good by a session that is right.
	w := st.Do(call{Method: "GET", Path: "/api/v2/users/me", Token: "wrong",
		Session: st.Session("admin@acme.test")})
	if w.Code != 401 {
		t.Errorf("wrong token beside a session: %d", w.Code)
	}
}

// TestTokenRole: a token has the role that its owner has now.
func TestTokenRole(t *testing.T) {
	st := testServer(t)
	secret, _ := st.Token("agent@acme.test")
	st.Must(st.Editor().SetRole(t.Context(), st.Address("agent@acme.test"), policy.EndUser))
	w := st.Do(call{Method: "GET", Path: "/api/v2/suspended_tickets", Token: secret})
	if w.Code != http.StatusForbidden {
		t.Errorf("%d", w.Code)
	}
}

// TestStrictTransport: who came over TLS of ours is told to come no other way.
func TestStrictTransport(t *testing.T) {
	st := testServer(t)
	const header = "Strict-Transport-Security"
	r := st.Request(call{Method: "GET", Path: "/sign-in"}, strings.NewReader(""))
	w := httptest.NewRecorder()
	st.Web.ServeHTTP(w, r)
	if got := w.Header().Get(header); got != "" {
		t.Errorf("in the clear: %q", got)
	}
	r.TLS, w = &tls.ConnectionState{}, httptest.NewRecorder()
	st.Web.ServeHTTP(w, r)
	if got := w.Header().Get(header); got != "max-age=31536000" {
		t.Errorf("over TLS: %q", got)
	}
}

// TestFence: what holds for every answer, errors too.
func TestFence(t *testing.T) {
	st := testServer(t)
	for _, path := range []string{"/livez", "/sign-in", "/nowhere", "/api/v2/users/me", "/ips"} {
		h := st.Do(call{Method: "GET", Path: path}).Header()
		csp := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'") ||
			strings.Contains(csp, "unsafe") ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" ||
			h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

// TestOneAccount: one account is one, however it is written, and so is all that is none.
func TestOneAccount(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	for name, spellings := range map[string][]string{
		"an account": {"ann@acme.test", "Ann@ACME.test", " ann@acme.test ", `"ann"@acme.test`},
		"none":       {"ann", "bob", "", "ann@"},
	} {
		st := testServer(t)
		st.Password("admin@acme.test", "correct horse")
		for i := range httpd.AttemptsPerAccount {
			w := st.SignIn(spellings[i%len(spellings)], "battery", "", "", outside)
			if w.Code != http.StatusUnprocessableEntity {
				t.Fatalf("%s, attempt %d: %d", name, i, w.Code)
			}
		}
		for _, spelling := range spellings {
			w := st.SignIn(spelling, "battery", "", "", outside)
			if w.Code != http.StatusTooManyRequests {
				t.Errorf("%s, as %q: %d", name, spelling, w.Code)
			}
		}
	}
}
