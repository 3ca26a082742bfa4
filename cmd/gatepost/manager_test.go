package main

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatepost/settings"
)

// A manager stands for the service manager: it hears what a server says of itself.
type manager struct {
	*testing.T
	conn *net.UnixConn
}

func newManager(t *testing.T) (m *manager, env string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "gatepost") // the path of a socket has 107 octets at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &manager{t, conn}, "NOTIFY_SOCKET=" + path
}

// hear waits for a message of this form, and for others in between at most as often as a
// server is fed in that time.
func (m *manager) hear(pattern string) string {
	m.Helper()
	m.conn.SetReadDeadline(time.Now().Add(patience))
	var heard []string
	for buffer := make([]byte, 4096); ; {
		n, err := m.conn.Read(buffer)
		if err != nil {
			m.Fatalf("%v: no %s in %q", err, pattern, heard)
		}
		text := string(buffer[:n])
		if regexp.MustCompile("(?s)^" + pattern + "$").MatchString(text) {
			return text
		}
		heard = append(heard, text)
	}
}

// The service manager is told when mail is taken, when the settings are read anew, that all is
// well now and then, and when it ends.
func TestServiceManagerIsTold(t *testing.T) {
	m, socket := newManager(t)
	g := newGateway(t, socket, "WATCHDOG_USEC=600000")
	m.hear("READY=1\nSTATUS=taking mail on " + regexp.QuoteMeta(g.smtp))
	for range 3 {
		m.hear("WATCHDOG=1")
	}
	hangUp := func() {
		if err := g.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		m.hear("RELOADING=1\nMONOTONIC_USEC=[0-9]{4,}")
	}
	hangUp()
	m.hear("READY=1\nSTATUS=taking mail on .*")
	file := filepath.Join(g.dir, "gatepost.toml")
	if err := os.WriteFile(file, []byte("[smtp]\npatience = \"soon\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hangUp()
	m.hear("READY=1\nSTATUS=the last reload was refused: gatepost.toml:2:12: .*")
	m.hear("WATCHDOG=1")
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.hear("STOPPING=1")
	g.end(syscall.SIGTERM)
}

// Whoever cannot write is not fed.
func TestWatchdogBitesAHungWriter(t *testing.T) {
	m, socket := newManager(t)
	g := newGateway(t, socket, "WATCHDOG_USEC=600000")
	m.hear("WATCHDOG=1")
	unlock := lockDatabase(t, filepath.Join(g.dir, "gatepost.db"))
	for late := time.Now().Add(patience); ; {
		m.conn.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := m.conn.Read(make([]byte, 99)); err != nil {
			break
		}
		if time.Now().After(late) { // what was under way has ended
			t.Fatal("it is fed while nothing can be written")
		}
	}
	unlock()
	m.hear("WATCHDOG=1")
}

// lockDatabase keeps everybody else from writing until it is told to let go.
func lockDatabase(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite3", path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(tx.Rollback(), db.Close()); err != nil {
			t.Error(err)
		}
	}
}

// A listener that nobody waits at is noticed.
func TestAttended(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := attend(l)
	time.Sleep(2 * time.Millisecond)
	if a.away() < time.Millisecond {
		t.Error("nobody has come yet")
	}
	done := make(chan error)
	go func() {
		_, err := a.Accept()
		done <- err
	}()
	for a.away() > 0 {
		time.Sleep(time.Millisecond)
	}
	l.Close()
	if <-done == nil || a.away() == 0 {
		t.Error("it was left")
	}
}

// Sockets that the service manager opened are taken by their names, and stay open to whoever
// comes while the server is started again.
func TestSocketActivation(t *testing.T) {
	g := &gateway{T: t, dir: t.TempDir()}
	var files []*os.File
	var addresses []string
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		file, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		files, addresses = append(files, file), append(addresses, l.Addr().String())
	}
	serve := func(names string, args ...string) *exec.Cmd {
		cmd := g.command()
		cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c",
			"LISTEN_PID=$$ exec gatepost serve \"$@\"", "sh"}, args...)
		cmd.ExtraFiles = files[:1+strings.Count(names, ":")]
		cmd.Env = append(cmd.Env, fmt.Sprintf("LISTEN_FDS=%d", len(cmd.ExtraFiles)),
			"LISTEN_FDNAMES="+names)
		return cmd
	}
	for range 2 {
		g.cmd = serve("smtp:http:smtp")
		g.await()
		if want := addresses[0] + " " + addresses[2]; g.smtp != want || g.http != addresses[1] {
			t.Fatalf("smtp %s, http %s of %s", g.smtp, g.http, addresses)
		}
		for _, g.smtp = range []string{addresses[0], addresses[2]} {
			if reply, err := g.send("From: ann@acme.test\r\n\r\nHello\r\n"); err != nil {
				t.Error(reply, err)
			}
		}
		g.end(syscall.SIGTERM)
		queued, err := net.Dial("tcp", addresses[0])
		if err != nil {
			t.Errorf("while it is started again: %v", err)
		}
		defer queued.Close()
	}
	for names, want := range map[string]string{
		"gatepost.socket": `socket with the name "gatepost.socket": write FileDescriptorName=smtp`,
		"http:http":       "several sockets with the name http",
	} {
		cmd := serve(names)
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != exitConfig || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v: %s", names, err, out)
		}
	}
}

// What the sockets say goes before what is written, and never hides from the commands beside
// the server that others can connect.
func TestSocketsSettle(t *testing.T) {
	outside, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	taken := sockets{socketSMTP: {outside}}
	s := settings.Defaults()
	if err := taken.settle(s); err == nil || !strings.Contains(err.Error(), "write that here too") {
		t.Errorf("only loopback is written: %v", err)
	}
	s = settings.Defaults()
	s.SMTP.Listen = settings.Words{"0.0.0.0:25", "[::]:25"}
	if err := taken.settle(s); err != nil || s.SMTP.Listen.String() != outside.Addr().String() {
		t.Errorf("%v, %v", s.SMTP.Listen, err)
	}
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "smtp.recipients") {
		t.Errorf("mail for anybody would be taken from anywhere: %v", err)
	}
}

// A log that nobody reads any more, since what read it has died, does not end the server.
func TestLogThatNobodyReads(t *testing.T) {
	g := &gateway{T: t, dir: t.TempDir()}
	log, stderr, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	g.cmd = g.command("serve", "--smtp", "127.0.0.1:0")
	g.cmd.Stderr = stderr
	if err := errors.Join(g.cmd.Start(), stderr.Close()); err != nil {
		t.Fatal(err)
	}
	defer g.cmd.Process.Kill()
	for lines := bufio.NewScanner(log); g.smtp == "" && lines.Scan(); {
		if m := regexp.MustCompile(`"listening","smtp":"([^"]+)"`).FindStringSubmatch(
			lines.Text()); m != nil {
			g.smtp = m[1]
		}
	}
	log.Close()
	for range 3 {
		if reply, err := g.send("From: ann@acme.test\r\n\r\nHello\r\n"); err != nil {
			t.Fatal(reply, err)
		}
	}
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Wait(); err != nil {
		t.Error(err)
	}
}
