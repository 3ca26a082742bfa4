package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// Who sends a form after their session has ended is told that nothing came of it, and is led
// back to the page that the form stood on.
func TestFormAfterTheSession(t *testing.T) {
	st := testServer(t)
	st.Password("admin@acme.test", "correct horse")
	b := &httpdtest.Browser{Site: st, Session: "over"}
	for form, page := range map[string]string{"/rules": "/rules", "/rules/entries": "/rules/entries",
		"/suspended/7": "/suspended/7", "/suspended": "/suspended", "/users/3": "/users/3",
		"/tokens/5/revoke": "/tokens", "/audit/5/undo": "/audit", "/access": "/access"} {
		_, to := b.Post(form, http.StatusSeeOther, "block", "mine.test")
		u, err := url.Parse(to)
		st.Must(err)
		if u.Path != "/sign-in" || u.Query().Get("next") != page {
			t.Errorf("%s leads to %s, want back to %s", form, to, page)
		}
		b.Says(b.Get(to, http.StatusOK), "Your session has ended: what you sent was not saved",
			`name="lost"`)
	}
	b.Silent(b.Get("/sign-in?next=%2Frules", http.StatusOK), "Your session has ended")
	_, to := b.Post("/sign-in", http.StatusSeeOther, "email", "admin@acme.test",
		"password", "correct horse", "next", "/suspended/7", "lost", "1")
	if to != "/suspended/7" {
		t.Errorf("one is led to %s", to)
	}
	again, _ := b.Post("/sign-in", http.StatusUnprocessableEntity, "email", "admin@acme.test",
		"password", "wrong", "lost", "1")
	b.Says(again, "what you sent was not saved")
}

// Before the lists of somebody else are replaced it is said what becomes of them, by the rules
// that entries are and not by their spelling.
func TestRulesSayWhatSavingReplaces(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "stays.test")
	b := st.Browser("admin@acme.test")
	st.Rules(policy.Block, "stays.test colleague.test")
	page, _ := b.Post("/rules", http.StatusUnprocessableEntity, "generation", "1",
		"allow", "ours.test", "block", "Stays.test mine.test")
	b.Says(page, "Saving now removes: colleague.test; adds: mine.test.",
		"Saving now adds: ours.test.", "Replace both lists with these</button>",
		`name="generation" value="2"`)
	b.Silent(page, "Save both lists")
	b.Silent(b.Get("/rules", http.StatusOK), "Saving now", "Replace both")
	// What cannot be taken yet cannot be compared: saving it once it can is asked about again.
	page, _ = b.Post("/rules", http.StatusUnprocessableEntity, "generation", "1",
		"allow", "", "block", "mine.test @mine.test")
	b.Says(page, `name="generation" value="1"`)
	b.Silent(page, "Saving now")
}

// The audit log says what was changed of the IP restrictions.
func TestAuditSaysWhatAccessBecame(t *testing.T) {
	st := testServer(t)
	st.Restrict(true, "192.0.2.0/24 203.0.113.0/24", true)
	st.Restrict(true, "192.0.2.0/24 2001:db8::/32", false)
	st.Restrict(false, "192.0.2.0/24 2001:db8::/32", false)
	b := st.Browser("admin@acme.test")
	page := b.Get("/audit?subject=access", http.StatusOK)
	b.Says(page, "changed the IP restrictions: turned on, added 192.0.2.0/24, 203.0.113.0/24, "+
		"customers may come from anywhere",
		"changed the IP restrictions: added 2001:db8::/32, removed 203.0.113.0/24, they hold for "+
			"customers too", "changed the IP restrictions: turned off")
	b.Says(b.Follow(httpdtest.UndoOf(t, page), "back", "/audit"),
		"undid a change of the IP restrictions: turned on")
}

// Undo is offered where it may succeed, and not where somebody has changed the same since.
func TestUndoIsOfferedWhereItMaySucceed(t *testing.T) {
	st := testServer(t)
	st.Restrict(false, "192.0.2.0/24", false)
	st.Restrict(false, "203.0.113.0/24", false)
	b := st.Browser("admin@acme.test")
	page := b.Get("/audit?subject=access", http.StatusOK)
	if n := strings.Count(page, "changed since"); n != 1 || strings.Count(page, "/undo") != 1 {
		t.Errorf("access: %d were changed since: %s", n, page)
	}
	st.Rules(policy.Block, "one.test")
	st.Rules(policy.Block, "one.test two.test")
	st.Rules(policy.Block, "two.test")
	page = b.Get("/audit?subject=block", http.StatusOK)
	if n := strings.Count(page, "changed since"); n != 1 || strings.Count(page, "/undo") != 2 {
		t.Errorf("rules: %d were changed since", n)
	}
	for range 2 { // what is offered can be done
		page = b.Follow(httpdtest.UndoOf(t, page), "back", "/audit?subject=block")
		b.Says(page, "The change was undone.")
	}
}

// Staff who are shut out learn how to let their address in, and no range.
func TestRestrictedPageNamesTheCommand(t *testing.T) {
	st := testServer(t)
	st.Restrict(true, "203.0.113.0/24", false)
	command := "gatepost access set --ranges &#39;… " + inside + "&#39;"
	staff := st.Browser("agent@acme.test").Get("/suspended", http.StatusForbidden)
	b := &httpdtest.Browser{Site: st}
	b.Says(strings.ReplaceAll(staff, "'", "&#39;"), command, "gatepost access show")
	b.Silent(staff, "203.0.113")
	for _, page := range []string{b.Get("/sign-in", http.StatusForbidden),
		st.Browser("ann@example.com").Get("/requests", http.StatusForbidden)} {
		b.Says(page, inside+" is in none of the allowed ranges")
		b.Silent(page, "--ranges", "access show", "203.0.113")
	}
}
