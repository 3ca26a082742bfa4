package httpd

// pageRoutes are the console: pages and forms of browsers. What changes anything is a POST.
func (s *Server) pageRoutes() []Route {
	return append([]Route{
		{"GET /static/{file}", Anybody, "the sign-in page needs its style before anybody is " +
			"signed in", s.staticFile},
		{"GET /{$}", EndUser, "", s.homePage},
		{"GET /requests", EndUser, "", s.requestsPage},
		{"GET /requests/{id}", EndUser, "", s.requestPage},

		{"GET /suspended", Agent, "", s.queuePage},
		{"POST /suspended", Agent, "", s.actOnMany},
		{"POST /suspended/undelete", Agent, "", s.undeletePage},
		{"POST /suspended/undo/{id}", Agent, "", s.undoMail},
		{"GET /suspended/{id}", Agent, "", s.heldPage},
		{"POST /suspended/{id}", Agent, "", s.actOnOne},
		{"GET /suspended/{id}/html", Agent, "", s.htmlFrame},
		{"GET /suspended/{id}/raw", Agent, "", s.rawMessage},
		{"GET /suspended/{id}/attachments/{n}", Agent, "", s.attachmentFile},
		{"GET /tickets", Agent, "", s.ticketsPage},
		{"GET /tickets/{id}", Agent, "", s.ticketPage},
		{"GET /tickets/{id}/html", Agent, "", s.htmlFrame},
		{"GET /tickets/{id}/raw", Agent, "", s.rawMessage},
		{"GET /tickets/{id}/attachments/{n}", Agent, "", s.attachmentFile},
		{"GET /status", Agent, "", s.statusPage},
	}, s.adminRoutes()...)
}

// adminRoutes change lists, people and access.
func (s *Server) adminRoutes() []Route {
	return []Route{
		{"POST /tickets/{id}", Admin, "", s.actOnTicket},
		{"GET /rules", Admin, "", s.rulesPage},
		{"POST /rules", Admin, "", s.saveRules},
		{"POST /rules/check", Admin, "", s.checkText},
		{"POST /rules/entries", Admin, "", s.changeEntries},
		{"GET /users", Admin, "", s.usersPage},
		{"POST /users", Admin, "", s.addProfile},
		{"GET /users/{id}", Admin, "", s.userPage},
		{"POST /users/{id}", Admin, "", s.changeProfile},
		{"GET /access", Admin, "", s.accessPage},
		{"POST /access", Admin, "", s.saveAccess},
		{"GET /tokens", Admin, "", s.tokensPage},
		{"POST /tokens", Admin, "", s.addToken},
		{"POST /tokens/{id}/revoke", Admin, "", s.revokeToken},
		{"GET /audit", Admin, "", s.auditPage},
		{"POST /audit/{id}/undo", Admin, "", s.undoChange},
	}
}
