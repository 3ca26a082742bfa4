package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

// TestZendeskClient has a client that was written for the vendor's API work with ours: it
// lists more than two pages, shows, recovers and deletes. The script asserts what the client
// sees, this test what the store has then.
func TestZendeskClient(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	t.Parallel()
	const held = 257 // two pages and a bit, at the most that the API gives at once
	g := newConsole(t)
	c, err := smtp.Dial(g.smtp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for n := range held {
		mail := textMail(fmt.Sprintf("Sam %d <sam%d@strangers.example>", n, n),
			fmt.Sprintf("request %03d", n), "Hello.")
		if _, err := sendBy(c, "sam@strangers.example", mail); err != nil {
			t.Fatal(err)
		}
	}
	var token struct{ Token string }
	if err := json.Unmarshal([]byte(g.must("token", "add", reviewer, "--json")), &token); err != nil {
		t.Fatal(err)
	}
	script := exec.Command("node", filepath.Join(browserFolder, "zendesk.mjs"))
	script.Env = bare("GATEPOST_API="+g.web()+"/api/v2",
		"GATEPOST_EMAIL="+reviewer, "GATEPOST_TOKEN="+token.Token, fmt.Sprintf("GATEPOST_HELD=%d", held))
	out, err := script.Output()
	if err != nil {
		var exit *exec.ExitError
		errors.As(err, &exit)
		t.Fatalf("node: %v (scripts/test installs it)\n%s\n%s", err, out, exit.Stderr)
	}
	var done struct{ Recovered, Deleted []string }
	if err := json.Unmarshal(out, &done); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	checkDone(g, held, done.Recovered, done.Deleted)
}

// checkDone looks at the store: what the client recovered are tickets of those who wrote,
// what it deleted is nowhere.
func checkDone(g *gateway, held int, recovered, deleted []string) {
	if len(recovered) != 4 || len(deleted) != 4 {
		g.Fatalf("recovered %q, deleted %q, want four each", recovered, deleted)
	}
	left := g.must("suspended", "list", "--json", "--limit", "1000")
	tickets := g.must("ticket", "list", "--json")
	if n := strings.Count(left, "\n"); n != held-8 {
		g.Errorf("%d messages are held, want %d", n, held-8)
	}
	if n := strings.Count(tickets, "\n"); n != 4 {
		g.Errorf("%d tickets, want 4", n)
	}
	for _, subject := range recovered {
		var number int
		if _, err := fmt.Sscanf(subject, "request %d", &number); err != nil {
			g.Fatal(err)
		}
		if !strings.Contains(tickets, fmt.Sprintf("%q", subject)) ||
			!strings.Contains(tickets, fmt.Sprintf("sam%d@strangers.example", number)) {
			g.Errorf("no ticket of %q", subject)
		}
	}
	for _, subject := range append(recovered, deleted...) {
		if strings.Contains(left, fmt.Sprintf("%q", subject)) {
			g.Errorf("%q is still held", subject)
		}
	}
}
