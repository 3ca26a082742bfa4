package httpd

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// authorize is what stands in front of one route: the checks, the answer, and what becomes of its
// error.
func (s *Server) authorize(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, leave, err := s.letIn(w, r, rt)
		defer leave()
		if out, ok := w.(*response); ok {
			out.caller, out.quiet = c, rt.Exempt != ""
		}
		if err == nil {
			err = rt.Handler(w, r, c)
		}
		if err != nil {
			s.fail(w, r, c, err)
		}
	})
}

// letIn admits somebody once nothing more of the request is waited for: before what they send
// is read, so that a stranger's is not, and again after, since whoever held it back may have
// been shut out meanwhile. Who signs in is asked by signIn, after its form. Only who was let
// in has used their token or session, and not for what is exempt, which asks nobody.
func (s *Server) letIn(w http.ResponseWriter, r *http.Request, rt Route) (
	c Caller, leave func(), err error) {
	leave = func() {}
	if c, err = s.admit(r, rt); err != nil || rt.Exempt != "" {
		return c, leave, err
	}
	if leave, err = s.enter(r, c); err != nil {
		return c, leave, err
	}
	if rt.Role > SigningIn && r.Body != http.NoBody {
		if err := readBody(w, r, cmp.Or(rt.Body, MaxBody)); err != nil {
			return c, leave, err
		}
		if c, err = s.admit(r, rt); err != nil {
			return c, leave, err
		}
	}
	s.noteUse(r, c)
	return c, leave, nil
}

// StillAdmits asks again whether whoever sent r may stay, as long as they are answered: who they
// are may have changed, and where they may come from. Who may has used their token once more.
func (s *Server) StillAdmits(r *http.Request, least MinRole) error {
	c, err := s.admit(r, Route{Role: least})
	if err == nil {
		s.noteUse(r, c)
	}
	return err
}

// enter takes a place among the requests of a person until leave is called, and as long their
// connection makes room for nobody. Streams of events are counted on their own.
func (s *Server) enter(r *http.Request, c Caller) (leave func(), err error) {
	if !c.Known {
		return func() {}, nil
	}
	place := func() {}
	if r.URL.Path != EventsPath {
		if place, err = s.requests.enter(r.Context(), c); err != nil {
			return place, err
		}
	}
	rest := serves(r.Context())
	return func() { rest(); place() }, nil
}

// admit asks whether somebody may through to a route, in this order: the name we are called
// by, the site that sends them, their address, who they are, whether they may come from
// there, and whether what they are is enough.
func (s *Server) admit(r *http.Request, rt Route) (c Caller, err error) {
	c.Client, c.claimed = s.client(r)
	c.peer = plainAddr(r.RemoteAddr)
	c.forwarded = namesClient(r) || s.Proxies.Contains(c.peer)
	if err := s.checkHost(r.Host); err != nil {
		return c, err
	}
	if err := s.checkOrigin(r); err != nil {
		return c, err
	}
	if err := s.identify(r, &c); err != nil {
		return c, err
	}
	if err := s.checkAccess(r, rt, c); err != nil {
		return c, err
	}
	switch {
	case rt.Role.Admits(c):
		return c, nil
	case c.Known:
		return c, Forbidden("what you ask for is not for the role %s", c.Role)
	}
	return c, ErrUnknownCaller
}

// checkHost refuses names that are not ours: a page elsewhere could have its own name lead to
// our address and read what we answer (DNS rebinding). An address leads nowhere else.
func (s *Server) checkHost(host string) error {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = LowerASCII(strings.TrimSuffix(name, "."))
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return nil
	}
	if name == "localhost" || strings.HasSuffix(name, ".localhost") ||
		slices.ContainsFunc(s.Hosts, func(ours string) bool { return LowerASCII(ours) == name }) {
		return nil
	}
	return &Problem{Status: http.StatusMisdirectedRequest, Code: "UnknownHost",
		Description: fmt.Sprintf("%q is not a name of this server: add it to http.hosts", host)}
}

// checkOrigin refuses what another site has a browser send with our cookie. A token is in
// no browser.
func (s *Server) checkOrigin(r *http.Request) error {
	if isAPI(r) && r.Header.Get("Authorization") != "" {
		return nil
	}
	if err := s.origin.Check(r); err != nil {
		return &Problem{Status: http.StatusForbidden, Code: "CrossOrigin",
			Description: "another site asks for this in your name: " + err.Error()}
	}
	return nil
}
