package store

import (
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The lanes in which processes wait for their turn to write, each a lock on an octet of one
// file. SQLite lets whoever asks at the right moment write, so that many who ask again and
// again keep the processors busy and some of them out; the kernel lets those who wait in a
// lane pass in the order they came, and forgets who died.
//
// Commands stand in the first lane. Its head stands in the second beside the server, and
// whoever heads that waits there until the turn of who writes is over: so whoever has just
// written is behind those who wait. The kernel wakes who waits, and who asks before that one runs
// is in the lane first: so a server that comes says so by a lane of its own, the head of the
// commands lets it pass, and it waits for two commands at most.
const (
	laneCommands int64 = iota
	laneNext
	laneTurn
	laneMaking // whoever makes the database: until it is made it looks damaged
	laneServer // the server, until it has its turn
)

// How long somebody stands in a lane before going on without a turn, to ask SQLite again and
// again as long as lockWait lets it: whoever is in front may have been stopped (SIGSTOP). In the
// lane of commands it begins anew whenever somebody has come to its head: a lane that moves is
// long, or the disk is slow.
const (
	commandsPatience = 10 * time.Second
	turnPatience     = 500 * time.Millisecond
)

// turns are those of one process. Nothing but the order depends on them: whether somebody
// writes is SQLite's to say. The nil *turns has no order.
type turns struct {
	file *os.File
	fd   int     // of file
	held []int64 // lanes that whoever writes is in

	// How long it stands in the lane of commands, and in each of the others.
	patience, turnPatience time.Duration
	heads                  func() uint64 // how many have come to the head of the lane of commands

	lock   sync.Mutex
	server bool           // does not stand in the lane of commands
	waits  map[int64]bool // lanes in which somebody was left waiting who went on without
	closed bool
}

func queuePath(path string) string { return path + ".queue" }

// newTurns is nil where the file cannot be had.
func newTurns(path string) *turns {
	f, err := os.OpenFile(queuePath(path), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil
	}
	q := &turns{file: f, fd: int(f.Fd()), patience: commandsPatience,
		turnPatience: turnPatience, waits: map[int64]bool{}}
	q.heads = q.readHeads
	return q
}

// readHeads reads the number that the file holds; what cannot be read is 0.
func (q *turns) readHeads() uint64 {
	var b [8]byte
	_, _ = q.file.ReadAt(b[:], 0)
	return binary.LittleEndian.Uint64(b[:])
}

// head counts who has come to the head of the lane of commands, where one is at a time. Where it
// cannot be written the lane seems to stand, and nobody waits longer for that.
func (q *turns) head() {
	_, _ = q.file.WriteAt(binary.LittleEndian.AppendUint64(nil, q.readHeads()+1), 0)
}

// GoFirst has what is written here wait for two commands at most, as a server does.
func (db *DB) GoFirst() {
	if q := db.writer.turns; q != nil {
		q.lock.Lock()
		defer q.lock.Unlock()
		q.server = true
	}
}

// take waits for the turn to write. Who takes gives.
func (q *turns) take() {
	if q == nil {
		return
	}
	q.lock.Lock()
	server := q.server
	q.lock.Unlock()
	if server && !q.enter(laneServer, q.turnPatience) {
		return
	}
	if !server {
		if !q.enter(laneCommands, q.patience) {
			return
		}
		if q.head(); !q.letPass() {
			return
		}
	}
	if !q.enter(laneNext, q.turnPatience) || !q.enter(laneTurn, q.turnPatience) {
		return
	}
	for _, lane := range q.held[:len(q.held)-1] {
		q.leave(lane)
	}
	q.held = q.held[len(q.held)-1:]
}

// letPass waits until a server that has come has its turn.
func (q *turns) letPass() bool {
	if q.isFree(laneServer) {
		return true
	}
	if !q.enter(laneServer, q.turnPatience) {
		return false
	}
	q.leave(laneServer)
	q.held = q.held[:len(q.held)-1]
	return true
}

// give leaves the lanes to others.
func (q *turns) give() {
	if q == nil {
		return
	}
	for _, lane := range q.held {
		q.leave(lane)
	}
	q.held = nil
}

// enter waits until nobody else is in a lane. It reports false once its patience is over.
func (q *turns) enter(lane int64, patience time.Duration) bool {
	q.lock.Lock()
	defer q.lock.Unlock()
	switch {
	case q.waits[lane]:
		return false
	case q.set(unix.F_OFD_SETLK, unix.F_WRLCK, lane) == nil || q.wait(lane, patience):
		q.held = append(q.held, lane)
		return true
	}
	return false
}

// wait is enter where somebody is in the lane. A wait in the kernel does not end early: when
// patience does, the lane is left as soon as it is entered. The lock is held, but not meanwhile.
func (q *turns) wait(lane int64, patience time.Duration) (entered bool) {
	q.waits[lane] = true
	done, left := make(chan struct{}), false
	go func() {
		defer close(done)
		err := q.set(unix.F_OFD_SETLKW, unix.F_WRLCK, lane)
		q.lock.Lock()
		defer q.lock.Unlock()
		delete(q.waits, lane)
		switch entered = err == nil && !left; {
		case q.closed:
			_ = q.closeIdle()
		case !entered:
			q.leave(lane)
		}
	}()
	q.lock.Unlock()
	q.endure(lane, patience, done)
	q.lock.Lock()
	left = true
	return entered
}

// endure waits until done, or until patience is over.
func (q *turns) endure(lane int64, patience time.Duration, done <-chan struct{}) {
	before := q.heads()
	for impatience := time.NewTimer(patience); ; impatience.Reset(patience) {
		select {
		case <-done:
			impatience.Stop()
			return
		case <-impatience.C:
		}
		now := q.heads()
		if lane != laneCommands || now == before {
			return
		}
		before = now
	}
}

// leave leaves a lane. What keeps that from being done has kept it from being entered.
func (q *turns) leave(lane int64) { _ = q.set(unix.F_OFD_SETLK, unix.F_UNLCK, lane) }

// set takes or leaves an octet of the file, at once or (F_OFD_SETLKW) as soon as it is free. The
// lock is one of this open file, not of the process, which may have the database open twice.
func (q *turns) set(how int, kind int16, lane int64) (err error) {
	for {
		err = unix.FcntlFlock(uintptr(q.fd), how, &unix.Flock_t{Type: kind, Start: lane, Len: 1})
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// isFree reports whether nobody else is in a lane.
func (q *turns) isFree(lane int64) bool {
	asked := unix.Flock_t{Type: unix.F_WRLCK, Start: lane, Len: 1}
	err := unix.FcntlFlock(uintptr(q.fd), unix.F_OFD_GETLK, &asked)
	return err != nil || asked.Type == unix.F_UNLCK
}

// alone waits for whoever is making the database, if there is none yet, until leave.
func alone(path string, create bool) (leave func()) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > 0 || err != nil && !create {
		return func() {}
	}
	q := newTurns(path)
	if q == nil {
		return func() {}
	}
	q.enter(laneMaking, lockWait)
	return func() { _ = q.close() }
}

func (q *turns) close() error {
	if q == nil {
		return nil
	}
	q.lock.Lock()
	defer q.lock.Unlock()
	q.closed = true
	return q.closeIdle()
}

// closeIdle leaves the file to the last of those who were left waiting: its number would be
// another file's.
func (q *turns) closeIdle() error {
	if len(q.waits) > 0 {
		return nil
	}
	return q.file.Close()
}
