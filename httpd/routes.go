// Package httpd answers people and programs: the console, the API, the sign-in, health
// and metrics. It shows what the store holds and changes it in somebody's name; it never
// judges mail by rules of its own, and answers nobody who has not come through the checks
// of authorize.go.
package httpd

import (
	"net/http"
	"slices"

	"gatepost/policy"
)

// A Route is one thing that is answered. What stands in front of every answer is in
// authorize.go.
type Route struct {
	Pattern string  // of http.ServeMux, with its method: "GET /suspended/{id}"
	Role    MinRole // the least that somebody must be
	Exempt  string  // why it answers from any address; "" if IP restrictions hold
	Handler Handler
}

// An Handler writes the response, or returns an error before anything is written: fail then
// says it in the way of the API or of a page.
type Handler func(w http.ResponseWriter, r *http.Request, v Caller) error

// routes is everything that is answered: the contents page of this room.
func (s *Server) routes() []Route {
	return slices.Concat(s.operations(), s.signInRoutes(), s.apiRoutes(), s.pageRoutes())
}

// operations are for those who run the machine.
func (s *Server) operations() []Route {
	return []Route{
		{"GET /livez", Anybody, "health checks come from the machinery that runs us", s.live},
		{"GET /readyz", Anybody, "health checks come from the machinery that runs us", s.ready},
		{"GET /ips", Anybody, "a firewall must know our addresses before it lets anybody in", s.ips},
		{"GET /metrics", Anybody, "it has ranges of its own: http.metrics, this machine only " +
			"if that is empty", s.metricsPage},
		{"GET /openapi.json", Anybody, "", s.openAPI},
		{"/", Anybody, "", s.notFound},
	}
}

// signInRoutes are the way in and out.
func (s *Server) signInRoutes() []Route {
	return []Route{
		{"GET /sign-in", SigningIn, "", s.signInPage},
		{"POST /sign-in", SigningIn, "", s.signIn},
		{"POST /sign-out", Anybody, "users must be able to end their session from any network",
			s.signOut},
	}
}

// apiRoutes are the API. Each answers with .json behind its path too.
func (s *Server) apiRoutes() []Route {
	return slices.Concat(s.suspendedRoutes(), s.ticketRoutes(), s.userRoutes(), s.ruleRoutes(),
		[]Route{
			{"GET /api/v2/security_settings", Admin, "", s.getSecurity},
			{"PUT /api/v2/security_settings", Admin, "", s.putSecurity},
			{"GET /api/v2/check", Agent, "", s.check},
			{"GET /api/v2/decisions/{id}", Agent, "", s.decision},
			{"GET " + EventsPath, Agent, "", s.events},
			{"GET /api/v2/audit_logs", Admin, "", s.auditLogs},
			{"POST /api/v2/audit_logs/{id}/undo", Admin, "", s.undo},
		})
}

// suspendedRoutes are the vendor's, as its clients call them.
func (s *Server) suspendedRoutes() []Route {
	const all, one = " /api/v2/suspended_tickets", " /api/v2/suspended_tickets/{id}"
	return []Route{
		{"GET" + all, Agent, "", s.listSuspended},
		{"GET" + one, Agent, "", s.showSuspended},
		{"PUT" + one + "/recover", Agent, "", s.recoverOne},
		{"PUT" + all + "/recover_many", Agent, "", s.recoverMany},
		{"PUT" + all + "/recover_matching", Agent, "", s.recoverMatching},
		{"DELETE" + all + "/destroy_matching", Agent, "", s.destroyMatching},
		{"PUT" + all + "/undo", Agent, "", s.undoSuspended},
		{"PUT" + one + "/undelete", Agent, "", s.undeleteOne},
		{"DELETE" + one, Agent, "", s.destroyOne},
		{"DELETE" + all + "/destroy_many", Agent, "", s.destroyMany},
		{"POST" + one + "/attachments", Agent, "", s.uploadAttachments},
	}
}

// ticketRoutes show an end-user their own tickets, and staff all of them.
func (s *Server) ticketRoutes() []Route {
	return []Route{
		{"GET /api/v2/tickets", EndUser, "", s.listTickets},
		{"GET /api/v2/tickets/{id}", EndUser, "", s.showTicket},
		{"GET /api/v2/tickets/{id}/comments", EndUser, "", s.listComments},
		{"GET /api/v2/attachments/{id}/{number}", EndUser, "", s.downloadAttachment},
	}
}

func (s *Server) userRoutes() []Route {
	return []Route{
		{"GET /api/v2/users", Admin, "", s.listUsers},
		{"POST /api/v2/users", Admin, "", s.addUser},
		{"GET /api/v2/users/search", Admin, "", s.searchUsers},
		{"GET /api/v2/users/me", EndUser, "", s.showMe},
		{"GET /api/v2/users/{id}", Admin, "", s.showUser},
		{"PUT /api/v2/users/{id}", Admin, "", s.changeUser},
		{"DELETE /api/v2/users/{id}", Admin, "", s.removeUser},
	}
}

func (s *Server) ruleRoutes() []Route {
	return []Route{
		{"GET /api/v2/rules", Admin, "", s.showRules},
		{"PUT /api/v2/rules", Admin, "", s.setRules},
		{"GET /api/v2/rules/{list}/entries", Admin, "", s.listEntries},
		{"POST /api/v2/rules/{list}/entries", Admin, "", s.addEntries},
		{"DELETE /api/v2/rules/{list}/entries", Admin, "", s.removeEntries},
	}
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

// Admits reports whether v is enough.
func (w MinRole) Admits(c Caller) bool {
	switch w {
	case Anybody, SigningIn:
		return true
	case EndUser:
		return c.Known
	case Agent:
		return c.Known && c.Role >= policy.Agent
	}
	return c.Known && c.Role >= policy.Admin
}
