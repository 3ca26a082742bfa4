package httpdtest

import (
	"strings"
	"sync"
	"time"
)

// A Clock stands still until it is moved.
type Clock struct {
	lock sync.Mutex
	At   time.Time
	n    int
}

func (c *Clock) Now() time.Time {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.At
}

func (c *Clock) Move(d time.Duration) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.At = c.At.Add(d)
}

// count gives another number each time.
func (c *Clock) count() int {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.n++
	return c.n
}

// lines are what was logged.
type lines struct {
	lock sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.String()
}
