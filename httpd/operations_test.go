package httpd_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
)

// TestOperations: probes, addresses and metrics.
func TestOperations(t *testing.T) {
	st := testServer(t)
	st.Server.Addresses = []string{"192.0.2.1", "2001:db8::1"}
	st.Hold("one")
	get := func(path, client string, header http.Header) (int, string) {
		t.Helper()
		w := st.Do(call{Method: "GET", Path: path, Client: client, Header: header})
		return w.Code, w.Body.String()
	}
	if code, text := get("/livez", outside, nil); code != 200 || text != "ok\n" {
		t.Errorf("livez %d %q", code, text)
	}
	if code, text := get("/ips", outside, nil); code != 200 || text != "192.0.2.1\n2001:db8::1\n" {
		t.Errorf("ips %d %q", code, text)
	}
	if code, _ := get("/metrics", outside, nil); code != 403 {
		t.Errorf("metrics from outside: %d", code)
	}
	proxied := http.Header{"X-Forwarded-For": {"127.0.0.1"}}
	if code, _ := get("/metrics", "127.0.0.1", proxied); code != 403 {
		t.Errorf("metrics through a proxy on this machine: %d", code)
	}
	st.Server.Proxies = httpdtest.Ranges(t, "127.0.0.1/32")
	for _, header := range []http.Header{nil, {"X-Real-Ip": {"127.0.0.1"}}} {
		if code, _ := get("/metrics", "127.0.0.1", header); code != 403 {
			t.Errorf("metrics through a proxy that says nothing: %d", code)
		}
	}
	st.Server.Metrics = httpdtest.Ranges(t, "127.0.0.1/32")
	if code, _ := get("/metrics", "127.0.0.1", nil); code != 200 {
		t.Errorf("metrics for a proxy that is named: %d", code)
	}
	proxied.Set("X-Forwarded-For", outside)
	if code, _ := get("/metrics", "127.0.0.1", proxied); code != 403 {
		t.Errorf("metrics through a proxy that is named: %d", code)
	}
	st.Server.Proxies, st.Server.Metrics = nil, nil
	code, text := get("/metrics", "127.0.0.1", nil)
	for _, line := range []string{"gatepost_held 1\n", "gatepost_conservation_difference 0\n",
		"gatepost_held_by_cause{cause=\"blocklisted\"} 1\n",
		"gatepost_http_requests_total{method=\"GET\",status=\"200\"} 3\n",
		"gatepost_info{version=\"test\"} 1\n",
		"gatepost_accepted_total 1\n", "gatepost_rejected_total 0\n",
		"gatepost_decisions{kind=\"suspend\",window=\"1h\"} 1\n",
		"# TYPE gatepost_sign_ins_total counter\n"} {
		if code != 200 || !strings.Contains(text, line) {
			t.Errorf("metrics %d without %q:\n%s", code, line, text)
		}
	}
	if strings.Contains(text, "@") || strings.Contains(text, "example") {
		t.Errorf("metrics name somebody:\n%s", text)
	}
	st.Server.Metrics = httpdtest.Ranges(t, "198.51.100.0/24")
	if code, _ := get("/metrics", outside, nil); code != 200 {
		t.Errorf("metrics from their own range: %d", code)
	}
}

// TestReady: not ready says why, and when to come again.
func TestReady(t *testing.T) {
	st := testServer(t)
	if w := st.Do(call{Method: "GET", Path: "/readyz"}); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
	st.Server.Ready = func(context.Context) error { return fmt.Errorf("the disk is full") }
	w := st.Do(call{Method: "GET", Path: "/readyz"})
	again := w.Header().Get("Retry-After")
	if w.Code != 503 || w.Body.String() != "the disk is full\n" || again == "" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

// TestLog: one line a request, with who and from where, and nothing of the query.
func TestLog(t *testing.T) {
	st := testServer(t)
	do := st.As("agent@acme.test")
	do("GET", "/api/v2/suspended_tickets?query=secret-words", "")
	do("GET", "/api/v2/x%0Aforged", "")
	text := st.Log.String()
	who := `user=agent@acme.test`
	if !strings.Contains(text, who) || !strings.Contains(text, "client="+inside) ||
		strings.Contains(text, "secret-words") || strings.Contains(text, "\nforged") {
		t.Errorf("log:\n%s", text)
	}
}
