package smtpd

import (
	"gatepost/limiter"
)

// afterArriving is how many times MaxArriving contents there may be at once: under way, waiting
// for the DNS, and being written.
const afterArriving = 3

// place is what the content of a client needs while it is under way.
func (s *Server) place(g *guard) *limiter.Share {
	evict := g.evict
	if !s.counts(g.client()) {
		evict = nil
	}
	return limiter.NewShare(g.client(), &g.octets, evict)
}

// hasRoom says whether arrive would say yes.
func (s *Server) hasRoom(p *limiter.Share) bool {
	t := s.now()
	return s.contents.CanJoin(p, afterArriving*t.MaxArriving) &&
		s.arriving.CanEnter(p, t.MaxArriving, t.Spare)
}

// arrive lets a content come, if there is a place. One under way leaves that once it has come,
// and settled must be called once nothing is left of it.
func (s *Server) arrive(p *limiter.Share) bool {
	t := s.now()
	if !s.contents.Join(p, afterArriving*t.MaxArriving) {
		return false
	}
	if !s.arriving.Enter(p, t.MaxArriving, t.Spare) {
		s.contents.Leave(p)
		return false
	}
	return true
}

func (s *Server) settled(p *limiter.Share) {
	s.arriving.Leave(p)
	s.contents.Leave(p)
}
