package main

import (
	"context"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gatepost/settings"
	"gatepost/store"
	"gatepost/store/storetest"
)

// Two nodes of one name are told of: once in the log of each, and by the status. A node that was killed is
// no namesake of the one that was started in its place.
func TestNamesakes(t *testing.T) {
	if !storetest.OnServer() {
		t.Skip("of PostgreSQL: runs where " + storetest.Variable + " names a server")
	}
	at := storetest.Make(t, "namesakes", "template template0 "+storetest.As)
	open := func(name string) *store.DB {
		db, err := store.Open(at, store.Options{Create: true, Node: name, Version: "1.2"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	lock := func(db *store.DB) {
		unlock, err := db.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unlock() })
	}
	one, two := open("mx1"), open("mx1")
	lock(one)
	lock(open("mx2"))
	err := storetest.Run(at, `insert into nodes select 'killed', name, version, layout, started_at - 60000,
		started_at - 1 from nodes where name = 'mx1'`)
	if err != nil {
		t.Fatal(err)
	}
	s := settings.Defaults()
	s.Node = "mx1"
	log, lines, end := logging()
	g := &daemon{db: one, log: log}
	g.settings.Store(s)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		_ = g.watchNames(ctx)
		_ = end()
	}()
	nodes := func() []store.Node {
		all, err := one.Nodes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if words := nameWarnings(nodes()); words != nil {
		t.Errorf("of one that was killed: %q", words)
	}
	lock(two)
	l := <-lines
	if l.Level != "WARN" || l.Node != "mx1" || l.ID == "killed" || l.Version != "1.2" || l.Seen == "" {
		t.Errorf("%+v", l)
	}
	same := store.Namesakes(nodes())
	if words := nameWarnings(same); len(words) != 1 || len(same) != 2 || same[0].ID != l.ID ||
		strings.Contains(words[0], "mx2") || !strings.Contains(words[0], same[0].ID) ||
		!strings.Contains(words[0], same[1].ID) {
		t.Errorf("%q of %+v", words, same)
	}
	stop()
	for l := range lines {
		t.Errorf("said again: %+v", l)
	}
}

// Each node has a metric of each, and is one of those that docs/operations.md names.
func TestNodeMetrics(t *testing.T) {
	n := startNodes(t)
	err := storetest.Run(n.url, `insert into nodes select 'gone', name, version, layout, started_at - 90000,
		seen_at - 80000 from nodes where name = 'mx2' union all select 'lost', 'mx3', version, layout,
		started_at - 90000, seen_at - 80000 from nodes where name = 'mx2'`)
	if err != nil {
		t.Fatal(err)
	}
	const name = "gatepost_node_unseen_seconds"
	seen := regexp.MustCompile(name + `\{node="(.*)"\} (\d+)`)
	resp, err := http.Get(n.mx[0].web() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	gone := map[string]bool{}
	for _, m := range seen.FindAllStringSubmatch(string(text), -1) {
		seconds, _ := strconv.Atoi(m[2])
		gone[m[1]] = seconds >= 80
	}
	want := map[string]bool{"mx1": false, "mx2": false, "mx3": true}
	if !maps.Equal(gone, want) || !strings.Contains(document(t, "docs/operations.md"), "`"+name+"`") {
		t.Errorf("%v of\n%s", gone, text)
	}
}
