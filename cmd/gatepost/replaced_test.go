package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gatepost/store"
)

// replacements are what an operator may do to a database that is served, as it is typed. P is
// its path, OLD a backup of it, OTHER an empty one.
var replacements = []struct{ name, typed string }{
	{"moved over", "mv $OLD $P"},
	{"unlinked", "rm $P"},
	{"unlinked with all but the contents", "rm $P $P-* $P.lock $P.queue"},
	{"moved away", "mv $P $P.old"},
	{"moved away with its log", "mv $P $P-wal $P-shm $ASIDE"},
	{"another empty database", "mv $OTHER $P"},
	{"folder moved", "mv $(dirname $P) $(dirname $P).moved"},
	{"folder moved, another made", "mv $(dirname $P) $(dirname $P).moved; mkdir $(dirname $P)"},
	{"contents moved", "mv $P.content $ASIDE"},
	{"copied over by another", "cp $OTHER $P"},
	{"copied over by an older backup", "cp $OLD $P"},
	{"emptied", ": > $P"},
	{"cut in half", "truncate -s $(($(stat -c %s $P) / 2)) $P"},
}

// TestReplacedStorm sends messages over 16 connections and has the database replaced under the
// server, which then stops. When what its log tells to type was typed, whatever was
// acknowledged is there. GATEPOST_LONG tries each way, and sends more.
func TestReplacedStorm(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	t.Parallel()
	messages, ways := 100, replacements[:1]
	if os.Getenv("GATEPOST_LONG") != "" {
		messages, ways = 1000, replacements
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "folder")
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			s := newStorm(newGateway(t, anyRate,
				"GATEPOST_DB="+filepath.Join(folder, "gatepost.db")), messages)
			s.doubt = true // a message that was written when it was noticed is in the rescue
			for range 16 {
				s.clients.Go(s.client)
			}
			s.await(messages / 4)
			s.sh("sqlite3 $P \".backup $OLD\"")
			s.await(messages / 4)
			s.replace(way.typed)
			s.await(messages - messages/4*2)
			s.clients.Wait()
			s.compare()
			s.end(syscall.SIGTERM)
		})
	}
}

// sh runs what an operator types.
func (s *storm) sh(typed string) {
	s.Helper()
	cmd := exec.Command("sh", "-ec", typed)
	cmd.Dir = s.dir
	cmd.Env = bare("P="+s.database(), "OLD="+filepath.Join(s.dir, "old.db"),
		"OTHER="+filepath.Join(s.dir, "other.db"), "ASIDE="+s.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.Fatalf("%s: %v: %s", typed, err, out)
	}
}

// replace replaces the database, has the server end, and does what its log says. Clients that
// lose their connection wait meanwhile.
func (s *storm) replace(typed string) {
	s.up.Lock()
	defer s.up.Unlock()
	s.must("--db", "other.db", "rules", "add", "block", "other.test")
	s.sh(typed)
	<-s.done
	var exit *exec.ExitError
	if err := s.cmd.Wait(); !errors.As(err, &exit) {
		s.Errorf("the server ended with %v", err)
	}
	s.sh(s.told())
	s.start()
}

// told is what the one line about it says to type. Where the mail could not be written out at once there
// is another, without such.
func (s *storm) told() string {
	s.Helper()
	var told []string
	for _, text := range s.log {
		var line struct{ Level, Msg, Commands string }
		if json.Unmarshal([]byte(text), &line) == nil && line.Level == "ERROR" &&
			strings.Contains(line.Msg, "under the running server") && line.Commands != "" {
			told = append(told, line.Commands)
		}
	}
	if len(told) != 1 {
		s.Fatalf("told %q in %q", told, s.log)
	}
	return told[0]
}

// A server whose database was replaced is not ready, whatever else it does meanwhile.
func TestNotReadyOnceReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatepost.db")
	db, err := store.Open(path, store.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(t.Context()); !errors.Is(err, store.ErrReplaced) {
		t.Errorf("written: %v", err)
	}
	g := &daemon{db: db}
	g.stopping.Store(true)
	if err := g.ready(t.Context()); !errors.Is(err, store.ErrReplaced) ||
		!strings.Contains(err.Error(), path+" was deleted") {
		t.Errorf("ready: %v", err)
	}
}
