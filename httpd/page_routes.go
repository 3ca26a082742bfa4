package httpd

// pageRoutes are the console: pages and forms of browsers. What changes anything is a POST.
func (s *Server) pageRoutes() []route {
	return append([]route{
		{"GET /static/{file}", anybody, "the sign-in page needs its style before anybody is " +
			"signed in", s.staticFile},
		{"GET /{$}", endUser, "", s.homePage},
		{"GET /requests", endUser, "", s.requestsPage},
		{"GET /requests/{id}", endUser, "", s.requestPage},

		{"GET /suspended", agent, "", s.queuePage},
		{"POST /suspended", agent, "", s.actOnMany},
		{"POST /suspended/undelete", agent, "", s.undeletePage},
		{"POST /suspended/undo/{id}", agent, "", s.undoMail},
		{"GET /suspended/{id}", agent, "", s.heldPage},
		{"POST /suspended/{id}", agent, "", s.actOnOne},
		{"GET /suspended/{id}/html", agent, "", s.htmlFrame},
		{"GET /suspended/{id}/raw", agent, "", s.rawMessage},
		{"GET /suspended/{id}/attachments/{n}", agent, "", s.attachmentFile},
		{"GET /tickets", agent, "", s.ticketsPage},
		{"GET /tickets/{id}", agent, "", s.ticketPage},
		{"GET /tickets/{id}/html", agent, "", s.htmlFrame},
		{"GET /tickets/{id}/raw", agent, "", s.rawMessage},
		{"GET /tickets/{id}/attachments/{n}", agent, "", s.attachmentFile},
		{"GET /status", agent, "", s.statusPage},
	}, s.adminRoutes()...)
}

// adminRoutes change lists, people and access.
func (s *Server) adminRoutes() []route {
	return []route{
		{"POST /tickets/{id}", admin, "", s.actOnTicket},
		{"GET /rules", admin, "", s.rulesPage},
		{"POST /rules", admin, "", s.saveRules},
		{"POST /rules/check", admin, "", s.checkText},
		{"POST /rules/entries", admin, "", s.changeEntries},
		{"GET /users", admin, "", s.usersPage},
		{"POST /users", admin, "", s.addProfile},
		{"GET /users/{id}", admin, "", s.userPage},
		{"POST /users/{id}", admin, "", s.changeProfile},
		{"GET /access", admin, "", s.accessPage},
		{"POST /access", admin, "", s.saveAccess},
		{"GET /tokens", admin, "", s.tokensPage},
		{"POST /tokens", admin, "", s.addToken},
		{"POST /tokens/{id}/revoke", admin, "", s.revokeToken},
		{"GET /audit", admin, "", s.auditPage},
		{"POST /audit/{id}/undo", admin, "", s.undoChange},
	}
}
