package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"gatepost/store"
)

// TestHandoffsKilled kills a server five times while it takes mail and carries it on, each time
// at another moment. Everything that was acknowledged arrives, each hand-off ends as done under
// its own key; twice comes only what was under way when the server was killed.
func TestHandoffsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	t.Parallel()
	s, server, address, err := startSink()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	const parallel = 4
	g := &gateway{T: t, dir: t.TempDir(), env: []string{anyRate}}
	settings := fmt.Sprintf("[handoff.desk]\nkind = \"smtp\"\naddress = %q\nparallel = %d\n"+
		"to = \"help@desk.test\"\n", address, parallel)
	if err := os.WriteFile(filepath.Join(g.dir, "gatepost.toml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	kills := []int{1, 20, 37, 3, 55}
	var lock sync.Mutex
	acked := map[string]bool{}
	for round, moment := range append(kills, 0) {
		g.start()
		var clients sync.WaitGroup
		for client := range 8 {
			clients.Go(func() {
				for i := range 12 {
					raw := fmt.Sprintf("From: a@mail.test\r\nSubject: %d %d %d\r\n\r\nText.\r\n", round, client, i)
					reply, err := g.send(raw)
					if err != nil {
						return // it was killed
					}
					lock.Lock()
					acked[strings.Fields(reply)[2]] = true
					lock.Unlock()
				}
			})
		}
		for range moment {
			<-s.came
		}
		if moment > 0 {
			g.end(syscall.SIGKILL)
		}
		clients.Wait()
	}
	if len(acked) < 96 {
		t.Errorf("only %d messages were acknowledged", len(acked))
	}
	for len(g.waiting()) > 0 { // each look takes its time
	}
	g.end(syscall.SIGTERM)
	g.holdsHandoffs(s, acked, len(kills)*parallel)
}

// waiting are the ids of hand-offs that are not over.
func (g *gateway) waiting() []string {
	g.Helper()
	return strings.Fields(g.must("handoff", "list", "--ids"))
}

// holdsHandoffs compares what a next hop has with what was acknowledged, and with the outbox.
func (g *gateway) holdsHandoffs(s *sink, acked map[string]bool, mostDoubles int) {
	g.Helper()
	came, doubles := map[string]int{}, 0
	id := regexp.MustCompile(`(?m)^Received: (?s:.*?) id ([0-9a-f-]{36});`)
	for _, mail := range s.mails {
		found := id.FindStringSubmatch(mail)
		if found == nil {
			g.Fatalf("nobody can tell what this is: %s", mail)
		}
		if came[found[1]]++; came[found[1]] > 1 {
			doubles++
		}
	}
	for id := range acked {
		if came[id] == 0 {
			g.Errorf("%s was acknowledged and never came", id)
		}
	}
	if doubles > mostDoubles {
		g.Errorf("%d came twice, and %d can have been under way", doubles, mostDoubles)
	}
	keys := map[string]bool{}
	for line := range strings.Lines(g.must("handoff", "list", "--all", "--json")) {
		var h store.Handoff
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			g.Fatal(err)
		}
		if h.State != store.HandoffDone || keys[h.Key] || came[h.DecisionID] == 0 {
			g.Errorf("%+v", h)
		}
		keys[h.Key] = true
	}
	if len(keys) != len(came) {
		g.Errorf("%d hand-offs, and %d messages came", len(keys), len(came))
	}
	g.Logf("%d acknowledged, %d came, %d twice", len(acked), len(came), doubles)
}
