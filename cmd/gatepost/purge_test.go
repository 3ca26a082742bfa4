package main

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gatepost/settings"
	"gatepost/store"
)

// A server that stops says what has expired since the audit log said so last.
func TestStopSaysWhatExpired(t *testing.T) {
	g := &gateway{T: t, dir: t.TempDir()}
	g.must("rules", "add", "block", "held.test")
	for range 3 {
		cmd := g.command("ingest", "--rcpt", "support@help.test")
		cmd.Stdin = strings.NewReader("From: a@held.test\r\nSubject: s\r\n\r\ntext\r\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	clock := time.Now().Round(0)
	db, err := store.Open(g.database(), store.Options{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, passed := range []time.Duration{0, 20 * 24 * time.Hour, time.Minute} {
		clock = clock.Add(passed)
		if _, err := db.Purge(t.Context(), store.Expiry{By: store.Server()}); err != nil {
			t.Fatal(err)
		}
	}
	d := &daemon{db: db, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	d.settings.Store(&settings.Settings{})
	ended, end := context.WithCancel(t.Context())
	end()
	if err := d.purge(ended); err != nil {
		t.Fatal(err)
	}
	var said []string
	for e, err := range db.AuditLog(t.Context(), store.AuditQuery{Limit: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, auditChange(e))
	}
	const want = "1 message expired: 1 blocklisted, 1 never seen"
	if len(said) != 2 || said[0] != want || said[1] != want {
		t.Errorf("said %q, want twice %q", said, want)
	}
}
