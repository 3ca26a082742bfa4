package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// processes makes turns as processes have them, each of its own, on one database. They have
// all the patience in the world.
func processes(t *testing.T) (newcomer func(server bool) *turns) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	return func(server bool) *turns {
		t.Helper()
		q := newTurns(path)
		if q == nil {
			t.Fatal("no turns")
		}
		q.server, q.patience, q.turnPatience = server, time.Hour, time.Hour
		t.Cleanup(func() { q.close() })
		return q
	}
}

// standing waits until so many in all stand in the lanes of a database, as the kernel says.
func standing(t *testing.T, q *turns, n int) {
	t.Helper()
	info, err := q.file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	inode := fmt.Sprintf(":%d ", info.Sys().(*syscall.Stat_t).Ino)
	for range 10_000 {
		locks, err := os.ReadFile("/proc/locks")
		if err != nil {
			t.Fatal(err)
		}
		waiting := 0
		for line := range strings.Lines(string(locks)) {
			if strings.Contains(line, "-> OFDLCK") && strings.Contains(line, inode) {
				waiting++
			}
		}
		if waiting == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("there are not %d who wait", n)
}

// Commands write in the order they came, and a server after two of them at most. One that
// dies in the line, wherever it stands, keeps nobody.
func TestTurns(t *testing.T) {
	newcomer := processes(t)
	first := newcomer(false)
	first.take()
	var lock sync.Mutex
	var order []int
	var all sync.WaitGroup
	waiting := 0
	enter := func(n int, q *turns) {
		waiting++
		all.Go(func() {
			q.take()
			lock.Lock()
			order = append(order, n)
			lock.Unlock()
			q.give()
		})
		standing(t, q, waiting)
	}
	var dead []*turns
	for n := range 12 {
		q := newcomer(false)
		if n%4 == 1 { // its locks go when its file does, as those of a process that was killed
			dead = append(dead, q)
			waiting++
			go q.set(unix.F_OFD_SETLKW, unix.F_WRLCK, laneCommands)
			standing(t, q, waiting)
			continue
		}
		enter(n, q)
	}
	enter(100, newcomer(true))
	for _, q := range dead {
		q.close()
	}
	first.give()
	all.Wait()
	server := slices.Index(order, 100)
	if server > 2 || !slices.IsSorted(slices.Delete(slices.Clone(order), server, server+1)) {
		t.Errorf("they wrote in the order %v", order)
	}
}

// Whoever writes again and again stands behind those who wait.
func TestTurnsAreGivenAway(t *testing.T) {
	newcomer := processes(t)
	server, command := newcomer(true), newcomer(false)
	server.take()
	took := make(chan bool, 1)
	go func() {
		command.take()
		took <- true
		command.give()
	}()
	standing(t, command, 1)
	server.give()
	for again := 0; ; again++ {
		select {
		case <-took:
			return
		default:
		}
		if again == 3 {
			t.Fatal("the server wrote three times meanwhile")
		}
		server.take()
		server.give()
	}
}

// One that was stopped in its turn costs a server its patience once, and nobody for ever.
func TestTurnsOfTheStopped(t *testing.T) {
	newcomer := processes(t)
	stopped, server := newcomer(false), newcomer(true)
	server.turnPatience = time.Millisecond
	stopped.take()
	server.take()
	if slices.Contains(server.held, laneTurn) || !server.waits[laneTurn] {
		t.Errorf("the server has a turn: %v, and waits for %v", server.held, server.waits)
	}
	server.give()
	server.turnPatience = time.Hour
	for range 100 { // it goes without at once, or this never ends
		server.take()
		server.give()
	}
	stopped.give()
	for end := time.Now().Add(10 * time.Second); len(server.held) == 0; server.take() {
		if time.Now().After(end) {
			t.Fatal("it has no turn any more")
		}
		server.give()
	}
	server.give()
}

// Whoever stands in a lane that moves has patience, however long it is; whoever comes to its head
// says so to those behind.
func TestTurnsOfALongLane(t *testing.T) {
	newcomer := processes(t)
	first, head, last := newcomer(false), newcomer(false), newcomer(false)
	stand := func() (ended chan bool) {
		first.take()
		ended = make(chan bool)
		go func() {
			defer close(ended)
			head.take()
			head.give()
		}()
		standing(t, head, 1)
		return ended
	}
	ended, looks := stand(), uint64(0)
	last.patience = time.Millisecond
	last.heads = func() uint64 {
		if looks++; looks == 5 {
			first.give()
		}
		return looks
	}
	if last.take(); !slices.Contains(last.held, laneTurn) || looks < 5 {
		t.Errorf("it has %v after %d looks at a lane that moves", last.held, looks)
	}
	last.give()
	<-ended
	if heads := last.readHeads(); heads != 3 {
		t.Errorf("%d have come to the head, not 3", heads)
	}
	ended, last.heads = stand(), last.readHeads
	if last.take(); last.held != nil {
		t.Errorf("it has %v of a lane that stands", last.held)
	}
	first.give()
	<-ended
}

// Many processes that write at once leave nobody out, least of all the server.
func TestManyWriters(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.GoFirst()
	const many = 100
	ready, wrote := make(chan bool), make(chan error, many)
	for range many {
		other, err := Open(at(f.T, f.path), Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { other.Close() })
		go func() {
			<-ready
			for range 3 {
				if err := other.Ping(ctx); err != nil {
					wrote <- err
					return
				}
			}
			wrote <- nil
		}()
	}
	close(ready)
	for left := many; left > 0; {
		select {
		case err := <-wrote:
			if left--; err != nil {
				t.Error(err)
			}
		default:
			if err := f.Ping(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
}
