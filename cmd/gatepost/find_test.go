package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gatepost/store"
)

// A sought is a message that somebody asks about, and what each way of asking has to say.
type sought struct {
	name    string
	address string
	fate    string   // what is found by anything that is known of it; # is its id
	nothing bool     // instead: nothing is found of it
	rejects []string // what is said of its address and its Message-ID
	id      string   // as the reply to the client had it, "" if that had none
}

func (s *sought) messageID() string { return "<" + s.name + "-1@" + s.domain() + ">" }

func (s *sought) domain() string { return s.address[strings.IndexByte(s.address, '@')+1:] }

// Whatever became of a message, each way in finds it by the address of its sender, by its
// Message-ID and by the id that the client was told, and says the same.
func TestFindByEveryWayIn(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	t.Parallel()
	g := newGateway(t, "GATEPOST_RATE_PER_HOUR=1", "GATEPOST_HTTP_LISTEN=127.0.0.1:0")
	g.addReviewer()
	g.must("rules", "set", "block", "held.test recovered.test deleted.test gone.test expired.test "+
		"reject:junk.test", "--yes")
	const junk = "mail of %s is rejected silently, and nothing of it kept: junk.test is on the " +
		"blocklist (reject:junk.test)"
	all := []*sought{
		{name: "ticket", address: "ann@ticket.test", fate: "# ticket"},
		{name: "held", address: "hal@held.test", fate: "# held blocklisted"},
		{name: "recovered", address: "rey@recovered.test", fate: "#+ ticket blocklisted, was held as #"},
		{name: "deleted", address: "dee@deleted.test", fate: "# deleted blocklisted, restorable"},
		{name: "gone", address: "gus@gone.test", fate: "# deleted blocklisted"},
		{name: "expired", address: "exa@expired.test", fate: "# expired blocklisted"},
		{name: "rejected", address: "joe@junk.test", nothing: true,
			rejects: []string{fmt.Sprintf(junk, "joe@junk.test"), fmt.Sprintf(junk, "rejected-1@junk.test")}},
		{name: "deferred", address: "dan@deferred.test", nothing: true},
	}
	for _, s := range all {
		g.meet(s)
	}
	ways := map[string]func(words string) outcome{"command line": g.findByCommand,
		"API": g.findByAPI(), "console": g.findByConsole()}
	for way, find := range ways {
		for _, s := range all {
			s.checkFound(t, way, find)
		}
	}
}

// meet sends a message, and lets become of it what its name says.
func (g *gateway) meet(s *sought) {
	g.Helper()
	if s.name == "deferred" { // two are stored within the hour
		g.hold(s.mail(8))
		g.hold(s.mail(9))
	}
	reply, err := g.send(s.mail(1))
	if deferred := err != nil; deferred != (s.name == "deferred") {
		g.Fatalf("%s: %q, %v", s.name, reply, err)
	}
	_, s.id, _ = strings.Cut(reply, "Ok: ")
	if s.nothing {
		return
	}
	id := g.explained(s.id).ID
	number := fmt.Sprint(id)
	switch s.name {
	case "recovered":
		g.must("suspended", "recover", number, "--yes")
		s.fate = strings.Replace(s.fate, "#+", fmt.Sprint(g.explained(s.id).Recovered), 1)
	case "deleted":
		g.must("suspended", "delete", number, "--yes")
	case "gone":
		atOnce := g.as(g.T)
		atOnce.env = append(slices.Clone(g.env), "GATEPOST_SUSPENDED_UNDELETE=0s")
		atOnce.must("suspended", "delete", number, "--yes")
	case "expired":
		g.sql("update suspended set expires_at = 1 where id = " + number)
		g.must("suspended", "purge", "--yes")
	}
	s.fate = strings.ReplaceAll(s.fate, "#", number)
}

func (s *sought) mail(n int) string {
	id := strings.Replace(s.messageID(), "-1@", fmt.Sprintf("-%d@", n), 1)
	return "Message-ID: " + id + "\r\n" + textMail(s.address, "Order of "+s.name, fmt.Sprint("Hello ", n))
}

func (g *gateway) explained(id string) (e store.Explanation) {
	g.Helper()
	if err := json.Unmarshal([]byte(g.must("explain", "--json", id)), &e); err != nil {
		g.Fatal(err)
	}
	return e
}

// sql does to the database of the server what no program of ours would.
func (g *gateway) sql(statement string) {
	g.Helper()
	db, err := sql.Open("sqlite3", "file:"+g.database()+"?_busy_timeout=10000")
	if err != nil {
		g.Fatal(err)
	}
	_, err = db.Exec(statement)
	if err = errors.Join(err, db.Close()); err != nil {
		g.Fatal(err)
	}
}

// checkFound asks by all that is known of the message.
func (s *sought) checkFound(t *testing.T, way string, find func(string) outcome) {
	t.Helper()
	for i, words := range []string{s.address, s.messageID(), s.id} {
		if words == "" || s.nothing && s.name == "deferred" && i == 0 {
			continue // that finds what was stored of its sender before
		}
		got := find(words)
		want := outcome{}
		if !s.nothing {
			want.found = []string{s.address + ": " + s.fate}
		} else if i < len(s.rejects) {
			want.rejects = s.rejects[i : i+1]
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s by %s, %s: %+v, want %+v", s.name, way, words, got, want)
		}
	}
}
