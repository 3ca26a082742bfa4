package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A trouble is what a machine, or who runs it, does to a server that takes mail. It begins, and
// after a while it ends.
type trouble struct {
	name    string
	prepare func(s *gateway)            // before the server starts
	begin   func(s *storm) (end func()) // nil: it is over
	fails   bool                        // some messages have to be sent again
	doubt   bool                        // and what was refused may be on disk all the same
}

// lasts is how long a trouble does.
const lasts = 2 * time.Second

// TestTroubles sends mail through one trouble after the other, each several times. What was
// acknowledged is there afterwards, and once, though a reply was lost; and the server goes on
// once it is over, or when it is started again.
func TestTroubles(t *testing.T) {
	if os.Getenv("GATEPOST_LONG") == "" {
		t.Skip("GATEPOST_LONG is not set")
	}
	const messages, rounds = 1200, 4
	for _, c := range troubles() {
		t.Run(c.name, func(t *testing.T) {
			g := &gateway{T: t, dir: t.TempDir(), env: []string{anyRate, "GATEPOST_SMTP_GRACE=1s",
				"GATEPOST_SMTP_MIN_FREE_SPACE=0"}}
			if c.prepare != nil {
				c.prepare(g)
			}
			g.start()
			t.Cleanup(func() { g.end(syscall.SIGKILL) })
			s := newStorm(g, messages)
			s.doubt = c.doubt
			for range 16 {
				s.clients.Go(s.client)
			}
			for range rounds {
				s.await(messages / (rounds + 1))
				end := c.begin(s)
				if end != nil {
					<-time.After(lasts)
					end()
				}
			}
			s.await(messages - rounds*(messages/(rounds+1)))
			s.clients.Wait()
			s.compare()
			if c.fails && s.failed.Load() == 0 {
				t.Error("it troubled nobody")
			}
		})
	}
}

func troubles() []trouble {
	signal := func(sig syscall.Signal) func(*storm) func() {
		return func(s *storm) func() {
			s.restart(sig)
			return nil
		}
	}
	shim := func(what string) func(*storm) func() {
		return func(s *storm) func() {
			file := filepath.Join(s.dir, what)
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				s.Fatal(err)
			}
			return func() { os.Remove(file) }
		}
	}
	return []trouble{
		{name: "kill", begin: signal(syscall.SIGKILL), fails: true},
		{name: "terminate", begin: signal(syscall.SIGTERM), fails: true},
		{name: "abort", begin: signal(syscall.SIGABRT), fails: true},
		{name: "full disk", prepare: onSmallDisk, begin: fillDisk, fails: true},
		{name: "syncs fail", prepare: withShim, begin: shim("sync-fails"), fails: true, doubt: true},
		{name: "syncs are slow", prepare: withShim, begin: shim("sync-slow")},
		{name: "writes are refused", prepare: withShim, begin: shim("read-only"), fails: true},
		{name: "locked", begin: lockByShell},
		{name: "no descriptors", begin: lessOf(unix.RLIMIT_NOFILE, 24), fails: true},
		{name: "no memory", prepare: onlyGrows, begin: lessOf(unix.RLIMIT_DATA, 1<<20), fails: true},
		{name: "two servers", begin: startAnother},
	}
}

// onSmallDisk puts the folder on a disk of its own.
func onSmallDisk(g *gateway) { g.mount("tmpfs", "size=128m") }

// fillDisk writes a file until there is no room for more.
func fillDisk(s *storm) (end func()) {
	name := filepath.Join(s.dir, "ballast")
	f, err := os.Create(name)
	if err != nil {
		s.Fatal(err)
	}
	defer f.Close()
	for zeros := make([]byte, 4096); err == nil; {
		_, err = f.Write(zeros)
	}
	return func() { os.Remove(name) }
}

// withShim has the C library fail, as far as SQLite goes by it.
func withShim(g *gateway) {
	library := filepath.Join(g.dir, "shim.so")
	source := filepath.Join("..", "..", "testdata", "shim.c")
	cmd := exec.Command("gcc", "-shared", "-fPIC", "-o", library, source, "-ldl")
	if out, err := cmd.CombinedOutput(); err != nil {
		g.Skipf("gcc: %v: %s", err, out)
	}
	g.env = append(g.env, "LD_PRELOAD="+library, "SHIM="+g.dir)
}

// lockByShell has another program hold the lock for writing.
func lockByShell(s *storm) (end func()) {
	cmd := exec.Command("sqlite3", "-cmd", ".timeout 60000", "gatepost.db")
	cmd.Dir = s.dir
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		_, err = io.WriteString(in, "BEGIN IMMEDIATE;\n")
	}
	if err != nil {
		s.Fatal(err)
	}
	return func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			s.Error(err)
		}
	}
}

// onlyGrows has the program give no memory back: else it may need no more of the system for as long
// as the trouble lasts, and be troubled by nothing.
func onlyGrows(g *gateway) { g.env = append(g.env, "GOGC=off") }

// lessOf bounds something that the running server uses.
func lessOf(what int, most uint64) func(*storm) func() {
	return func(s *storm) func() {
		var was unix.Rlimit
		pid := s.cmd.Process.Pid
		if err := unix.Prlimit(pid, what, nil, &was); err != nil {
			s.Fatal(err)
		}
		low := unix.Rlimit{Cur: min(most, was.Max), Max: was.Max}
		if err := unix.Prlimit(pid, what, &low, nil); err != nil {
			s.Fatal(err)
		}
		return func() { unix.Prlimit(pid, what, &was, nil) } // it may have ended
	}
}

// startAnother starts servers of the same database, which are to refuse.
func startAnother(s *storm) (end func()) {
	for range 3 {
		if s.run("serve", "--smtp", "127.0.0.1:0") {
			s.Error("a second server ran on the same database")
		}
	}
	return nil
}
