package httpd

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzForwarded: whatever a stranger writes into X-Forwarded-For, the client is whom our own
// proxies heard, and never one of them.
func FuzzForwarded(f *testing.F) {
	for _, line := range []string{"", "192.0.2.10", "10.0.0.2, 192.0.2.1", "unknown,", "[2001:db8::7]:4711",
		"::ffff:10.0.0.1", ",,", "fe80::1%eth0", "192.0.2.10\t, 10.0.0.2"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		s := &Server{Proxies: rangesOf(t, "10.0.0.0/8")}
		from := func(peer, line string) string {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = peer
			r.Header["X-Forwarded-For"] = []string{line}
			client, _ := s.client(r)
			if s.Proxies.Contains(client) && peer == "10.0.0.1:99" {
				t.Errorf("%q: the client is %s, a proxy of ours", line, client)
			}
			return client.String()
		}
		if got := from("198.51.100.7:99", line); got != "198.51.100.7" {
			t.Errorf("a stranger is believed to be %s by %q", got, line)
		}
		from("10.0.0.1:99", line)
		for _, heard := range []string{"198.51.100.7", "198.51.100.7:4711, 10.9.9.9"} {
			if got := from("10.0.0.1:99", line+", "+heard); got != "198.51.100.7" {
				t.Errorf("our proxy heard %s, and by %q before that it is %s", heard, line, got)
			}
		}
	})
}

// FuzzCredential: a token is what stands behind a name that ends in /token, or after Bearer, and
// nothing else opens the API.
func FuzzCredential(f *testing.F) {
	f.Add("ann@acme.test/token", "secret", "Bearer secret")
	f.Add("ann@acme.test", "password", "bearer  x ")
	f.Add("/token", "", "Basic !!!")
	f.Add("a/token/token", "a:b", "Basic YTpi")
	f.Fuzz(func(t *testing.T, name, word, line string) {
		r := httptest.NewRequest("GET", "/api/v2/suspended_tickets", nil)
		r.SetBasicAuth(name, word)
		got, there := bearer(r)
		owner, named := strings.CutSuffix(name, "/token")
		want := credential{}
		if named && !strings.Contains(name, ":") {
			want = credential{owner, word}
		}
		if !there || !strings.Contains(name, ":") && got != want {
			t.Errorf("Basic %q %q: %+v, %t; want %+v", name, word, got, there, want)
		}
		r.Header.Set("Authorization", line)
		if got, there := bearer(r); there != (line != "") || !strings.Contains(line, got.token) &&
			!strings.HasPrefix(LowerASCII(line), "basic ") {
			t.Errorf("%q: %+v, %t", line, got, there)
		}
		r = httptest.NewRequest("GET", "/suspended", nil)
		r.Header.Set("Authorization", line)
		if got, there := bearer(r); there || got != (credential{}) {
			t.Errorf("a page takes %q as %+v", line, got)
		}
	})
}
