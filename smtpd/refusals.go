package smtpd

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"sync"

	"github.com/emersion/go-smtp"
)

// A Refusal is what a reply that refuses something begins with: its code (RFC 5321, section
// 4.2) and its enhanced status (RFC 3463), empty if it has none.
type Refusal struct{ Code, Status string }

// refusals counts replies. There are as many kinds as we and go-smtp have words for: no octet of
// a client is in them.
type refusals struct {
	mu   sync.Mutex
	kind *regexp.Regexp
	n    map[Refusal]int64
}

// Refusals are how often each was said since the start. What an operator waits for is among them
// before it was ever said, as 0.
func (s *Server) Refusals() map[Refusal]int64 {
	all := map[Refusal]int64{}
	for _, waited := range []*smtp.SMTPError{errLocal(), errFull(), errTooOften(), errDraining(),
		errStranger(), errNotWelcome(), errTooLarge(0)} {
		all[Refusal{strconv.Itoa(waited.Code), status(waited)}] = 0
	}
	all[Refusal{"421", "4.7.0"}] = 0 // tooManyOfYou
	s.refusals.mu.Lock()
	defer s.refusals.mu.Unlock()
	maps.Copy(all, s.refusals.n)
	return all
}

func status(e *smtp.SMTPError) string {
	return fmt.Sprintf("%d.%d.%d", e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2])
}

// note counts a line of a reply, if it is the last of one that refuses something.
func (r *refusals) note(line []byte) {
	if len(line) == 0 || line[0] != '4' && line[0] != '5' {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == nil {
		r.n = map[Refusal]int64{}
		r.kind = regexp.MustCompile(`^([45]\d\d) (?:([45]\.\d{1,3}\.\d{1,3}) )?`)
	}
	if m := r.kind.FindSubmatch(line); m != nil {
		r.n[Refusal{string(m[1]), string(m[2])}]++
	}
}

// Connections are how many are open.
func (s *Server) Connections() int {
	s.crowd.mu.Lock()
	defer s.crowd.mu.Unlock()
	return len(s.crowd.guards)
}
