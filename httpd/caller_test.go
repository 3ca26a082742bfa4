package httpd

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

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
