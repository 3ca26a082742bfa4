package httpd

import (
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"
)

// middleware is what every request passes, whatever it asks for: it is logged and counted, and
// what is answered carries the security headers.
func (s *Server) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.Now()
		out := &response{ResponseWriter: w}
		securityHeaders(out.Header(), r)
		defer func() {
			bug := recover()
			s.record(out, r, s.Now().Sub(began))
			s.logPanic(bug, r)
		}()
		to, bare := next, withoutSuffix(r)
		if !isClean(bare.URL.Path) { // ServeMux would lead to the clean path, whoever asks
			to = s.authorize(Route{Role: Anybody, Handler: s.notFound})
		}
		to.ServeHTTP(out, bare)
	})
}

// logPanic logs a panic of ours, which net/http would keep to itself, and breaks the answer
// off.
func (s *Server) logPanic(bug any, r *http.Request) {
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

// securityHeaders sets the headers that hold for every answer. A page of its own kind, such
// as a mail's HTML, sets stricter ones.
func securityHeaders(h http.Header, r *http.Request) {
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
		"status", w.code(), "octets", w.octets, "client", w.caller.From(),
		"user", w.caller.User.Email, "door", w.caller.Via, "took", took.String())
}

// notFound answers for a path that is no route.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request, _ Caller) error {
	var allowed []string
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		other := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(other); pattern != "" && pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if allowed == nil || !isClean(r.URL.Path) {
		return ErrNotFound
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return &Problem{Status: http.StatusMethodNotAllowed, Code: "MethodNotAllowed",
		Description: fmt.Sprintf("this takes %s", strings.Join(allowed, ", "))}
}
