package httpd

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gatepost/policy"
)

// Who sends a form after their session has ended is told that nothing came of it, and is led
// back to the page that the form stood on.
func TestFormAfterTheSession(t *testing.T) {
	st := testServer(t)
	st.password("admin@acme.test", "correct horse")
	b := &browser{site: st, session: "over"}
	for form, page := range map[string]string{"/rules": "/rules", "/rules/entries": "/rules",
		"/suspended/7": "/suspended/7", "/suspended": "/suspended", "/users/3": "/users/3",
		"/tokens/5/revoke": "/tokens", "/audit/5/undo": "/audit", "/access": "/access"} {
		_, to := b.post(form, http.StatusSeeOther, "block", "mine.test")
		u, err := url.Parse(to)
		st.must(err)
		if u.Path != "/sign-in" || u.Query().Get("next") != page {
			t.Errorf("%s leads to %s, want back to %s", form, to, page)
		}
		b.says(b.get(to, http.StatusOK), "Your session has ended: what you sent was not saved",
			`name="lost"`)
	}
	b.silent(b.get("/sign-in?next=%2Frules", http.StatusOK), "Your session has ended")
	_, to := b.post("/sign-in", http.StatusSeeOther, "email", "admin@acme.test",
		"password", "correct horse", "next", "/suspended/7", "lost", "1")
	if to != "/suspended/7" {
		t.Errorf("one is led to %s", to)
	}
	again, _ := b.post("/sign-in", http.StatusUnprocessableEntity, "email", "admin@acme.test",
		"password", "wrong", "lost", "1")
	b.says(again, "what you sent was not saved")
}

// Before the lists of somebody else are replaced it is said what becomes of them, by the rules
// that entries are and not by their spelling.
func TestRulesSayWhatSavingReplaces(t *testing.T) {
	st := testServer(t)
	st.rules(policy.Block, "stays.test")
	b := st.browser("admin@acme.test")
	st.rules(policy.Block, "stays.test colleague.test")
	page, _ := b.post("/rules", http.StatusUnprocessableEntity, "generation", "1",
		"allow", "ours.test", "block", "Stays.test mine.test")
	b.says(page, "Saving now removes: colleague.test; adds: mine.test.",
		"Saving now adds: ours.test.", "Replace both lists with these</button>",
		`name="generation" value="2"`)
	b.silent(page, "Save both lists")
	b.silent(b.get("/rules", http.StatusOK), "Saving now", "Replace both")
	// What cannot be taken yet cannot be compared: saving it once it can is asked about again.
	page, _ = b.post("/rules", http.StatusUnprocessableEntity, "generation", "1",
		"allow", "", "block", "mine.test @mine.test")
	b.says(page, `name="generation" value="1"`)
	b.silent(page, "Saving now")
}

// The audit log says what was changed of the IP restrictions.
func TestAuditSaysWhatAccessBecame(t *testing.T) {
	st := testServer(t)
	st.restrict(true, "192.0.2.0/24 203.0.113.0/24", true)
	st.restrict(true, "192.0.2.0/24 2001:db8::/32", false)
	st.restrict(false, "192.0.2.0/24 2001:db8::/32", false)
	b := st.browser("admin@acme.test")
	page := b.get("/audit?subject=access", http.StatusOK)
	b.says(page, "changed the IP restrictions: turned on, added 192.0.2.0/24, 203.0.113.0/24, "+
		"customers may come from anywhere",
		"changed the IP restrictions: added 2001:db8::/32, removed 203.0.113.0/24, they hold for "+
			"customers too", "changed the IP restrictions: turned off")
	b.says(b.follow(undoOf(t, page), "back", "/audit"),
		"undid a change of the IP restrictions: turned on")
}

// Undo is offered where it may succeed, and not where somebody has changed the same since.
func TestUndoIsOfferedWhereItMaySucceed(t *testing.T) {
	st := testServer(t)
	st.restrict(false, "192.0.2.0/24", false)
	st.restrict(false, "203.0.113.0/24", false)
	b := st.browser("admin@acme.test")
	page := b.get("/audit?subject=access", http.StatusOK)
	if n := strings.Count(page, "changed since"); n != 1 || strings.Count(page, "/undo") != 1 {
		t.Errorf("access: %d were changed since: %s", n, page)
	}
	st.rules(policy.Block, "one.test")
	st.rules(policy.Block, "one.test two.test")
	st.rules(policy.Block, "two.test")
	page = b.get("/audit?subject=block", http.StatusOK)
	if n := strings.Count(page, "changed since"); n != 1 || strings.Count(page, "/undo") != 2 {
		t.Errorf("rules: %d were changed since", n)
	}
	for range 2 { // what is offered can be done
		page = b.follow(undoOf(t, page), "back", "/audit?subject=block")
		b.says(page, "The change was undone.")
	}
}

// Staff who are shut out learn how to let their address in, and no range.
func TestRestrictedPageNamesTheCommand(t *testing.T) {
	st := testServer(t)
	st.restrict(true, "203.0.113.0/24", false)
	command := "gatepost access set --ranges &#39;… " + inside + "&#39;"
	staff := st.browser("agent@acme.test").get("/suspended", http.StatusForbidden)
	b := &browser{site: st}
	b.says(strings.ReplaceAll(staff, "'", "&#39;"), command, "gatepost access show")
	b.silent(staff, "203.0.113")
	for _, page := range []string{b.get("/sign-in", http.StatusForbidden),
		st.browser("ann@example.com").get("/requests", http.StatusForbidden)} {
		b.says(page, inside+" is in none of the allowed ranges")
		b.silent(page, "--ranges", "access show", "203.0.113")
	}
}
