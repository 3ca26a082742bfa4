// Package api answers programs: the JSON of the vendor's clients, what we know beside that, and
// the stream of events.
package api

import (
	"slices"
	"time"

	"gatepost/httpd"
)

// handlers answer programs.
type handlers struct {
	*httpd.Server
	look  time.Duration // how often a stream of events looks for what is new
	write time.Duration // what one event may take
}

// New is the API of a server.
func New(s *httpd.Server) httpd.Part {
	h := &handlers{Server: s, look: lookEvery, write: eventWrite}
	return h.part()
}

func (s *handlers) part() httpd.Part { return httpd.Part{Routes: s.routes(), Fail: fail} }

// routes are the API. Each under /api/ answers with .json behind its path too.
func (s *handlers) routes() []httpd.Route {
	return slices.Concat(s.suspendedRoutes(), s.ticketRoutes(), s.userRoutes(), s.ruleRoutes(),
		s.organizationRoutes(), s.handoffRoutes(),
		[]httpd.Route{
			httpd.NewRoute("GET "+httpd.OpenAPIPath, httpd.Anybody, s.openAPI),
			httpd.NewRoute("GET /api/v2/security_settings", httpd.Admin, s.getSecurity),
			httpd.NewRoute("PUT /api/v2/security_settings", httpd.Admin, s.putSecurity),
			httpd.NewRoute("GET "+httpd.LinkedPath+"{id}", httpd.Anybody, s.linkedMessage),
			httpd.NewRoute("GET /api/v2/check", httpd.Agent, s.check),
			httpd.NewRoute("GET /api/v2/find", httpd.Agent, s.find),
			httpd.NewRoute("GET /api/v2/decisions/{id}", httpd.Agent, s.decision),
			httpd.NewRoute("GET "+httpd.EventsPath, httpd.Agent, s.events),
			httpd.NewRoute("GET /api/v2/audit_logs", httpd.Admin, s.auditLogs),
			httpd.NewRoute("POST /api/v2/audit_logs/{id}/undo", httpd.Admin, s.undo),
		})
}

// suspendedRoutes are the vendor's, as its clients call them.
func (s *handlers) suspendedRoutes() []httpd.Route {
	const all, one = " /api/v2/suspended_tickets", " /api/v2/suspended_tickets/{id}"
	return []httpd.Route{
		httpd.NewRoute("GET"+all, httpd.Agent, s.listSuspended),
		httpd.NewRoute("GET"+one, httpd.Agent, s.showSuspended),
		httpd.NewRoute("PUT"+one+"/recover", httpd.Agent, s.recoverOne),
		httpd.NewRoute("PUT"+all+"/recover_many", httpd.Agent, s.recoverMany),
		httpd.NewRoute("PUT"+all+"/recover_matching", httpd.Agent, s.recoverMatching),
		httpd.NewRoute("DELETE"+all+"/destroy_matching", httpd.Agent, s.destroyMatching),
		httpd.NewRoute("PUT"+all+"/undo", httpd.Agent, s.undoSuspended),
		httpd.NewRoute("PUT"+one+"/undelete", httpd.Agent, s.undeleteOne),
		httpd.NewRoute("DELETE"+one, httpd.Agent, s.destroyOne),
		httpd.NewRoute("DELETE"+all+"/destroy_many", httpd.Agent, s.destroyMany),
		httpd.NewRoute("POST"+one+"/attachments", httpd.Agent, s.uploadAttachments),
	}
}

// ticketRoutes show an end-user their own tickets, and staff all of them.
func (s *handlers) ticketRoutes() []httpd.Route {
	return []httpd.Route{
		httpd.NewRoute("GET /api/v2/tickets", httpd.EndUser, s.listTickets),
		httpd.NewRoute("GET /api/v2/tickets/{id}", httpd.EndUser, s.showTicket),
		httpd.NewRoute("GET /api/v2/tickets/{id}/comments", httpd.EndUser, s.listComments),
		httpd.NewRoute("GET /api/v2/attachments/{id}/{number}", httpd.EndUser, s.downloadAttachment),
	}
}

func (s *handlers) userRoutes() []httpd.Route {
	return []httpd.Route{
		httpd.NewRoute("GET /api/v2/users", httpd.Admin, s.listUsers),
		httpd.NewRoute("POST /api/v2/users", httpd.Admin, s.addUser),
		httpd.NewRoute("GET /api/v2/users/search", httpd.Admin, s.searchUsers),
		httpd.NewRoute("GET /api/v2/users/me", httpd.EndUser, s.showMe),
		httpd.NewRoute("GET /api/v2/users/{id}", httpd.Admin, s.showUser),
		httpd.NewRoute("PUT /api/v2/users/{id}", httpd.Admin, s.changeUser),
		httpd.NewRoute("DELETE /api/v2/users/{id}", httpd.Admin, s.removeUser),
	}
}

func (s *handlers) ruleRoutes() []httpd.Route {
	return []httpd.Route{
		httpd.NewRoute("GET /api/v2/rules", httpd.Admin, s.showRules),
		httpd.NewRoute("PUT /api/v2/rules", httpd.Admin, s.setRules),
		httpd.NewRoute("POST /api/v2/rules/try", httpd.Admin, s.tryRules),
		httpd.NewRoute("GET /api/v2/rules/lint", httpd.Admin, s.lintRules),
		httpd.NewRoute("GET /api/v2/rules/history", httpd.Admin, s.rulesHistory),
		httpd.NewRoute("GET /api/v2/rules/diff", httpd.Admin, s.diffRules),
		httpd.NewRoute("POST /api/v2/rules/revert", httpd.Admin, s.revertRules),
		httpd.NewRoute("GET /api/v2/rules/shadow", httpd.Admin, s.showShadow),
		httpd.NewRoute("PUT /api/v2/rules/shadow", httpd.Admin, s.setShadow),
		httpd.NewRoute("DELETE /api/v2/rules/shadow", httpd.Admin, s.dropShadow),
		httpd.NewRoute("GET /api/v2/rules/shadow/diff", httpd.Admin, s.diffShadow),
		httpd.NewRoute("POST /api/v2/rules/shadow/promote", httpd.Admin, s.promoteShadow),
		httpd.NewRoute("GET /api/v2/rules/{list}/entries", httpd.Admin, s.listEntries),
		httpd.NewRoute("POST /api/v2/rules/{list}/entries", httpd.Admin, s.addEntries),
		httpd.NewRoute("PUT /api/v2/rules/{list}/entries", httpd.Admin, s.changeEntry),
		httpd.NewRoute("DELETE /api/v2/rules/{list}/entries", httpd.Admin, s.removeEntries),
	}
}
