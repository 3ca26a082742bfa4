package console

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"gatepost/httpd"
	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// Every page is whole for everybody whom it is for, keeps to the policy of the console (no
// script or style of its own, nothing from elsewhere), and is refused to all others.
func TestPagesForEachRole(t *testing.T) {
	st := testServer(t)
	held, ticket := st.Stranger("A held one"), int64(0)
	ticket = st.Receive(httpdtest.Message("Ann <ann@example.com>", "A ticket", "Hello"))
	u, err := st.DB.User(t.Context(), st.Address("ann@example.com"))
	st.Must(err)
	ids := map[string]int64{"/suspended/": held, "/tickets/": ticket, "/requests/": ticket,
		"/users/": u.ID}
	for email, role := range map[string]policy.Role{"admin@acme.test": policy.Admin,
		"agent@acme.test": policy.Agent, "ann@example.com": policy.EndUser} {
		b := st.Browser(email)
		for _, rt := range st.Server.Console.Routes {
			path, isPage := pageOf(rt.Pattern, ids)
			if !isPage {
				continue
			}
			if rt.Role.Admits(httpd.Caller{Known: true, Role: role}) {
				if path != "/requests/"+fmt.Sprint(ticket) || role == policy.EndUser {
					checkPage(t, path, b.Get(path, http.StatusOK))
				}
			} else {
				b.Says(b.Get(path, http.StatusForbidden), "is not for the role "+role.String())
			}
		}
	}
}

// pageOf is the path of a route that answers with a page.
func pageOf(pattern string, ids map[string]int64) (path string, ok bool) {
	path, ok = strings.CutPrefix(pattern, "GET ")
	if !ok || strings.Contains(path, "{file}") || strings.Count(path, "/") > 2 || path == "/{$}" ||
		path == "/sign-in" {
		return "", false
	}
	path = strings.Replace(path, "{name}", "spam", 1)
	for prefix, id := range ids {
		path = strings.Replace(path, prefix+"{id}", prefix+fmt.Sprint(id), 1)
	}
	return path, true
}

// checkPage reads a page as a browser does.
func checkPage(t *testing.T, path, page string) {
	t.Helper()
	main := false
	for z := html.NewTokenizer(strings.NewReader(page)); z.Next() != html.ErrorToken; {
		token := z.Token()
		main = main || token.Data == "main"
		if token.Data == "style" || token.Type == html.StartTagToken &&
			token.Data == "script" && attribute(token, "src") == "" {
			t.Errorf("%s holds a %s of its own", path, token)
		}
		for _, a := range token.Attr {
			isLink := a.Key == "src" || a.Key == "href" || a.Key == "action"
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") ||
				isLink && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") {
				t.Errorf("%s: %s", path, token)
			}
		}
	}
	if !main || !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
		t.Errorf("%s is not whole", path)
	}
}

// What changes something is a POST: a link, an image or another site can set off none of it.
func TestFormsRefuseOtherMethodsAndSites(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	for _, rt := range st.Server.Console.Routes {
		path, ok := strings.CutPrefix(rt.Pattern, "POST ")
		if !ok {
			continue
		}
		path = strings.Replace(path, "{id}", "1", 1)
		w := b.Do(call{Method: "PUT", Path: path, Session: b.Session})
		b.Check(w, path, http.StatusMethodNotAllowed)
		w = b.Do(call{Method: "POST", Path: path, Session: b.Session, Body: "do=delete",
			Header: http.Header{"Sec-Fetch-Site": {"cross-site"},
				"Content-Type": {"application/x-www-form-urlencoded"}}})
		b.Check(w, path, http.StatusForbidden)
	}
}

