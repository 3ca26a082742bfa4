package httpd

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// hall is what every request passes, whatever it asks for: it is logged and counted, and
// what is answered is fenced in.
func (s *Server) hall(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.Now()
		out := &response{ResponseWriter: w}
		fence(out.Header(), r)
		defer func() {
			bug := recover()
			s.record(out, r, s.Now().Sub(began))
			s.confess(bug, r)
		}()
		to, bare := next, withoutSuffix(r)
		if !isClean(bare.URL.Path) { // ServeMux would lead to the clean path, whoever asks
			to = s.door(route{who: anybody, answer: s.nowhere})
		}
		to.ServeHTTP(out, bare)
	})
}

// confess logs a panic of ours, which net/http would keep to itself, and breaks the answer
// off.
func (s *Server) confess(bug any, r *http.Request) {
	if bug == nil {
		return
	}
	if bug != http.ErrAbortHandler {
		s.Log.Error("http panic", "path", r.URL.Path, "error", fmt.Sprint(bug),
			"stack", string(debug.Stack()))
	}
	panic(http.ErrAbortHandler)
}

// isClean reports whether a path begins with a slash, and has no empty or dotted steps. A
// request for * or for a host to connect to has none, and ServeMux answers it by itself.
func isClean(p string) bool {
	clean := path.Clean(p)
	return strings.HasPrefix(p, "/") && (p == clean || p == clean+"/")
}

// fence sets the headers that hold for every answer. A page of its own kind, such as a mail's
// HTML, sets stricter ones.
func fence(h http.Header, r *http.Request) {
	if r.TLS != nil { // of a proxy's TLS it is the proxy that says so
		h.Set("Strict-Transport-Security", "max-age=31536000") // seconds: a year
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "+
		"img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-src 'self'; "+
		"frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// withoutSuffix takes .json off the path of the API: the vendor's clients write it or not.
func withoutSuffix(r *http.Request) *http.Request {
	bare, found := strings.CutSuffix(r.URL.Path, ".json")
	if !found || !isAPI(r) {
		return r
	}
	u := *r.URL
	u.Path, u.RawPath = bare, strings.TrimSuffix(u.RawPath, ".json")
	cut := r.WithContext(r.Context())
	cut.URL = &u
	return cut
}

// isAPI reports whether a program asks, which wants its errors as JSON.
func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// record writes one line for a request. Queries are left out: they hold addresses, and what
// somebody searched for.
func (s *Server) record(w *response, r *http.Request, took time.Duration) {
	s.counts.answered(r.Method, w.code())
	level := slog.LevelInfo
	if w.quiet {
		level = slog.LevelDebug
	}
	s.Log.Log(r.Context(), level, "http", "method", r.Method, "path", r.URL.Path,
		"status", w.code(), "octets", w.octets, "client", w.visitor.From(),
		"user", w.visitor.User.Email, "door", w.visitor.Door, "took", took.String())
}

// door is what stands in front of one route: the checks, the answer, and what becomes of its
// error.
func (s *Server) door(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, leave, err := s.letIn(w, r, rt)
		defer leave()
		if out, ok := w.(*response); ok {
			out.visitor, out.quiet = v, rt.exempt != ""
		}
		if err == nil {
			err = rt.answer(w, r, v)
		}
		if err != nil {
			s.fail(w, r, v, err)
		}
	})
}

// letIn admits somebody once nothing more of the request is waited for: before what they send
// is read, so that a stranger's is not, and again after, since whoever held it back may have
// been shut out meanwhile. Who signs in is asked by signIn, after its form. Only who was let
// in has used their token or session, and not for what is exempt, which asks nobody.
func (s *Server) letIn(w http.ResponseWriter, r *http.Request, rt route) (
	v visitor, leave func(), err error) {
	leave = func() {}
	if v, err = s.admit(r, rt); err != nil || rt.exempt != "" {
		return v, leave, err
	}
	if leave, err = s.enter(r, v); err != nil {
		return v, leave, err
	}
	if rt.who > signIn && r.Body != http.NoBody {
		if err := readBody(w, r); err != nil {
			return v, leave, err
		}
		if v, err = s.admit(r, rt); err != nil {
			return v, leave, err
		}
	}
	s.noteUse(r, v)
	return v, leave, nil
}

// enter takes a place among the requests of a person until leave is called, and as long their
// connection makes room for nobody. Streams of events are counted on their own.
func (s *Server) enter(r *http.Request, v visitor) (leave func(), err error) {
	if !v.Known {
		return func() {}, nil
	}
	place := func() {}
	if r.URL.Path != eventsPath {
		if place, err = s.persons.enter(r.Context(), v); err != nil {
			return place, err
		}
	}
	rest := serves(r.Context())
	return func() { rest(); place() }, nil
}

// admit asks whether somebody may through to a route, in this order: the name we are called
// by, the site that sends them, their address, who they are, whether they may come from
// there, and whether what they are is enough.
func (s *Server) admit(r *http.Request, rt route) (v visitor, err error) {
	v.Client, v.claimed = s.client(r)
	v.peer = plainAddr(r.RemoteAddr)
	v.forwarded = namesClient(r) || s.Proxies.Contains(v.peer)
	if err := s.checkHost(r.Host); err != nil {
		return v, err
	}
	if err := s.checkOrigin(r); err != nil {
		return v, err
	}
	if err := s.identify(r, &v); err != nil {
		return v, err
	}
	if err := s.checkAccess(r, rt, v); err != nil {
		return v, err
	}
	switch {
	case rt.who.admits(v):
		return v, nil
	case v.Known:
		return v, forbidden("what you ask for is not for the role %s", v.Role)
	}
	return v, errUnknown
}

// checkHost refuses names that are not ours: a page elsewhere could have its own name lead to
// our address and read what we answer (DNS rebinding). An address leads nowhere else.
func (s *Server) checkHost(host string) error {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = lowerASCII(strings.TrimSuffix(name, "."))
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return nil
	}
	if name == "localhost" || strings.HasSuffix(name, ".localhost") ||
		slices.ContainsFunc(s.Hosts, func(ours string) bool { return lowerASCII(ours) == name }) {
		return nil
	}
	return &problem{status: http.StatusMisdirectedRequest, code: "UnknownHost",
		description: fmt.Sprintf("%q is not a name of this server: add it to http.hosts", host)}
}

// checkOrigin refuses what another site has a browser send with our cookie. A token is in
// no browser.
func (s *Server) checkOrigin(r *http.Request) error {
	if isAPI(r) && r.Header.Get("Authorization") != "" {
		return nil
	}
	if err := s.origin.Check(r); err != nil {
		return &problem{status: http.StatusForbidden, code: "CrossOrigin",
			description: "another site asks for this in your name: " + err.Error()}
	}
	return nil
}

// nowhere answers for a path that is no route.
func (s *Server) nowhere(w http.ResponseWriter, r *http.Request, _ visitor) error {
	var allowed []string
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		other := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(other); pattern != "" && pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if allowed == nil || !isClean(r.URL.Path) {
		return errNotFound
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return &problem{status: http.StatusMethodNotAllowed, code: "MethodNotAllowed",
		description: fmt.Sprintf("this takes %s", strings.Join(allowed, ", "))}
}

// lowerASCII folds ASCII letters only: other folds would make two names one.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
