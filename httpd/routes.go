// Package httpd is the door for people and programs: the console, the API, the sign-in, health
// and metrics. It shows what the store holds and changes it in somebody's name; it never
// judges mail by rules of its own, and answers nobody who has not come through the checks
// of door.go.
package httpd

import (
	"net/http"
	"slices"

	"gatepost/policy"
)

// A route is one thing that is answered. What stands in front of every answer is in
// door.go.
type route struct {
	pattern string // of http.ServeMux, with its method: "GET /suspended/{id}"
	who     who    // the least that somebody must be
	exempt  string // why it answers from any address; "" if IP restrictions hold
	answer  answer
}

// An answer writes the response, or returns an error before anything is written: fail then
// says it in the way of the API or of a page.
type answer func(w http.ResponseWriter, r *http.Request, v visitor) error

// routes is everything that is answered: the contents page of this room.
func (s *Server) routes() []route {
	return slices.Concat(s.operations(), s.signInRoutes(), s.apiRoutes(), s.pageRoutes())
}

// operations are for those who run the machine.
func (s *Server) operations() []route {
	return []route{
		{"GET /livez", anybody, "health checks come from the machinery that runs us", s.live},
		{"GET /readyz", anybody, "health checks come from the machinery that runs us", s.ready},
		{"GET /ips", anybody, "a firewall must know our addresses before it lets anybody in", s.ips},
		{"GET /metrics", anybody, "it has ranges of its own: http.metrics, this machine only " +
			"if that is empty", s.metricsPage},
		{"GET /openapi.json", anybody, "", s.openAPI},
		{"/", anybody, "", s.nowhere},
	}
}

// signInRoutes are the way in and out.
func (s *Server) signInRoutes() []route {
	return []route{
		{"GET /sign-in", signIn, "", s.signInPage},
		{"POST /sign-in", signIn, "", s.signIn},
		{"POST /sign-out", anybody, "users must be able to end their session from any network",
			s.signOut},
	}
}

// apiRoutes are the API. Each answers with .json behind its path too.
func (s *Server) apiRoutes() []route {
	return slices.Concat(s.suspendedRoutes(), s.ticketRoutes(), s.userRoutes(), s.ruleRoutes(),
		[]route{
			{"GET /api/v2/security_settings", admin, "", s.getSecurity},
			{"PUT /api/v2/security_settings", admin, "", s.putSecurity},
			{"GET /api/v2/check", agent, "", s.check},
			{"GET /api/v2/decisions/{id}", agent, "", s.decision},
			{"GET " + eventsPath, agent, "", s.events},
			{"GET /api/v2/audit_logs", admin, "", s.auditLogs},
			{"POST /api/v2/audit_logs/{id}/undo", admin, "", s.undo},
		})
}

// suspendedRoutes are the vendor's, as its clients call them.
func (s *Server) suspendedRoutes() []route {
	const all, one = " /api/v2/suspended_tickets", " /api/v2/suspended_tickets/{id}"
	return []route{
		{"GET" + all, agent, "", s.listSuspended},
		{"GET" + one, agent, "", s.showSuspended},
		{"PUT" + one + "/recover", agent, "", s.recoverOne},
		{"PUT" + all + "/recover_many", agent, "", s.recoverMany},
		{"PUT" + all + "/recover_matching", agent, "", s.recoverMatching},
		{"DELETE" + all + "/destroy_matching", agent, "", s.destroyMatching},
		{"PUT" + all + "/undo", agent, "", s.undoSuspended},
		{"PUT" + one + "/undelete", agent, "", s.undeleteOne},
		{"DELETE" + one, agent, "", s.destroyOne},
		{"DELETE" + all + "/destroy_many", agent, "", s.destroyMany},
		{"POST" + one + "/attachments", agent, "", s.uploadAttachments},
	}
}

// ticketRoutes show an end-user their own tickets, and staff all of them.
func (s *Server) ticketRoutes() []route {
	return []route{
		{"GET /api/v2/tickets", endUser, "", s.listTickets},
		{"GET /api/v2/tickets/{id}", endUser, "", s.showTicket},
		{"GET /api/v2/tickets/{id}/comments", endUser, "", s.listComments},
		{"GET /api/v2/attachments/{id}/{number}", endUser, "", s.downloadAttachment},
	}
}

func (s *Server) userRoutes() []route {
	return []route{
		{"GET /api/v2/users", admin, "", s.listUsers},
		{"POST /api/v2/users", admin, "", s.addUser},
		{"GET /api/v2/users/search", admin, "", s.searchUsers},
		{"GET /api/v2/users/me", endUser, "", s.showMe},
		{"GET /api/v2/users/{id}", admin, "", s.showUser},
		{"PUT /api/v2/users/{id}", admin, "", s.changeUser},
		{"DELETE /api/v2/users/{id}", admin, "", s.removeUser},
	}
}

func (s *Server) ruleRoutes() []route {
	return []route{
		{"GET /api/v2/rules", admin, "", s.showRules},
		{"PUT /api/v2/rules", admin, "", s.setRules},
		{"GET /api/v2/rules/{list}/entries", admin, "", s.listEntries},
		{"POST /api/v2/rules/{list}/entries", admin, "", s.addEntries},
		{"DELETE /api/v2/rules/{list}/entries", admin, "", s.removeEntries},
	}
}

// A who is what somebody must be, at least, to be answered.
type who uint8

const (
	anybody who = iota
	signIn      // anybody, and IP restrictions hold as far as they can before it is known who it is
	endUser
	agent
	admin
)

// admits reports whether v is enough.
func (w who) admits(v visitor) bool {
	switch w {
	case anybody, signIn:
		return true
	case endUser:
		return v.Known
	case agent:
		return v.Known && v.Role >= policy.Agent
	}
	return v.Known && v.Role >= policy.Admin
}
