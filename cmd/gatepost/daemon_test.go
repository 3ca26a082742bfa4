package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/emersion/go-smtp"

	"gatepost/store"
)

// A gateway is a running `gatepost serve`, as an operator has it: the program, a folder,
// and a port.
type gateway struct {
	*testing.T
	dir  string
	smtp string   // where it takes mail
	http string   // where its console is, "" if it has none
	env  []string // settings, as NAME=value
	seen bool     // by a browser
	cmd  *exec.Cmd
	done chan struct{} // closed when its log ends
	log  []string      // its lines, once done is closed
}

func newGateway(t *testing.T, env ...string) *gateway {
	t.Helper()
	g := &gateway{T: t, dir: t.TempDir(), env: env}
	g.serve()
	return g
}

// serve starts the program for as long as the test lasts.
func (g *gateway) serve() {
	g.Helper()
	g.start()
	g.Cleanup(func() { g.end(syscall.SIGKILL) })
}

// start starts the program and waits until it takes mail.
func (g *gateway) start() {
	g.Helper()
	g.cmd = g.command("serve", "--smtp", "127.0.0.1:0")
	if g.seen {
		bePlain(g.T, g.cmd)
	}
	g.await()
}

// await starts what cmd is, and waits until it takes mail.
func (g *gateway) await() {
	g.Helper()
	if !g.listens() {
		g.Fatal("the server ended before it listened")
	}
}

// listens starts what cmd is, and reports whether it takes mail or ended before.
func (g *gateway) listens() bool {
	g.Helper()
	log, err := g.cmd.StderrPipe()
	if err != nil {
		g.Fatal(err)
	}
	if err := g.cmd.Start(); err != nil {
		g.Fatal(err)
	}
	type addresses struct{ Msg, SMTP, HTTP string }
	listening := make(chan addresses, 1)
	g.done, g.log = make(chan struct{}), nil
	go func() {
		defer close(g.done)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			g.log = append(g.log, lines.Text())
			var line addresses
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
				listening <- line
			}
		}
	}()
	select {
	case line := <-listening:
		g.smtp, g.http = line.SMTP, line.HTTP
		return true
	case <-g.done:
		return false
	}
}

// end sends a signal and waits until the program is gone.
func (g *gateway) end(signal syscall.Signal) {
	if g.cmd.ProcessState != nil {
		return
	}
	if err := g.cmd.Process.Signal(signal); err != nil {
		g.Error(err)
	}
	<-g.done
	var exit *exec.ExitError
	if err := g.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		g.Error(err)
	}
}

func (g *gateway) command(args ...string) *exec.Cmd {
	g.Helper()
	cmd := commandOf(g.T, g.env, args...)
	cmd.Dir = g.dir
	return cmd
}

// bare is the environment of a program that a test starts. Of who runs the tests there is nothing
// in it that is a setting of ours, or that a service manager or a mail server says.
func bare(more ...string) []string {
	// The race detector waits a second at the end of each process, unless told not to.
	env := []string{"GORACE=atexit_sleep_ms=0"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if value := os.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return append(env, more...)
}

// database is where the server has its mail.
func (g *gateway) database() string {
	for _, setting := range g.env {
		if path, ok := strings.CutPrefix(setting, "GATEPOST_DB="); ok {
			return path
		}
	}
	return filepath.Join(g.dir, "gatepost.db")
}

// run runs another command of the program beside the server, and reports whether it took it.
func (g *gateway) run(args ...string) bool { return g.command(args...).Run() == nil }

func (g *gateway) must(args ...string) string {
	g.Helper()
	cmd := g.command(args...)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		errors.As(err, &exit)
		g.Fatalf("gatepost %s: %v: %s", strings.Join(args, " "), err, exit.Stderr)
	}
	return string(out)
}

// send hands a message over by SMTP and gives the reply to its end.
func (g *gateway) send(raw string) (string, error) {
	c, err := smtp.Dial(g.smtp)
	if err != nil {
		return "", err
	}
	defer c.Close()
	return sendBy(c, "bounce@mail.test", raw)
}

