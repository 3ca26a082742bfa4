package api

import (
	"fmt"
	"net/http"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// What lists would do is said before they are set, and nothing is changed by it.
func TestTryRulesByTheAPI(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "suspend:example.net")
	for i, from := range []string{"sam@example.net", "sam@example.net", "una@example.org"} {
		st.Receive(httpdtest.Message(from, fmt.Sprint("Copy ", i), "x"))
	}
	do := st.As("admin@acme.test")
	try := func(query, rules string, status int) map[string]any {
		t.Helper()
		return st.Object(do("POST", "/api/v2/rules/try"+query, `{"rules":`+rules+`}`), status)
	}
	o := try("", `{"blocklist":"suspend:example.org"}`, http.StatusOK)
	st.Wants(o, 3.0, "decided")
	st.Wants(o, 3.0, "changed")
	st.Has(o, 2, "moves")
	st.Wants(o, "suspend", "moves", 0, "from", "decision")
	st.Wants(o, "ticket", "moves", 0, "to", "decision")
	st.Wants(o, 2.0, "moves", 0, "messages")
	st.Wants(o, "sam@example.net", "senders", 0, "name")
	st.Has(o, 2, "senders", 0, "moves", 0, "ids")
	st.Wants(o, "example.net", "domains", 0, "name")
	st.Wants(try("?last=1", `{"blocklist":"suspend:example.org"}`, http.StatusOK), 1.0, "changed")
	st.Wants(try("", `{"allowlist":"example.net"}`, http.StatusOK), 0.0, "changed")
	for _, query := range []string{"?last=0", "?last=x", "?last=1000000"} {
		try(query, `{"blocklist":""}`, http.StatusUnprocessableEntity)
	}
	try("", `{"blocklist":"@example.org"}`, http.StatusUnprocessableEntity)
	try("", `{}`, http.StatusUnprocessableEntity)
	if got := st.List(policy.Block); got != "suspend:example.net" {
		t.Errorf("the list is %q now", got)
	}
}

// What is odd about the lists is said when they are changed, and when somebody asks.
func TestLintRulesByTheAPI(t *testing.T) {
	st := testServer(t)
	do := st.As("admin@acme.test")
	o := st.Object(do("PUT", "/api/v2/rules",
		`{"rules":{"allowlist":"acme.test fine.test","blocklist":"* reject:gmail.com"}}`), http.StatusOK)
	st.Has(o, 2, "findings")
	st.Wants(o, "muted", "findings", 0, "finding")
	o = st.Object(do("POST", "/api/v2/rules/block/entries", `{"entry":"suspend:acme.test"}`),
		http.StatusOK)
	st.Has(o, 1, "findings")
	st.Wants(o, "beaten", "findings", 0, "finding")
	st.Wants(o, true, "findings", 0, "never_decides")
	st.Wants(o, "remove", "findings", 0, "fix", 0, "do")
	st.Wants(o, "allow", "findings", 0, "fix", 0, "list")
	st.Wants(o, "acme.test", "findings", 0, "fix", 0, "entry")
	o = st.Object(do("GET", "/api/v2/rules/lint", ""), http.StatusOK)
	st.Has(o, 3, "findings")
	st.Wants(o, false, "more")
	st.Object(st.As("agent@acme.test")("GET", "/api/v2/rules/lint", ""), http.StatusForbidden)
}

// A shadow decides nothing until it is promoted, by who has seen it.
func TestShadowByTheAPI(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "reject:example.net")
	do := st.As("admin@acme.test")
	const shadow = "/api/v2/rules/shadow"
	st.Object(do("GET", shadow, ""), http.StatusNotFound)
	st.Object(do("GET", shadow+"/diff", ""), http.StatusNotFound)
	set := func(rules string, status int) map[string]any {
		t.Helper()
		return st.Object(do("PUT", shadow, `{"rules":`+rules+`}`), status)
	}
	set(`{"blocklist":"@example.org"}`, http.StatusUnprocessableEntity)
	set(`{"blocklist":"reject:example.net"}`, http.StatusUnprocessableEntity)
	set(`{"blocklist":"","generation":99}`, http.StatusConflict)
	set(`{"blocklist":""}`, http.StatusOK)
	o := set(`{"blocklist":"suspend:example.org"}`, http.StatusOK)
	st.Wants(o, 2.0, "shadow", "number")
	st.Wants(o, 0.0, "shadow", "decided")
	st.Wants(o, "remove", "shadow", "changes", 0, "change")
	st.Wants(o, "reject:example.net", "shadow", "changes", 0, "entry")
	st.Receive(httpdtest.Message("una@example.org", "Hello", "x"))
	if got := st.List(policy.Block); got != "reject:example.net" {
		t.Errorf("the list is %q", got)
	}
	o = st.Object(do("GET", shadow+"/diff", ""), http.StatusOK)
	st.Wants(o, 1.0, "changed")
	st.Wants(o, "una@example.org", "senders", 0, "name")
	for _, query := range []string{"", "?number=x"} {
		st.Object(do("POST", shadow+"/promote"+query, ""), http.StatusUnprocessableEntity)
		st.Object(do("DELETE", shadow+query, ""), http.StatusUnprocessableEntity)
	}
	st.Object(do("POST", shadow+"/promote?number=1", ""), http.StatusNotFound)
	st.Rules(policy.Allow, "example.org")
	o = st.Object(do("GET", shadow, ""), http.StatusOK)
	st.Wants(o, 1.0, "shadow", "conflicts")
	st.Wants(o, "example.org was put on the allowlist since", "shadow", "changes", 1, "conflict")
	st.Object(do("POST", shadow+"/promote?number=2", ""), http.StatusConflict)
	set(`{"blocklist":"suspend:example.org"}`, http.StatusOK)
	st.Object(do("POST", shadow+"/promote?number=3", ""), http.StatusOK)
	if got := st.List(policy.Block); got != "suspend:example.org" {
		t.Errorf("the list is %q", got)
	}
	set(`{"allowlist":""}`, http.StatusOK)
	if w := do("DELETE", shadow+"?number=4", ""); w.Code != http.StatusNoContent {
		t.Errorf("dropped: %d", w.Code)
	}
	st.Object(do("GET", shadow, ""), http.StatusNotFound)
}
