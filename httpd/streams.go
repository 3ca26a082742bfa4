package httpd

import (
	"sync"
	"time"
)

// How many streams of events may be open.
const (
	maxStreams  = 256 // in all
	maxPerOwner = 8   // of one profile: some tabs
)

// streams counts those that are open.
type streams struct {
	lock  sync.Mutex
	total int
	of    map[int64]int // by profile
	every time.Duration
	write time.Duration // what one event may take
}

func newStreams() *streams {
	return &streams{of: map[int64]int{}, every: lookEvery,
		write: eventWrite}
}

func (s *streams) open() int64 {
	s.lock.Lock()
	defer s.lock.Unlock()
	return int64(s.total)
}

// take counts one more, unless there are too many.
func (s *streams) take(owner int64) bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.total >= maxStreams || s.of[owner] >= maxPerOwner {
		return false
	}
	s.total++
	s.of[owner]++
	return true
}

func (s *streams) leave(owner int64) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.total--
	if s.of[owner]--; s.of[owner] == 0 {
		delete(s.of, owner)
	}
}
