package courier

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestTLSIsVerified(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
	}))
	defer server.Close()
	r, _ := carryHTTP(t, HTTPConfig{URL: server.URL}, mailOf(mail))
	if r.Outcome != Retry || !r.Pause || !strings.Contains(r.Said, "unknown authority") {
		t.Errorf("by nobody: %+v", r)
	}
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	c := HTTPConfig{URL: server.URL, HTTPLimits: HTTPLimits{Roots: roots}}
	if r, _ := carryHTTP(t, c, mailOf(mail)); r.Outcome != Done {
		t.Errorf("by one that is known: %+v", r)
	}
	to, _ := url.Parse(server.URL)
	d, err := NewDialer(DialConfig{Allow: []string{"desk.test"},
		Resolver: zones(t, map[string]string{"desk.test": "127.0.0.1"})})
	if err != nil {
		t.Fatal(err)
	}
	c.URL, c.Dialer = "https://desk.test:"+to.Port(), d
	if r, _ := carryHTTP(t, c, mailOf(mail)); r.Outcome != Retry || !r.Pause ||
		!strings.Contains(r.Said, "not desk.test") {
		t.Errorf("for another name: %+v", r)
	}
}
