package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"gatepost/store"
)

// TestBackupDrill backs up a server under load twice, kills it, deletes all it had, restores and
// serves again. What was acknowledged before the second backup began is there byte for byte, and
// so is what was acknowledged since; so are lists and profiles, and the counts add up.
func TestBackupDrill(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	t.Parallel()
	messages := 240
	if os.Getenv("GATEPOST_LONG") != "" {
		messages = 3000
	}
	s := &storm{gateway: newGateway(t, anyRate), mail: make(chan string, messages),
		acks: make(chan struct{}, messages), acked: map[content]int{}, tried: map[content]int{}}
	dir := filepath.Join(t.TempDir(), "backup")
	s.must("rules", "add", "block", "held.test")
	s.must("user", "add", "ann@acme.test", "--role", "admin")
	mail := stormMail(t, messages)
	slices.Reverse(mail) // the first are the smallest
	part := messages / 4
	feed := func() {
		for _, raw := range mail[:part] {
			s.mail <- raw
		}
		mail = mail[part:]
	}
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(s.client)
	}
	feed()
	s.await(part / 2)
	first := s.backUp(dir)
	feed()
	s.await(part) // half of which is not in the first backup
	before := s.acknowledged()
	feed()
	second := s.backUp(dir)
	if first.New == 0 || second.Kept != first.New || second.Messages < first.Messages ||
		len(first.Damaged)+len(second.Damaged) > 0 {
		t.Errorf("the first backup: %+v, the second: %+v", first, second)
	}
	feed()
	s.await(part)
	was := s.must("rules", "show") + s.must("user", "show", "ann@acme.test")
	at := s.loseEverything(dir)
	close(s.mail)
	clients.Wait()
	for sum, n := range s.tried {
		if n > at[sum] { // none is sent again once it was acknowledged
			before[sum] = s.acked[sum]
		}
	}
	s.holds(before)
	if is := s.must("rules", "show") + s.must("user", "show", "ann@acme.test"); is != was {
		t.Errorf("lists and profile are\n%s, not\n%s", is, was)
	}
	s.must("doctor")
	s.end(syscall.SIGTERM)
}

func (g *gateway) backUp(dir string) (b store.Backup) {
	g.Helper()
	if err := json.Unmarshal([]byte(g.must("backup", dir, "--json")), &b); err != nil {
		g.Fatal(err)
	}
	return b
}

func (s *storm) acknowledged() map[content]int {
	s.lock.Lock()
	defer s.lock.Unlock()
	return maps.Clone(s.acked)
}

// loseEverything ends the server without warning, deletes all that it had, restores the backup
// and starts it again. It gives what was sent until then: a client may not have counted yet
// that the old server acknowledged it.
func (s *storm) loseEverything(dir string) map[content]int {
	s.Helper()
	s.up.Lock()
	defer s.up.Unlock()
	s.end(syscall.SIGKILL)
	s.lock.Lock()
	at := maps.Clone(s.tried)
	s.lock.Unlock()
	left, err := filepath.Glob(filepath.Join(s.dir, "*"))
	for _, name := range left {
		err = errors.Join(err, os.RemoveAll(name))
	}
	if err != nil || len(left) < 3 {
		s.Fatalf("%s, %v", left, err)
	}
	s.must("restore", dir)
	s.start()
	return at
}

// holds wants these contents to be stored, and none more often than it was sent.
func (s *storm) holds(want map[content]int) {
	s.Helper()
	stored := map[content]int{}
	for _, noun := range []string{"ticket", "suspended"} {
		out := filepath.Join(s.TempDir(), noun)
		s.must(noun, "export", "--eml", out)
		files, err := filepath.Glob(filepath.Join(out, "*.eml"))
		if err != nil {
			s.Fatal(err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				s.Fatal(err)
			}
			stored[sha256.Sum256(raw)]++
		}
	}
	for sum, n := range want {
		if stored[sum] < n {
			s.Errorf("a message acknowledged %d times is stored %d times", n, stored[sum])
		}
	}
	for sum, n := range stored {
		if n > s.tried[sum] {
			s.Errorf("a message that was sent %d times is stored %d times", s.tried[sum], n)
		}
	}
}

// A backup that is killed at any point leaves the last one or is whole itself, and the next goes
// on from there.
func TestBackupKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	t.Parallel()
	g := newGateway(t, anyRate)
	dir := filepath.Join(t.TempDir(), "backup")
	sent, killed := 0, 0
	send := func() {
		for range 10 {
			sent++
			if reply, err := g.send(fmt.Sprintf("From: c%d@fine.test\r\n\r\n%s\r\n", sent,
				strings.Repeat("0123456789", 10000))); err != nil {
				t.Fatal(reply, err)
			}
		}
	}
	send()
	g.backUp(dir)
	last := sent
	for _, point := range []string{"backup.lock", "contents/new-*", "new.db", "new.db-journal",
		"contents/*.eml"} {
		send()
		if g.killBackup(dir, point) {
			killed++
		}
		var b store.Backup
		if err := json.Unmarshal([]byte(g.must("backup", "--verify", dir, "--json")), &b); err != nil ||
			b.Messages != int64(last) && b.Messages != int64(sent) {
			t.Errorf("%s: %+v, %v, want %d or %d messages", point, b, err, last, sent)
		}
		last = int(b.Messages)
	}
	if killed == 0 {
		t.Error("no backup was killed before its end")
	}
	if b := g.backUp(dir); b.Messages != int64(sent) || b.New+b.Kept != sent {
		t.Errorf("%+v, want %d messages", b, sent)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*", "new*")); err != nil || left != nil {
		t.Errorf("left: %s, %v", left, err)
	}
}

// killBackup kills a backup once there are more files of a pattern than there were. It reports
// false if the backup had come to its end.
func (g *gateway) killBackup(dir, pattern string) bool {
	g.Helper()
	count := func() int {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			g.Fatal(err)
		}
		return len(found)
	}
	before := count()
	if pattern == "backup.lock" {
		before = 0
	}
	cmd := g.command("-q", "backup", dir)
	if err := cmd.Start(); err != nil {
		g.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for count() <= before {
		select {
		case err := <-ended:
			if err != nil {
				g.Error(err)
			}
			return false
		default:
		}
	}
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		g.Error(err)
	}
	var exit *exec.ExitError
	return errors.As(<-ended, &exit)
}
