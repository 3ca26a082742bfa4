// Package httpd answers people and programs: the console, the API, the sign-in, health
// and metrics. It shows what the store holds and changes it in somebody's name; it never
// judges mail by rules of its own, and answers nobody who has not come through the checks
// of authorize.go. What it answers with is in httpd/api for programs and in httpd/console for
// people, which know nothing of each other: each gives its routes, with the role that they need
// and why one is exempt from IP restrictions, and Server.Routes is all of them.
package httpd

import (
	"net/http"
	"slices"
	"strings"

	"gatepost/policy"
)

// A Route is one thing that is answered. What stands in front of every answer is in
// authorize.go.
type Route struct {
	Pattern string  // of http.ServeMux, with its method: "GET /suspended/{id}"
	Role    MinRole // the least that somebody must be
	Exempt  string  // why it answers from any address; "" if IP restrictions hold
	Handler Handler
	Body    int64 // octets that a request may carry; 0 is MaxBody
}

// NewRoute is a route that IP restrictions hold for.
func NewRoute(pattern string, role MinRole, h Handler) Route {
	return Route{Pattern: pattern, Role: role, Handler: h}
}

// A Handler writes the response, or returns an error before anything is written: the
// part that it belongs to then says it.
type Handler func(w http.ResponseWriter, r *http.Request, c Caller) error

// A Part is routes that say their errors in one form: the API or the console.
type Part struct {
	Routes []Route
	Fail   ErrorForm
}

// An ErrorForm answers with a problem. Retry-After is set already.
type ErrorForm func(w http.ResponseWriter, r *http.Request, c Caller, p *Problem)

// EventsPath is where the stream of events is. It has no suffix: withoutSuffix took that off.
const EventsPath = "/api/v2/events"

// LinkedPath begins the paths of messages that are fetched by who has a signed link to one.
const LinkedPath = "/api/v2/messages/"

// OpenAPIPath is where the API is described, for programs that read no pages.
const OpenAPIPath = "/openapi.json"

// Routes is everything that is answered. What each part answers is listed where it is written;
// whoever walks this list walks all of them.
func (s *Server) Routes() []Route {
	return slices.Concat(s.operations(), s.API.Routes, s.Console.Routes)
}

// operations are for those who run the machine.
func (s *Server) operations() []Route {
	const checks = "health checks come from the machinery that runs us"
	return []Route{
		{Pattern: "GET /livez", Exempt: checks, Handler: s.live},
		{Pattern: "GET /readyz", Exempt: checks, Handler: s.ready},
		{Pattern: "GET /ips", Handler: s.ips,
			Exempt: "a firewall must know our addresses before it lets anybody in"},
		{Pattern: "GET /metrics", Handler: s.metricsPage, Exempt: "it has ranges of its own: " +
			"http.metrics, this machine only if that is empty"},
		{Pattern: "/", Handler: s.notFound},
	}
}

// isOperation reports whether a machine asks, which reads no pages: whoever fetches the
// description of the API is one, too.
func (s *Server) isOperation(r *http.Request) bool {
	return r.URL.Path == OpenAPIPath ||
		slices.ContainsFunc(s.operations(), func(o Route) bool {
			return strings.HasSuffix(o.Pattern, " "+r.URL.Path)
		})
}

// A MinRole is what somebody must be, at least, to be answered.
type MinRole uint8

const (
	Anybody MinRole = iota
	// SigningIn is anybody, and IP restrictions hold as far as they can before it is known who
	// it is.
	SigningIn
	EndUser
	Agent
	Admin
)

// String is the role as the API calls it; who signs in is anybody yet.
func (m MinRole) String() string {
	return [...]string{"anybody", "anybody", "end-user", "agent", "admin"}[m]
}

// Admits reports whether a caller is enough.
func (m MinRole) Admits(c Caller) bool {
	switch m {
	case Anybody, SigningIn:
		return true
	case EndUser:
		return c.Known
	case Agent:
		return c.Known && c.Role >= policy.Agent
	}
	return c.Known && c.Role >= policy.Admin
}
