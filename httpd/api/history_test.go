package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// What the lists were over the API: page by page, compared, and made so again and back.
func TestRulesHistoryByTheAPI(t *testing.T) {
	st := testServer(t)
	do := st.As("admin@acme.test")
	const rules = "/api/v2/rules"
	for i := range 4 {
		st.Object(do("POST", rules+"/block/entries", fmt.Sprintf(`{"entry":"s%d.test","note":"why %[1]d"}`,
			i)), 200)
	}
	if w := do("DELETE", rules+"/block/entries?entry=s0.test&note=sorry", ""); w.Code != 204 {
		t.Fatalf("remove: %d %s", w.Code, w.Body)
	}
	o := st.Object(do("GET", rules+"/history?page[size]=2", ""), 200)
	st.Wants(o, "-s0.test", "changes", 0, "entries", 0)
	st.Wants(o, "sorry", "changes", 0, "notes", 0)
	st.Wants(o, "admin@acme.test", "changes", 0, "actor")
	st.Wants(o, "why 3", "changes", 1, "notes", 0)
	st.Wants(o, true, "meta", "has_more")
	after := fmt.Sprint(httpdtest.At(o, "meta", "after_cursor"))
	o = st.Object(do("GET", rules+"/history?page[size]=9&page[after]="+after, ""), 200)
	st.Has(o, 3, "changes")
	st.Wants(o, false, "meta", "has_more")
	st.Has(st.Object(do("GET", rules+"/history?entry=s0.test&list=block", ""), 200), 2, "changes")
	st.Has(st.Object(do("GET", rules+"/history?list=allow", ""), 200), 0, "changes")
	for _, query := range []string{"list=x", "entry=@x", "page[after]=x", "page[size]=x"} {
		st.Object(do("GET", rules+"/history?"+query, ""), http.StatusUnprocessableEntity)
	}

	o = st.Object(do("GET", rules+"/diff?from=1", ""), 200)
	st.Has(o, 4, "differences")
	st.Wants(o, "s0.test", "differences", 0, "entry")
	st.Wants(o, false, "differences", 0, "added")
	o = st.Object(do("GET", rules+"/diff?from=3&to=1", ""), 200)
	st.Has(o, 2, "differences")
	for _, query := range []string{"", "?from=-1", "?from=99", "?from=1&to=x"} {
		st.Object(do("GET", rules+"/diff"+query, ""), http.StatusUnprocessableEntity)
	}

	st.Object(do("POST", rules+"/revert", `{"revert":{"to":1,"generation":3}}`), http.StatusConflict)
	for _, in := range []string{`{}`, `{"revert":{"to":-1}}`, `{"revert":{"to":99}}`, `{"x":1}`} {
		st.Object(do("POST", rules+"/revert", in), http.StatusUnprocessableEntity)
	}
	o = st.Object(do("POST", rules+"/revert", `{"revert":{"to":1,"generation":5}}`), 200)
	st.Wants(o, 5.0, "reverted", "undo")
	st.Wants(o, 3.0, "reverted", "blocklist", "removed")
	if got := st.List(policy.Block); got != "s0.test" {
		t.Errorf("the blocklist is %s", got)
	}
	st.Object(do("POST", rules+"/revert", `{"revert":{"to":5}}`), 200)
	if got := st.List(policy.Block); strings.Contains(got, "s0.test") || !strings.Contains(got, "s3.test") {
		t.Errorf("undone: the blocklist is %s", got)
	}
}

// An entry is given another note and time; what it has otherwise stays.
func TestChangeEntryByTheAPI(t *testing.T) {
	st := testServer(t)
	do := st.As("admin@acme.test")
	const entries = "/api/v2/rules/block/entries"
	st.Object(do("POST", entries, `{"entry":"a.test"}`), 200)
	if w := do("PUT", entries, `{"entry":"a.test","note":"n","expires_at":"2999-01-31T00:00:00Z"}`); w.Code != 204 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	o := st.Object(do("GET", entries, ""), 200)
	st.Wants(o, "n", "entries", 0, "note")
	st.Wants(o, "2999-01-31T00:00:00Z", "entries", 0, "expires_at")
	st.Object(do("PUT", entries, `{"entry":"a.test","expires_at":"2000-01-31T00:00:00Z"}`), 422)
	st.Object(do("PUT", entries, `{"entry":"b.test"}`), 404)
	st.Object(do("PUT", "/api/v2/rules/other/entries", `{"entry":"a.test"}`), 404)
	st.Object(st.As("agent@acme.test")("PUT", entries, `{"entry":"a.test"}`), 403)
}
