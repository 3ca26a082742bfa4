package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Two hundred that pipe a message at once, of whom some are killed, each write in their turn:
// none is told to come again. How long SMTP waits meanwhile is in the log of -v.
func TestManyIngestAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	const many, killed = 200, 20
	g := newGateway(t, anyRate)
	cmds := make([]*exec.Cmd, many)
	said := make([]bytes.Buffer, many)
	began := time.Now()
	for i := range cmds {
		cmds[i] = g.command("ingest", "--rcpt", "support@help.test")
		cmds[i].Stdin = strings.NewReader(fmt.Sprintf("From: ann%d@acme.test\r\n\r\nHello\r\n", i))
		cmds[i].Stderr = &said[i]
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan bool)
	go func() {
		defer close(ended)
		for i, cmd := range cmds {
			if i%(many/killed) == 0 {
				cmd.Process.Kill()
				cmd.Wait()
			} else if err := cmd.Wait(); err != nil {
				t.Errorf("message %d: %v: %s", i, err, &said[i])
			}
		}
	}()
	defer func() { <-ended }() // what they say is this test's, however it ends
	longest, sent := time.Duration(0), 0
	for more := true; more; {
		select {
		case <-ended:
			more = false
		default:
		}
		start := time.Now()
		if reply, err := g.send("From: una@example.com\r\n\r\nHello\r\n"); err != nil {
			t.Fatal(reply, err)
		}
		sent++
		longest = max(longest, time.Since(start))
	}
	t.Logf("%d at once in %v, while SMTP waited %v at most", many, time.Since(began), longest)
	stored, err := strconv.Atoi(strings.TrimSpace(g.must("ticket", "list", "--count")))
	if least := many - killed + sent; err != nil || stored < least {
		t.Errorf("%d are stored, at least %d were taken, %v", stored, least, err)
	}
}

// Where there is no database yet and no server, one makes it and the others wait for that.
func TestManyIngestMakeOneDatabase(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	t.Parallel()
	const many = 60
	g := &gateway{T: t, dir: t.TempDir()}
	cmds := make([]*exec.Cmd, many)
	said := make([]bytes.Buffer, many)
	for i := range cmds {
		cmds[i] = g.command("ingest", "--rcpt", "support@help.test")
		cmds[i].Stdin = strings.NewReader(fmt.Sprintf("From: ann%d@acme.test\r\n\r\nHello\r\n", i))
		cmds[i].Stderr = &said[i]
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	made := 0
	for i, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Errorf("message %d: %v: %s", i, err, &said[i])
		}
		made += strings.Count(said[i].String(), "made a new database")
	}
	if n := strings.TrimSpace(g.must("ticket", "list", "--count")); made != 1 || n != "60" {
		t.Errorf("%s are stored, and %d databases were made", n, made)
	}
}
