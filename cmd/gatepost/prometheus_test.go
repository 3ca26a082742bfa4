package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// A series is a name and its labels, as a line of /metrics begins.
type series struct {
	name   string
	labels map[string]string
}

var (
	seriesLine = regexp.MustCompile(`(?m)^([a-z_0-9]+)(?:\{(.*)\})? \S+$`)
	labelPair  = regexp.MustCompile(`([a-z_]+)(=~|!=|=)"([^"]*)"`)
	selector   = regexp.MustCompile(`\b((?:gatepost|process|go)_[a-z0-9_]+)(?:\{([^}]*)\})?`)
	grouping   = regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)`)
)

// watched is a server that has something to show for each metric: mail of each kind, a shadow, a
// target that nobody answers at, a certificate.
func watched(t *testing.T) *gateway {
	cert := filepath.Join(t.TempDir(), "mx")
	if err := writeCertificate(cert); err != nil {
		t.Fatal(err)
	}
	config := cert + ".toml"
	err := os.WriteFile(config, []byte("[handoff.desk]\nkind = \"smtp\"\naddress = \"127.0.0.1:1\"\n"+
		"[clamav]\naddress = \"127.0.0.1:1\"\non_failure = \"pass\"\n"),
		0o600)
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{T: t, dir: t.TempDir(), env: []string{anyRate, "GATEPOST_HTTP_LISTEN=127.0.0.1:0",
		"GATEPOST_SMTP_TLS_CERT=" + cert + ".crt", "GATEPOST_SMTP_TLS_KEY=" + cert + ".key"}}
	g.cmd = g.command("serve", "--smtp", "127.0.0.1:0", "--config", config)
	g.await()
	t.Cleanup(func() { g.end(syscall.SIGKILL) })
	g.must("rules", "set", "block", "held.test reject:junk.test", "--yes")
	g.must("rules", "shadow", "set", "--remove", "block reject:junk.test", "--yes")
	for _, from := range []string{"ann@acme.test", "hal@held.test", "joe@junk.test"} {
		g.hold(textMail(from, "a message", "Hello."))
	}
	return g
}

// shown are the series of /metrics once the courier has tried.
func (g *gateway) shown() (all []series) {
	g.Helper()
	tried := func(s series) bool { return s.name == "gatepost_handoff_attempts_total" }
	asked := func(s series) bool { return s.name == "gatepost_http_requests_total" }
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && (!slices.ContainsFunc(all, tried) ||
		!slices.ContainsFunc(all, asked)); {
		all = nil
		resp, err := http.Get(g.web() + "/metrics")
		if err != nil {
			g.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || resp.Body.Close() != nil {
			g.Fatalf("%s, %v: %s", resp.Status, err, text)
		}
		for _, m := range seriesLine.FindAllStringSubmatch(string(text), -1) {
			labels := map[string]string{"instance": "i", "job": "gatepost"} // which Prometheus adds
			for _, pair := range labelPair.FindAllStringSubmatch(m[2], -1) {
				labels[pair[1]] = pair[3]
			}
			all = append(all, series{m[1], labels})
		}
	}
	return all
}

// expressions are those of the alerts and of the dashboard, by where they stand.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	var alerts struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	err := yaml.Unmarshal([]byte(example(t, "prometheus/gatepost-alerts.yml")), &alerts)
	if err != nil || len(alerts.Groups) == 0 {
		t.Fatal("no alerts", err)
	}
	for _, rule := range alerts.Groups[0].Rules {
		all[rule.Alert] = rule.Expr
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr, RefID string }
		}
	}
	err = json.Unmarshal([]byte(example(t, "prometheus/gatepost-dashboard.json")), &dashboard)
	if err != nil || len(dashboard.Panels) == 0 {
		t.Fatal("no panels", err)
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			all[panel.Title+" "+target.RefID] = target.Expr
		}
	}
	return all
}

// TestDashboardAndAlerts: every metric that they name is one of a running server, has the labels
// that they ask for, and a value of each is among those they choose.
func TestDashboardAndAlerts(t *testing.T) {
	shown := watched(t).shown()
	for where, expr := range expressions(t) {
		for _, m := range selector.FindAllStringSubmatch(expr, -1) {
			if !slices.ContainsFunc(shown, func(s series) bool { return s.matches(m[1], m[2]) }) {
				t.Errorf("%s: nothing is shown of %s", where, m[0])
			}
			for _, group := range grouping.FindAllStringSubmatch(expr, -1) {
				for label := range strings.SplitSeq(group[1], ", ") {
					if !slices.ContainsFunc(shown, func(s series) bool {
						_, has := s.labels[label]
						return has && s.name == m[1]
					}) {
						t.Errorf("%s: %s has no label %s", where, m[1], label)
					}
				}
			}
		}
	}
}

// matches reports whether a series is one that a selector takes.
func (s series) matches(name, matchers string) bool {
	if s.name != name {
		return false
	}
	for _, m := range labelPair.FindAllStringSubmatch(matchers, -1) {
		value, has := s.labels[m[1]]
		want := strings.ReplaceAll(m[3], "$instance", ".*")
		if m[2] != "=~" {
			want = regexp.QuoteMeta(want)
		}
		if !has || regexp.MustCompile("^(?:"+want+")$").MatchString(value) == (m[2] == "!=") {
			return false
		}
	}
	return true
}

// TestDocsMetrics: docs/operations.md has every metric of ours and no other.
func TestDocsMetrics(t *testing.T) {
	shown := map[string]bool{}
	for _, s := range watched(t).shown() {
		if name := strings.TrimSuffix(s.name, "_bucket"); strings.HasPrefix(name, "gatepost_") &&
			!strings.HasPrefix(name, "gatepost_message_seconds_") {
			shown[name] = true
		}
	}
	_, section, _ := strings.Cut(document(t, "docs/operations.md"), "\n## Monitoring\n")
	section, _, _ = strings.Cut(section, "\n## ")
	told := map[string]bool{}
	for _, m := range regexp.MustCompile("`(gatepost_[a-z_]+)").FindAllStringSubmatch(section, -1) {
		told[m[1]] = true
	}
	if len(shown) < 30 || !maps.Equal(shown, told) {
		t.Errorf("docs/operations.md has no %q, and only it has %q", lacking(told, shown),
			lacking(shown, told))
	}
}

// lacking are what all has and some has not.
func lacking(some, all map[string]bool) (names []string) {
	for name := range maps.Keys(all) {
		if !some[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
