package httpd

import (
	"net/http"
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
}

func newStreams() *streams {
	return &streams{of: map[int64]int{}}
}

// EnterStream counts a stream of events of a caller until leave is called, unless too many are
// open: then it is to be tried again after retry.
func (s *Server) EnterStream(c Caller, retry time.Duration) (leave func(), err error) {
	if !s.streams.take(c.User.ID) {
		return nil, &Problem{Status: http.StatusServiceUnavailable, Code: "TooManyStreams",
			Retry: retry, Description: "too many event streams are open: close one"}
	}
	return func() { s.streams.leave(c.User.ID) }, nil
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
