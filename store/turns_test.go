package store

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// processes makes turns as processes have them, each of its own, on one database.
func processes(t *testing.T) (newcomer func(server bool) *turns) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gatepost.db")
	return func(server bool) *turns {
		t.Helper()
		q := newTurns(path)
		if q == nil {
			t.Fatal("no turns")
		}
		q.server = server
		t.Cleanup(func() { q.close() })
		return q
	}
}

// standing waits until a newcomer stands in a lane.
func standing(t *testing.T, q *turns) {
	t.Helper()
	for end := time.Now().Add(commandsPatience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		q.lock.Lock()
		n := len(q.waits)
		q.lock.Unlock()
		if n > 0 {
			time.Sleep(5 * time.Millisecond) // from the goroutine into the kernel
			return
		}
	}
	t.Fatal("it waits for nobody")
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
	enter := func(n int, q *turns) {
		all.Go(func() {
			q.take()
			lock.Lock()
			order = append(order, n)
			lock.Unlock()
			q.give()
		})
		standing(t, q)
	}
	var dead []*turns
	for n := range 12 {
		q := newcomer(false)
		if n%4 == 1 { // its locks go when its file does, as those of a process that was killed
			dead = append(dead, q)
			go q.set(unix.F_OFD_SETLKW, unix.F_WRLCK, laneCommands)
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
	standing(t, command)
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
	stopped.take()
	began := time.Now()
	server.take()
	if waited := time.Since(began); waited < turnPatience || waited > 10*turnPatience {
		t.Errorf("the server waited %v", waited)
	}
	server.give()
	began = time.Now()
	for range 100 {
		server.take()
		server.give()
	}
	if waited := time.Since(began); waited > turnPatience {
		t.Errorf("it waited again, %v", waited)
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

// Many processes that write at once leave nobody out, least of all the server.
func TestManyWriters(t *testing.T) {
	ctx := context.Background()
	f := open(t)
	f.GoFirst()
	const many = 100
	ready, wrote := make(chan bool), make(chan error, many)
	for range many {
		other, err := Open(f.path, Options{})
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
	longest := time.Duration(0)
	for left := many; left > 0; {
		select {
		case err := <-wrote:
			if left--; err != nil {
				t.Error(err)
			}
		default:
			began := time.Now()
			if err := f.Ping(ctx); err != nil {
				t.Fatal(err)
			}
			longest = max(longest, time.Since(began))
		}
	}
	if longest > 3*time.Second { // on a machine that is busy with other things as well
		t.Errorf("the server waited %v to write", longest)
	}
}
