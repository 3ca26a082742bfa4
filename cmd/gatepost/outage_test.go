package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"gatepost/store"
	"gatepost/store/storetest"
)

// A logged line has what it may say of an outage, or of a node.
type logged struct{ Level, Msg, Database, Reason, After, Node, ID, Version, Started, Seen string }

// logging gives a log, and its lines, until end is called.
func logging() (log *slog.Logger, lines chan logged, end func() error) {
	read, write := io.Pipe()
	lines = make(chan logged)
	go func() {
		defer close(lines)
		for from := json.NewDecoder(read); ; {
			var l logged
			if from.Decode(&l) != nil {
				return
			}
			lines <- l
		}
	}()
	return slog.New(slog.NewJSONHandler(write, nil)), lines, write.Close
}

// While PostgreSQL cannot be written its log says so once, and why, though no mail comes; and once that it
// can be written again.
func TestOutageIsSaid(t *testing.T) {
	if !storetest.OnServer() {
		t.Skip("of PostgreSQL: runs where " + storetest.Variable + " names a server")
	}
	at := storetest.Make(t, "outage", "template template0 "+storetest.As)
	db, err := store.Open(at, store.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	unlock, err := db.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	log, lines, end := logging()
	g := &daemon{db: db, log: log}
	go func() {
		_ = g.watchOutages(t.Context())
		_ = end()
	}()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	for range 2 {
		set(t, name, "set default_transaction_read_only = on")
		if l := <-lines; l.Level != "ERROR" || !strings.Contains(l.Msg, "cannot be written") ||
			l.Database != db.Name() || !strings.Contains(l.Reason, "standby or read-only: name the primary") {
			t.Errorf("%+v", l)
		}
		set(t, name, "reset default_transaction_read_only")
		if l := <-lines; l.Level != "INFO" || !strings.Contains(l.Msg, "again") || l.After == "" {
			t.Errorf("%+v", l)
		}
	}
}

// set changes a setting of a database, for new connections: those that are there are ended.
func set(t *testing.T, name, what string) {
	t.Helper()
	err := storetest.Run(storetest.URL("postgres"), "alter database "+name+" "+what+
		"; select pg_terminate_backend(pid) from pg_stat_activity where datname = '"+name+"'")
	if err != nil {
		t.Fatal(err)
	}
}
