package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// A silence measures the longest time without an answer.
type silence struct {
	lock    sync.Mutex
	last    time.Time // when the last one came
	longest time.Duration
}

// mark begins to measure.
func (s *silence) mark() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.longest = time.Since(s.last)
}

// goOn forgets a time in which nobody asked.
func (s *silence) goOn() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.last = time.Now()
}

// ends notes that an answer came.
func (s *silence) ends() {
	s.lock.Lock()
	defer s.lock.Unlock()
	now := time.Now()
	s.longest = max(s.longest, now.Sub(s.last))
	s.last = now
}

// most is the longest time without an answer since mark.
func (s *silence) most() time.Duration {
	s.lock.Lock()
	defer s.lock.Unlock()
	return max(s.longest, time.Since(s.last))
}

// newBare measures how long the cluster itself commits nothing: clients without a gatepost write a row
// each, again and again, and connect to whatever is the primary as soon as there is one.
func newBare(c *cluster) (*silence, error) {
	m, _ := c.primary()
	if m == nil {
		return nil, errors.New("there is no primary")
	}
	if err := m.row("postgres", "create table bare (at timestamptz)"); err != nil {
		return nil, err
	}
	var hosts []string
	for _, m := range c.machines {
		hosts = append(hosts, fmt.Sprint("127.0.0.1:", m.port))
	}
	url := "postgres://postgres@" + strings.Join(hosts, ",") +
		"/postgres?target_session_attrs=read-write&sslmode=disable&connect_timeout=2"
	s := &silence{last: time.Now()}
	for range 4 {
		go func() {
			var conn *pgx.Conn
			for ; ; time.Sleep(50 * time.Millisecond) {
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				var err error
				if conn == nil {
					conn, err = pgx.Connect(ctx, url)
				}
				if err == nil {
					_, err = conn.Exec(ctx, "insert into bare values (now())")
				}
				switch {
				case err == nil:
					s.ends()
				case conn != nil:
					_ = conn.Close(ctx) // it is of no use any more
					conn = nil
				}
				cancel()
			}
		}()
	}
	return s, nil
}
