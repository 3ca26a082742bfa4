package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// Organisations over the API: the vendor's form, and the next message sees each change.
func TestOrganizations(t *testing.T) {
	st := testServer(t)
	do := st.As("admin@acme.test")
	decides := func(want string) {
		t.Helper()
		o := st.Object(do("GET", "/api/v2/check?sender=ann@client.test", ""), 200)
		if got := fmt.Sprint(o); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	const all = "/api/v2/organizations"
	o := st.Object(do("POST", all+".json",
		`{"organization":{"name":"Client Ltd","domain_names":["Client.test","boss@free.test"],"notes":"x"}}`), 201)
	st.Wants(o, "Client Ltd", "organization", "name")
	st.Wants(o, "boss@free.test", "organization", "domain_names", 1)
	one := fmt.Sprint(all, "/", int64(httpdtest.At(o, "organization", "id").(float64)))
	decides("the organisation Client Ltd has client.test")
	o = st.Object(do("POST", all, `{"organization":{"name":"Client Ltd"}}`), 422)
	st.Wants(o, "DuplicateValue", "details", "name", 0, "error")

	o = st.Object(do("PUT", "/api/v2/rules", `{"rules":{"blocklist":"* suspend:client.test"}}`), 200)
	st.Wants(o, "beaten", "findings", 0, "finding")
	st.Wants(o, "Client Ltd", "findings", 0, "organization")
	st.Wants(o, true, "findings", 0, "never_decides")
	st.Wants(o, "remove", "findings", 0, "fix", 0, "do")
	o = st.Object(do("POST", "/api/v2/rules/block/entries", `{"entry":"boss@free.test"}`), 200)
	st.Wants(o, "contradicting", "findings", 0, "finding")
	st.Wants(o, nil, "findings", 0, "organization")
	o = st.Object(do("PUT", one, `{"organization":{"domain_names":["mail.client.test"]}}`), 200)
	st.Wants(o, "Client Ltd", "organization", "name")
	st.Wants(o, "mail.client.test", "findings", 0, "entry")
	st.Wants(o, "beaten", "findings", 0, "finding")
	st.Rules(policy.Block, "*")
	o = st.Object(do("PUT", one, `{"organization":{"domain_names":["@bad.test"],"name":"Other"}}`), 422)
	if httpdtest.At(o, "details", "domain_names") == nil {
		t.Errorf("%v", o)
	}
	st.Object(do("PUT", one, `{"organization":{"name":"a\nb"}}`), 422)
	o = st.Object(do("GET", one, ""), 200) // as it was
	st.Wants(o, "Client Ltd", "organization", "name")
	st.Wants(o, "mail.client.test", "organization", "domain_names", 0)

	for _, name := range []string{"Alpha", "Zeta"} {
		st.Object(do("POST", all, `{"organization":{"name":"`+name+`"}}`), 201)
	}
	o = st.Object(do("GET", all+"?page[size]=2", ""), 200)
	st.Wants(o, "Alpha", "organizations", 0, "name")
	st.Wants(o, "Client Ltd", "organizations", 1, "name")
	st.Wants(o, true, "meta", "has_more")
	o = st.Object(do("GET", all+"?per_page=2&page=2", ""), 200)
	st.Wants(o, "Zeta", "organizations", 0, "name")
	st.Wants(o, 3.0, "count")

	if w := do("DELETE", one, ""); w.Code != http.StatusNoContent {
		t.Errorf("removed: %d %s", w.Code, w.Body)
	}
	decides("*")
	st.Object(do("GET", one, ""), 404)
	st.Object(do("DELETE", all+"/x", ""), 404)
}
