package main

import (
	"bytes"
	"database/sql"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Where pages of indexes are damaged, lists and counts print what they printed before, and then
// warn.
func TestDamagedIndexes(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	g := &gateway{T: t, dir: t.TempDir()}
	g.must("rules", "add", "block", "held.test")
	for _, host := range []string{"held.test", "fine.test"} {
		cmd := g.command("ingest", "--rcpt", "support@help.test")
		cmd.Stdin = strings.NewReader("From: a@" + host + "\r\nSubject: s\r\n\r\ntext\r\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	commands := []string{"suspended list --count", "suspended list --sort subject",
		"suspended list --json", "suspended show 1", "ticket list --sort author",
		"ticket list --count", "ticket show 2", "user list", "find s", "explain 1", "loop list"}
	ago := regexp.MustCompile(`\d+s ago`)
	before := map[string]string{}
	for _, command := range commands {
		before[command] = ago.ReplaceAllString(g.must(strings.Fields(command)...), "ago")
	}
	g.damageIndexes()
	warned := 0
	for _, command := range commands {
		cmd := g.command(strings.Fields(command)...)
		var warning bytes.Buffer
		cmd.Stderr = &warning
		out, err := cmd.Output()
		if got := ago.ReplaceAllString(string(out), "ago"); err != nil || got != before[command] {
			t.Errorf("%s: %v: %s%swant\n%s", command, err, out, &warning, before[command])
		}
		if strings.Contains(warning.String(), "gatepost doctor salvage") {
			warned++
		}
	}
	if warned < len(commands)/2 {
		t.Errorf("%d of %d commands warned", warned, len(commands))
	}
}

// damageIndexes overwrites the first pages of all indexes.
func (g *gateway) damageIndexes() {
	g.Helper()
	db, err := sql.Open("sqlite3", "file:"+g.database())
	if err != nil {
		g.Fatal(err)
	}
	defer db.Close()
	var size int64
	if err := db.QueryRow("pragma page_size").Scan(&size); err != nil {
		g.Fatal(err)
	}
	rows, err := db.Query(`select rootpage from sqlite_master where type = 'index'`)
	if err != nil {
		g.Fatal(err)
	}
	defer rows.Close()
	file, err := os.OpenFile(g.database(), os.O_WRONLY, 0)
	if err != nil {
		g.Fatal(err)
	}
	defer file.Close()
	for rows.Next() {
		var page int64
		if err := rows.Scan(&page); err != nil {
			g.Fatal(err)
		}
		if _, err := file.WriteAt(bytes.Repeat([]byte{0xff}, int(size)), (page-1)*size); err != nil {
			g.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		g.Fatal(err)
	}
}
