// Package api answers programs: the JSON of the vendor's clients, what we know beside that, and
// the stream of events.
package api

import (
	"slices"
	"sync"
	"time"

	"gatepost/httpd"
)

// handlers answer programs.
type handlers struct {
	*httpd.Server
	look  time.Duration // how often a stream of events looks for what is new
	write time.Duration // what one event may take

	described func() ([]byte, error) // as /openapi.json has it
}

// New is the API of a server.
func New(s *httpd.Server) httpd.Part {
	h := &handlers{Server: s, look: lookEvery, write: eventWrite}
	return h.part()
}

func (s *handlers) part() httpd.Part {
	s.described = sync.OnceValues(s.description)
	all := s.operations()
	routes := make([]httpd.Route, len(all))
	for i, o := range all {
		routes[i] = o.route()
	}
	return httpd.Part{Routes: routes, Fail: fail}
}

// operations are the API: each group stands above what answers it, and docs/api.md lists all.
// Each under /api/ answers with .json behind its path too.
func (s *handlers) operations() []operation {
	return slices.Concat(s.suspendedOperations(), s.matchingOperations(), s.attachmentOperations(),
		s.ticketOperations(), s.userOperations(), s.organizationOperations(), s.ruleOperations(),
		s.trialOperations(), s.historyOperations(), s.shadowOperations(), s.securityOperations(),
		s.decisionOperations(), s.findOperations(), s.eventOperations(), s.auditOperations(),
		s.handoffOperations(), s.linkedOperations(), s.descriptionOperations())
}
