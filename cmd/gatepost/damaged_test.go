package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestDamagedDatabase changes octets of a database at random, each run its own, and starts a
// server on it. It refuses to start, or what it answers 250 for is there when all has ended; and
// so is what ingest takes. GATEPOST_LONG=1 makes 200 runs of it.
func TestDamagedDatabase(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	t.Parallel()
	runs := 4
	if os.Getenv("GATEPOST_LONG") != "" {
		runs = 200
	}
	g := newGateway(t, anyRate)
	g.must("rules", "add", "block", "held.test")
	for i := range 40 {
		text := strings.Repeat("text ", 50*(i%5)*(i%5))
		from := fmt.Sprintf("a%d@%s.test", i, []string{"held", "acme"}[i%2])
		if _, err := g.send("From: " + from + "\r\nSubject: old\r\n\r\n" + text + "\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	g.end(syscall.SIGTERM)
	octets, err := os.ReadFile(filepath.Join(g.dir, "gatepost.db"))
	if err != nil {
		t.Fatal(err)
	}
	started, taken := 0, 0
	for seed := range runs {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			damaged := &gateway{T: t, dir: t.TempDir(), env: g.env}
			damaged.lay(octets, uint64(seed))
			ran, ids := damaged.takeMail()
			if ran {
				started++
			}
			taken += len(ids)
			damaged.checkThere(ids)
		})
	}
	t.Logf("%d runs: %d servers started, %d messages were taken", runs, started, taken)
}

// lay makes a database of octets of which from 1 to 64 are changed.
func (g *gateway) lay(octets []byte, seed uint64) {
	g.Helper()
	changed, random := append([]byte{}, octets...), rand.New(rand.NewPCG(seed, 4))
	const sector = 512
	n, first, within := 1<<random.IntN(7), 0, len(octets)
	if random.IntN(2) == 0 {
		first, within = random.IntN(len(octets)/sector)*sector, sector
	}
	for range n {
		changed[first+random.IntN(within)] ^= byte(1 + random.IntN(255))
	}
	if err := os.WriteFile(filepath.Join(g.dir, "gatepost.db"), changed, 0o600); err != nil {
		g.Fatal(err)
	}
}

// takeMail offers mail to a server, twice started, and to ingest, and gives what they said
// of what they took.
func (g *gateway) takeMail() (started bool, said []string) {
	for range 2 {
		g.cmd = g.command("serve", "--smtp", "127.0.0.1:0")
		if !g.listens() {
			g.cmd.Wait()
			break
		}
		started = true
		for _, from := range []string{"new@acme.test", "new@held.test"} {
			if reply, err := g.send("From: " + from + "\r\nSubject: new\r\n\r\nnew\r\n"); err == nil {
				said = append(said, reply)
			}
		}
		g.end(syscall.SIGTERM)
	}
	for range 8 {
		ingest := g.command("ingest", "--json", "--rcpt", "support@help.test")
		ingest.Stdin = strings.NewReader("From: piped@held.test\r\nSubject: new\r\n\r\n" +
			strings.Repeat("new ", 700) + "\r\n")
		if out, err := ingest.Output(); err == nil {
			said = append(said, string(out))
		}
	}
	return started, said
}

// checkThere looks for the decisions that were named in the lists of what there is.
func (g *gateway) checkThere(said []string) {
	g.Helper()
	there := ""
	for _, list := range []string{"ticket", "suspended"} {
		out, err := g.command(list, "list", "--json").Output() // fails where it is not all
		if _, ran := err.(*exec.ExitError); err != nil && !ran {
			g.Fatal(err)
		}
		there += string(out)
	}
	decisionID := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	for _, s := range said {
		id := decisionID.FindString(s)
		if id == "" || !strings.Contains(there, `"decision_id":"`+id+`"`) {
			g.Errorf("%s was said of what is not there", strings.TrimSpace(s))
		}
	}
}