func sendBy(c *smtp.Client, from, raw string) (string, error) {
	if err := c.Mail(from, nil); err != nil {
		return "", err
	}
	if err := c.Rcpt("support@help.test", nil); err != nil {
		return "", err
	}
	w, err := c.Data()
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(w, raw); err != nil {
		return "", err
	}
	reply, err := w.CloseWithResponse()
	if err != nil {
		return "", err
	}
	return reply.StatusText, nil
}

// anyRate lets a test send as much of one sender as it likes.
const anyRate = "GATEPOST_RATE_PER_HOUR=0"

// A gateCase is one line of testdata/cases.json: lists, profiles and a sender, and what
// becomes of its mail.
type gateCase struct {
	Name, Allowlist, Blocklist, Sender, Expect string
	Known                                      []store.User
	Refused                                    []string
}

// TestCasesThroughTheGate takes each case the whole way: the lists by the command line of a
// running server, then `check`, then a message by SMTP. GATEPOST_CASES names more cases.
func TestCasesThroughTheGate(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	t.Parallel()
	cases := readGateCases(t, filepath.Join("..", "..", "testdata", "cases.json"))
	if path := os.Getenv("GATEPOST_CASES"); path != "" {
		cases = append(cases, readGateCases(t, path)...)
	}
	g := newGateway(t, anyRate)
	g.must("user", "add", lastAdmin, "--role", "admin")
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			c.run(&gateway{T: t, dir: g.dir, smtp: g.smtp, env: g.env})
		})
	}
}

func readGateCases(t *testing.T, path string) (cases []gateCase) {
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &cases)
	}
	if err != nil || len(cases) == 0 {
		t.Fatalf("%s: %d cases, %v", path, len(cases), err)
	}
	return cases
}

func (c gateCase) run(g *gateway) {
	c.prepare(g)
	var checked struct{ Decision string }
	if err := json.Unmarshal([]byte(g.must("check", "--json", c.Sender)), &checked); err != nil {
		g.Fatal(err)
	}
	if checked.Decision != c.Expect {
		g.Errorf("check says %s, want %s", checked.Decision, c.Expect)
	}
	before := g.counts()
	if _, err := g.send("From: <" + c.Sender + ">\r\nSubject: x\r\n\r\nx\r\n"); err != nil {
		g.Fatal(err)
	}
	for kind, n := range g.counts() {
		want := before[kind]
		if strings.HasPrefix(kind, c.Expect) && n > 0 && n == want+1 {
			return
		}
	}
	g.Errorf("by SMTP: %v before, %v after, want one more %s", before, g.counts(), c.Expect)
}

// lastAdmin has a profile in every case, so that any other can be removed.
const lastAdmin = "root@help.test"

// prepare empties the gate, then lays down the lists and profiles of the case.
func (c gateCase) prepare(g *gateway) {
	for _, line := range strings.Split(strings.TrimSpace(g.must("user", "list", "--json")), "\n") {
		var u store.User
		if json.Unmarshal([]byte(line), &u) == nil && u.Email != lastAdmin {
			g.must("user", "remove", u.Email, "--yes")
		}
	}
	for list, text := range map[string]string{"allow": c.Allowlist, "block": c.Blocklist} {
		g.must("rules", "set", list, "", "--yes")
		ok := g.run("rules", "set", list, text, "--yes")
		if ok == slices.Contains(c.Refused, list) {
			g.Errorf("%slist %q: taken %v, to be refused %v", list, text, ok, !ok)
		}
		if left := g.must("rules", "show", list); slices.Contains(c.Refused, list) && left != "" {
			g.Errorf("%slist: refused, but left as %q", list, left)
		}
	}
	for _, u := range c.Known {
		g.must("user", "add", u.Email, "--role", u.Role)
		if u.Suspended {
			g.must("user", "suspend", u.Email, "--yes")
		}
	}
}

func (g *gateway) counts() store.Counts {
	db, err := store.Open(g.database(), store.Options{})
	if err != nil {
		g.Fatal(err)
	}
	defer db.Close()
	s, err := db.Status(context.Background())
	if err != nil {
		g.Fatal(err)
	}
	return s.Day
}
