package httpd

import (
	"net"
	"time"
)

// What tests from outside know of the limits.
const (
	AttemptWindow      = attemptWindow
	AttemptsPerAccount = attemptsPerAccount
	MaxPerNetwork      = maxPerNetwork
	MaxUserName        = maxUserName
	RequestsPerEndUser = requestsPerEndUser
	Spare              = spare
)

// Distant is a listener to which everybody comes from far away.
func Distant(l net.Listener) net.Listener { return distant{l} }

// Wait sets how long a request waits for another of the same person.
func (s *Server) Wait(d time.Duration) { s.requests.patience = d }

// Waiting is how many persons have requests that are answered, or wait.
func (s *Server) Waiting() int { return len(s.requests.slots) }
