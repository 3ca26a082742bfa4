// Package console answers people: pages, and the forms that they send.
package console

import (
	"slices"

	"gatepost/httpd"
)

// handlers answer people.
type handlers struct {
	*httpd.Server
	frames *frames
}

// New is the console of a server.
func New(s *httpd.Server) httpd.Part {
	h := &handlers{Server: s, frames: newFrames()}
	return h.part()
}

func (s *handlers) part() httpd.Part { return httpd.Part{Routes: s.routes(), Fail: s.fail} }

// routes are pages, and forms of browsers. What changes anything is a POST.
func (s *handlers) routes() []httpd.Route {
	return slices.Concat(s.openRoutes(), s.mailRoutes(), s.adminRoutes())
}

// openRoutes are for everybody, and the way in and out.
func (s *handlers) openRoutes() []httpd.Route {
	return []httpd.Route{
		httpd.NewRoute("GET /sign-in", httpd.SigningIn, s.signInPage),
		httpd.NewRoute("POST /sign-in", httpd.SigningIn, s.signIn),
		{Pattern: "POST /sign-out", Role: httpd.Anybody, Handler: s.signOut,
			Exempt: "users must be able to end their session from any network"},
		{Pattern: "GET /static/{file}", Role: httpd.Anybody, Handler: s.staticFile,
			Exempt: "the sign-in page needs its style before anybody is signed in"},
		httpd.NewRoute("GET /{$}", httpd.EndUser, s.homePage),
		httpd.NewRoute("GET /requests", httpd.EndUser, s.requestsPage),
		httpd.NewRoute("GET /requests/{id}", httpd.EndUser, s.requestPage),
	}
}

// mailRoutes show held messages and tickets, and act on them.
func (s *handlers) mailRoutes() []httpd.Route {
	return []httpd.Route{
		httpd.NewRoute("GET /suspended", httpd.Agent, s.queuePage),
		httpd.NewRoute("POST /suspended", httpd.Agent, s.actOnMany),
		httpd.NewRoute("POST /suspended/undelete", httpd.Agent, s.undeletePage),
		httpd.NewRoute("POST /suspended/undo/{id}", httpd.Agent, s.undoMail),
		httpd.NewRoute("GET /suspended/{id}", httpd.Agent, s.heldPage),
		httpd.NewRoute("POST /suspended/{id}", httpd.Agent, s.actOnOne),
		httpd.NewRoute("GET /suspended/{id}/html", httpd.Agent, s.htmlFrame),
		httpd.NewRoute("GET /suspended/{id}/raw", httpd.Agent, s.rawMessage),
		httpd.NewRoute("GET /suspended/{id}/attachments/{n}", httpd.Agent, s.attachmentFile),
		httpd.NewRoute("GET /tickets", httpd.Agent, s.ticketsPage),
		httpd.NewRoute("GET /tickets/{id}", httpd.Agent, s.ticketPage),
		httpd.NewRoute("GET /tickets/{id}/html", httpd.Agent, s.htmlFrame),
		httpd.NewRoute("GET /tickets/{id}/raw", httpd.Agent, s.rawMessage),
		httpd.NewRoute("GET /tickets/{id}/attachments/{n}", httpd.Agent, s.attachmentFile),
		httpd.NewRoute("GET /find", httpd.Agent, s.findPage),
		httpd.NewRoute("GET /causes/{name}", httpd.Agent, s.causePage),
		httpd.NewRoute("GET /status", httpd.Agent, s.statusPage),
	}
}

// adminRoutes change lists, people and access.
func (s *handlers) adminRoutes() []httpd.Route {
	return []httpd.Route{
		httpd.NewRoute("POST /tickets/{id}", httpd.Admin, s.actOnTicket),
		httpd.NewRoute("GET /rules", httpd.Admin, s.rulesPage),
		httpd.NewRoute("POST /rules", httpd.Admin, s.saveRules),
		httpd.NewRoute("POST /rules/check", httpd.Admin, s.checkText),
		httpd.NewRoute("POST /rules/try", httpd.Admin, s.tryTyped),
		httpd.NewRoute("POST /rules/shadow", httpd.Admin, s.endShadow),
		httpd.NewRoute("GET /rules/entries", httpd.Admin, s.entriesPage),
		httpd.NewRoute("POST /rules/entries", httpd.Admin, s.changeEntries),
		httpd.NewRoute("GET /rules/history", httpd.Admin, s.historyPage),
		httpd.NewRoute("GET /rules/history/{generation}", httpd.Admin, s.generationPage),
		httpd.NewRoute("POST /rules/revert", httpd.Admin, s.revertRules),
		httpd.NewRoute("POST /rules/fix", httpd.Admin, s.fixEntry),
		httpd.NewRoute("GET /move", httpd.Admin, s.movePage),
		{Pattern: "POST /move", Role: httpd.Admin, Handler: s.move, Body: maxMove},
		httpd.NewRoute("GET /organizations", httpd.Admin, s.orgsPage),
		httpd.NewRoute("POST /organizations", httpd.Admin, s.addOrg),
		httpd.NewRoute("POST /organizations/{id}", httpd.Admin, s.changeOrg),
		httpd.NewRoute("GET /users", httpd.Admin, s.usersPage),
		httpd.NewRoute("POST /users", httpd.Admin, s.addProfile),
		httpd.NewRoute("GET /users/{id}", httpd.Admin, s.userPage),
		httpd.NewRoute("POST /users/{id}", httpd.Admin, s.changeProfile),
		httpd.NewRoute("GET /access", httpd.Admin, s.accessPage),
		httpd.NewRoute("POST /access", httpd.Admin, s.saveAccess),
		httpd.NewRoute("GET /tokens", httpd.Admin, s.tokensPage),
		httpd.NewRoute("POST /tokens", httpd.Admin, s.addToken),
		httpd.NewRoute("POST /tokens/{id}/revoke", httpd.Admin, s.revokeToken),
		httpd.NewRoute("GET /hand-off", httpd.Admin, s.handoffPage),
		httpd.NewRoute("POST /hand-off", httpd.Admin, s.actOnHandoffs),
		httpd.NewRoute("POST /hand-off/targets/{name}", httpd.Admin, s.actOnTarget),
		httpd.NewRoute("GET /audit", httpd.Admin, s.auditPage),
		httpd.NewRoute("POST /audit/{id}/undo", httpd.Admin, s.undoChange),
	}
}