// To look at a page changes nothing, whatever its address says.
func TestLookingChangesNothing(t *testing.T) {
	st := testServer(t)
	id := st.Stranger("still here")
	b := st.Browser("admin@acme.test")
	before := b.Get("/audit", http.StatusOK)
	changes := strings.Count(before, "<tr>")
	last := strings.TrimSuffix(strings.TrimPrefix(httpdtest.UndoOf(t, before), "/audit/"), "/undo")
	for _, rt := range st.Server.Console.Routes {
		path, ok := strings.CutPrefix(rt.Pattern, "GET ")
		if !ok {
			continue
		}
		path = strings.Replace(path, "/audit/{id}", "/audit/"+last, 1)
		path = strings.NewReplacer("{id}", fmt.Sprint(id), "{n}", "0", "{$}", "").Replace(path)
		b.Do(call{Method: "GET", Session: b.Session,
			Path: path + fmt.Sprintf("?do=delete&id=%d&list=block&entry=*&enabled=on", id)})
	}
	b.Get(fmt.Sprintf("/suspended/%d", id), http.StatusOK)
	if n := strings.Count(b.Get("/audit", http.StatusOK), "<tr>"); n != changes {
		t.Errorf("%d changes were made", n-changes)
	}
}

func TestQueueListsFiltersAndPages(t *testing.T) {
	st := testServer(t)
	for i := range pageSize + 3 {
		st.Stranger(fmt.Sprintf("Number %03d", i))
	}
	st.Rules(policy.Block, "* bad.test")
	st.Receive(httpdtest.Message("Bea <bea@bad.test>", "Lamps", "Buy"))
	b := st.Browser("agent@acme.test")

	first := b.Get("/suspended", http.StatusOK)
	b.Says(first, `All held mail <span class="n">54</span>`, "Blocklisted", "Lamps", "Number 052")
	b.Silent(first, "Number 003", `rel="prev"`)
	second := b.Get(href(t, first, "next"), http.StatusOK)
	b.Says(second, "Number 003", "Number 000", `rel="prev"`)
	b.Silent(second, "Number 004", `rel="next"`)
	b.Says(b.Get(href(t, second, "prev"), http.StatusOK), "Lamps", "Number 004")

	found := b.Get("/suspended?q=from:bad.test", http.StatusOK)
	b.Says(found, "Lamps")
	b.Silent(found, "Number 0")
	b.Silent(b.Get("/suspended?cause=blocklisted", http.StatusOK), "Number 0")
	b.Says(b.Get("/suspended?q=no+such+words", http.StatusOK), "No held message matches")
	b.Get("/suspended?after=garbage", http.StatusUnprocessableEntity)
}

// href is the target of a link with that relation.
func href(t *testing.T, page, rel string) string {
	t.Helper()
	m := regexp.MustCompile(`rel="` + rel + `" href="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("there is no link to the %s page", rel)
	}
	return html.UnescapeString(m[1])
}

func TestMessageSaysWhy(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Allow, "acme.example")
	st.Rules(policy.Block, "suspend:acme.example")
	id := st.Receive("Reply-To: <other@example.org>\r\n" +
		httpdtest.Message(`"Boss boss@acme.test" <pat@acme.example>`, "Contract", "Signed."))
	page := st.Browser("agent@acme.test").Get(fmt.Sprintf("/suspended/%d", id), http.StatusOK)
	b := &httpdtest.Browser{Site: st}
	b.Says(page, "acme.example is on the blocklist (suspend:acme.example), which beats the allowlist",
		"It would be let in if an admin were to take suspend:acme.example off the blocklist",
		"the name shows another address: boss@acme.test", "unproven sender", "suspend: entry",
		"203.0.113.5", "mx.example.com", "bounce@example.com", "Signed.", "other@example.org")
	b.Silent(page, "Recover and", "Suspend user") // which are for admins
}

func TestOwnRequestsOnly(t *testing.T) {
	st := testServer(t)
	own := st.Receive(httpdtest.Message("Ann <ann@example.com>", "Of Ann", "Hello <b>you</b>"))
	other := st.Receive(httpdtest.Message("Ben <ben@example.com>", "Of Ben", "Secret"))
	b := st.Browser("ann@example.com")
	list := b.Get("/requests", http.StatusOK)
	b.Says(list, "Of Ann")
	b.Silent(list, "Of Ben")
	page := b.Get(fmt.Sprintf("/requests/%d", own), http.StatusOK)
	b.Says(page, "Hello &lt;b&gt;you&lt;/b&gt;")
	b.Silent(page, "203.0.113.5", "Every rule", "/raw")
	b.Get(fmt.Sprintf("/requests/%d", other), http.StatusNotFound)
	_, to := b.Post("/sign-out", http.StatusSeeOther)
	if to != "/sign-in" {
		t.Errorf("sign-out leads to %q", to)
	}
}
