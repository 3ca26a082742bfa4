package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// Each cause has a page, with all that its Markdown says and no mark of it.
func TestCausePages(t *testing.T) {
	st := testServer(t)
	b := st.Browser("agent@acme.test")
	n := 0
	for c := range policy.EachCause() {
		path := "/causes/" + c.String()
		page := b.Get(path, http.StatusOK)
		checkPage(t, path, page)
		b.Says(page, "<title>"+c.Label()+" · Cause", "<h1>"+c.String()+"</h1>", "<h2>What to do</h2>",
			"<li>", "<p>", "<code>", "/suspended?cause="+c.String())
		_, text, _ := strings.Cut(page, "<h1>")
		text, _, _ = strings.Cut(text, "</article>")
		b.Silent(text, "`", "## ", "\n- ", "<!--", "](")
		n++
	}
	if n == 0 {
		t.Error("there is no cause")
	}
	for _, path := range []string{"/causes/nothing", "/causes/..%2Fdocs", "/causes/%2E%2E", "/causes/blank.md"} {
		b.Get(path, http.StatusNotFound)
	}
	st.Browser("ann@example.com").Get("/causes/spam", http.StatusForbidden)
}

// Where a cause is named it leads to its page.
func TestCausesLeadToTheirPages(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "suspend:example.net")
	id := st.Receive(httpdtest.Message("sam@example.net", "Lamp", "x"))
	b := st.Browser("agent@acme.test")
	b.Says(b.Get(fmt.Sprintf("/suspended/%d", id), http.StatusOK),
		`<p class="cause"><a href="/causes/blocklisted">Blocklisted</a></p>`)
	b.Says(b.Get("/suspended?cause=blocklisted", http.StatusOK),
		`<a href="/causes/blocklisted">What this cause means</a>`)
	b.Silent(b.Get("/suspended?cause=nothing", http.StatusOK), "/causes/")
	b.Silent(b.Get("/suspended", http.StatusOK), "/causes/")
}
