package api

import (
	"maps"
	"strings"
	"testing"

	"gatepost/httpd"
)

// TestRoles freezes who may use what of the API: the table says it in another place than
// here.
func TestRoles(t *testing.T) {
	least := map[string]httpd.MinRole{}
	routes := New(&httpd.Server{}).Routes
	for _, rt := range routes {
		_, path, _ := strings.Cut(rt.Pattern, " ")
		noun := strings.Split(strings.TrimPrefix(path, "/api/v2/"), "/")[0]
		if was, ok := least[noun]; !ok || rt.Role < was {
			least[noun] = rt.Role
		}
	}
	const agent, endUser, admin = httpd.Agent, httpd.EndUser, httpd.Admin
	want := map[string]httpd.MinRole{"suspended_tickets": agent, "tickets": endUser,
		"attachments": endUser, "users": endUser /* me */, "rules": admin, "organizations": admin,
		"security_settings": admin, "check": agent, "find": agent,
		"decisions": agent, "events": agent,
		"audit_logs": admin, "handoffs": admin, "handoff_targets": admin,
		"messages": httpd.Anybody /* who has a signed link */, "" /* openapi.json */ : httpd.Anybody}
	if !maps.Equal(least, want) {
		t.Errorf("least roles %v, want %v", least, want)
	}
	for _, rt := range routes {
		_, path, _ := strings.Cut(rt.Pattern, " ")
		if strings.HasPrefix(path, "/api/v2/users") && rt.Role != admin &&
			rt.Pattern != "GET /api/v2/users/me" {
			t.Errorf("%s is for admins", rt.Pattern)
		}
	}
}
