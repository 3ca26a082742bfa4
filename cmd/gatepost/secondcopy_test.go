package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A server whose disk has no room for a second copy says so once, in its log and its metrics,
// and otherwise works; and so does one whose disk has room at first and none later.
func TestNoRoomForACopy(t *testing.T) {
	g := &gateway{T: t, dir: t.TempDir(), env: []string{anyRate, "GATEPOST_SMTP_MIN_FREE_SPACE=0",
		"GATEPOST_HTTP_LISTEN=127.0.0.1:0"}}
	g.mount("tmpfs", "size=24m")
	g.start()
	t.Cleanup(func() { g.end(syscall.SIGKILL) })
	g.wantCopy(1)
	for n := range 75 { // about 5 MB
		g.take(n, 60_000)
	}
	g.end(syscall.SIGTERM)
	g.wantWarnings(0)

	ballast := g.ballast(2 << 20)
	g.start()
	g.wantCopy(0)
	for n := range 3 {
		g.take(n, 10)
	}
	g.end(syscall.SIGTERM)
	g.wantWarnings(1)

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	g.start()
	g.wantCopy(1)
	g.end(syscall.SIGTERM)
	g.wantWarnings(0)
}

// Where a file system makes no files without a name the second copy is one that was removed, and
// mail is rescued from it all the same.
func TestCopyWithoutNamelessFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	t.Parallel()
	if _, err := exec.LookPath("bindfs"); err != nil {
		t.Fatalf("%v: scripts/test installs it", err)
	}
	below, dir := t.TempDir(), t.TempDir()
	if out, err := exec.Command("bindfs", below, dir).CombinedOutput(); err != nil {
		t.Skipf("a folder cannot be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil { // bindfs ends then
			t.Error(err)
		}
	})
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR, 0o600)
	if err == nil {
		unix.Close(fd)
		t.Fatal("this bindfs makes files without a name, and the test shows nothing")
	}
	s := newStorm(newGateway(t, anyRate, "GATEPOST_HTTP_LISTEN=127.0.0.1:0",
		"GATEPOST_DB="+filepath.Join(dir, "gatepost.db")), 60)
	s.wantCopy(1)
	s.doubt = true
	for range 4 {
		s.clients.Go(s.client)
	}
	s.await(30)
	s.restart(syscall.SIGTERM) // the main file has all of it, and no other is like it
	s.replace("cp $OTHER $P")
	s.await(30)
	s.clients.Wait()
	s.compare()
	s.end(syscall.SIGTERM)
}

// mount puts the folder on a file system of its own.
func (g *gateway) mount(kind, options string) {
	g.Helper()
	if err := unix.Mount("none", g.dir, kind, 0, options); err != nil {
		g.Skipf("a disk cannot be mounted here: %v", err)
	}
	g.Cleanup(func() {
		if err := unix.Unmount(g.dir, unix.MNT_DETACH); err != nil {
			g.Error(err)
		}
	})
}

// ballast is a file that leaves so many octets free.
func (g *gateway) ballast(free int64) (path string) {
	g.Helper()
	path = filepath.Join(g.dir, "ballast")
	var fs unix.Statfs_t
	if err := unix.Statfs(g.dir, &fs); err != nil {
		g.Fatal(err)
	}
	err := os.WriteFile(path, make([]byte, int64(fs.Bavail)*fs.Bsize-free), 0o600)
	if err != nil {
		g.Fatal(err)
	}
	return path
}

// take has the server take a message of about so many octets.
func (g *gateway) take(n, size int) {
	g.Helper()
	_, err := g.send(fmt.Sprintf("From: a@fine.test\r\nSubject: %d\r\nMessage-ID: <%d.%d@fine.test>"+
		"\r\n\r\n%s\r\n", n, n, size, strings.Repeat("word ", size/5)))
	if err != nil {
		g.Fatalf("message %d: %v", n, err)
	}
}

// wantCopy looks at what the metrics say of the second copy.
func (g *gateway) wantCopy(want int) {
	g.Helper()
	r, err := http.Get("http://" + g.http + "/metrics")
	if err != nil {
		g.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || !strings.Contains(string(text), fmt.Sprintf("\ngatepost_second_copy %d\n", want)) {
		g.Errorf("want a second copy: %d, %v\n%s", want, err, text)
	}
}

// wantWarnings counts what the log of the server that has ended says of the second copy.
func (g *gateway) wantWarnings(want int) {
	g.Helper()
	n := 0
	for _, text := range g.log {
		var line struct{ Level, Msg, Reason string }
		if json.Unmarshal([]byte(text), &line) == nil && line.Level == "WARN" && line.Reason != "" &&
			strings.Contains(line.Msg, "no second copy") {
			n++
		}
	}
	if n != want {
		g.Errorf("%d warnings, want %d, in %q", n, want, g.log)
	}
}

// Ingest beside no server says that it took a message only if the database at the path is the one
// that has it.
func TestIngestIntoAReplacedDatabase(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	t.Parallel()
	for _, typed := range []string{"mv gatepost.db aside.db", "rm gatepost.db", "mv other.db gatepost.db",
		"cp other.db gatepost.db", ": > gatepost.db"} {
		t.Run(typed, func(t *testing.T) {
			g := &gateway{T: t, dir: t.TempDir()}
			g.must("rules", "add", "block", "held.test")
			g.must("--db", "other.db", "rules", "add", "block", "other.test")
			cmd := g.command("ingest", "--rcpt", "support@help.test")
			in, err := cmd.StdinPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			// More than it reads before it opens the database, and than a pipe holds.
			io.WriteString(in, "From: a@held.test\r\nSubject: s\r\n\r\n"+
				strings.Repeat("text\r\n", 200_000))
			sh := exec.Command("sh", "-ec", typed)
			sh.Dir = g.dir
			if out, err := sh.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			in.Close()
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitLater {
				t.Errorf("it ended with %v, want exit %d", err, exitLater)
			}
		})
	}
}

// Many that write beside no server, each a message, do not take one another's writing for that of
// a stranger: the last to close brings the log into the main file, and the next begins another.
func TestManyIngestBesideNoServer(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills, damages or replaces again and again")
	}
	t.Parallel()
	const many, atOnce = 60, 6
	g := &gateway{T: t, dir: t.TempDir()}
	g.must("rules", "add", "block", "held.test")
	var all sync.WaitGroup
	next := make(chan int, many)
	for i := range many {
		next <- i
	}
	close(next)
	for range atOnce {
		all.Go(func() {
			for i := range next {
				cmd := g.command("ingest", "--rcpt", "support@help.test")
				cmd.Stdin = strings.NewReader(fmt.Sprintf("From: a%d@%s.test\r\n\r\n%s\r\n", i,
					[]string{"held", "fine"}[i%2], strings.Repeat("word ", i*1500)))
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("message %d: %v: %s", i, err, out)
				}
			}
		})
	}
	all.Wait()
	held, tickets := g.must("suspended", "list", "--count"), g.must("ticket", "list", "--count")
	if held != "30\n" || tickets != "30\n" {
		t.Errorf("%s held and %s tickets, want %d in all", held, tickets, many)
	}
}
