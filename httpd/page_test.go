package httpd

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"gatepost/policy"
)

// A browser keeps a session, sends forms and reads pages.
type browser struct {
	*site
	session string
}

func (st *site) browser(email string) *browser {
	st.Helper()
	return &browser{st, st.session(email)}
}

// get is a page, which must be answered with that status.
func (b *browser) get(path string, status int) string {
	b.Helper()
	return b.check(b.do(call{method: "GET", path: path, session: b.session}), path, status)
}

// post sends a form. Fields are names and values.
func (b *browser) post(path string, status int, fields ...string) (page, to string) {
	b.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	w := b.do(call{method: "POST", path: path, session: b.session, body: form.Encode(),
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}})
	return b.check(w, path, status), w.Header().Get("Location")
}

// follow sends a form and gives the page that it leads to.
func (b *browser) follow(path string, fields ...string) string {
	b.Helper()
	_, to := b.post(path, http.StatusSeeOther, fields...)
	return b.get(to, http.StatusOK)
}

func (b *browser) check(w *httptest.ResponseRecorder, path string, status int) string {
	b.Helper()
	if w.Code != status {
		b.Fatalf("%s: status %d, want %d: %.300s", path, w.Code, status, w.Body)
	}
	return w.Body.String()
}

// stranger holds a plain message of somebody without a profile.
func (st *site) stranger(subject string) int64 {
	st.Helper()
	st.rules(policy.Block, "*")
	return st.receive(letterOf("Sam <sam@example.net>", subject, "Hello\r\nthere."))
}

// says checks that a page has all of the texts.
func (b *browser) says(page string, texts ...string) {
	b.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			b.Errorf("the page does not say %q", text)
		}
	}
}

// silent checks that a page has none of the texts.
func (b *browser) silent(page string, texts ...string) {
	b.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			b.Errorf("the page says %q", text)
		}
	}
}

// Every page is whole for everybody whom it is for, keeps to the policy of the console (no
// script or style of its own, nothing from elsewhere), and is refused to all others.
func TestPagesForEachRole(t *testing.T) {
	st := testServer(t)
	held, ticket := st.stranger("A held one"), int64(0)
	ticket = st.receive(letterOf("Ann <ann@example.com>", "A ticket", "Hello"))
	u, err := st.db.User(t.Context(), st.address("ann@example.com"))
	st.must(err)
	ids := map[string]int64{"/suspended/": held, "/tickets/": ticket, "/requests/": ticket,
		"/users/": u.ID}
	for email, role := range map[string]policy.Role{"admin@acme.test": policy.Admin,
		"agent@acme.test": policy.Agent, "ann@example.com": policy.EndUser} {
		b := st.browser(email)
		for _, rt := range st.server.pageRoutes() {
			path, isPage := pageOf(rt.Pattern, ids)
			if !isPage {
				continue
			}
			if rt.Role.Admits(Caller{Known: true, Role: role}) {
				if path != "/requests/"+fmt.Sprint(ticket) || role == policy.EndUser {
					checkPage(t, path, b.get(path, http.StatusOK))
				}
			} else {
				b.says(b.get(path, http.StatusForbidden), "is not for the role "+role.String())
			}
		}
	}
}

// pageOf is the path of a route that answers with a page.
func pageOf(pattern string, ids map[string]int64) (path string, ok bool) {
	path, ok = strings.CutPrefix(pattern, "GET ")
	if !ok || strings.Contains(path, "{file}") || strings.Count(path, "/") > 2 || path == "/{$}" {
		return "", false
	}
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
	b := st.browser("admin@acme.test")
	for _, rt := range st.server.pageRoutes() {
		path, ok := strings.CutPrefix(rt.Pattern, "POST ")
		if !ok {
			continue
		}
		path = strings.Replace(path, "{id}", "1", 1)
		w := b.do(call{method: "PUT", path: path, session: b.session})
		b.check(w, path, http.StatusMethodNotAllowed)
		w = b.do(call{method: "POST", path: path, session: b.session, body: "do=delete",
			header: http.Header{"Sec-Fetch-Site": {"cross-site"},
				"Content-Type": {"application/x-www-form-urlencoded"}}})
		b.check(w, path, http.StatusForbidden)
	}
}

// To look at a page changes nothing, whatever its address says.
func TestLookingChangesNothing(t *testing.T) {
	st := testServer(t)
	id := st.stranger("still here")
	b := st.browser("admin@acme.test")
	before := b.get("/audit", http.StatusOK)
	changes := strings.Count(before, "<tr>")
	last := strings.TrimSuffix(strings.TrimPrefix(undoOf(t, before), "/audit/"), "/undo")
	for _, rt := range st.server.pageRoutes() {
		path, ok := strings.CutPrefix(rt.Pattern, "GET ")
		if !ok {
			continue
		}
		path = strings.Replace(path, "/audit/{id}", "/audit/"+last, 1)
		path = strings.NewReplacer("{id}", fmt.Sprint(id), "{n}", "0", "{$}", "").Replace(path)
		b.do(call{method: "GET", session: b.session,
			path: path + fmt.Sprintf("?do=delete&id=%d&list=block&entry=*&enabled=on", id)})
	}
	b.get(fmt.Sprintf("/suspended/%d", id), http.StatusOK)
	if n := strings.Count(b.get("/audit", http.StatusOK), "<tr>"); n != changes {
		t.Errorf("%d changes were made", n-changes)
	}
}

func TestQueueListsFiltersAndPages(t *testing.T) {
	st := testServer(t)
	for i := range pageSize + 3 {
		st.stranger(fmt.Sprintf("Number %03d", i))
	}
	st.rules(policy.Block, "* bad.test")
	st.receive(letterOf("Bea <bea@bad.test>", "Lamps", "Buy"))
	b := st.browser("agent@acme.test")

	first := b.get("/suspended", http.StatusOK)
	b.says(first, `All held mail <span class="n">54</span>`, "Blocklisted", "Lamps", "Number 052")
	b.silent(first, "Number 003", `rel="prev"`)
	second := b.get(href(t, first, "next"), http.StatusOK)
	b.says(second, "Number 003", "Number 000", `rel="prev"`)
	b.silent(second, "Number 004", `rel="next"`)
	b.says(b.get(href(t, second, "prev"), http.StatusOK), "Lamps", "Number 004")

	found := b.get("/suspended?q=from:bad.test", http.StatusOK)
	b.says(found, "Lamps")
	b.silent(found, "Number 0")
	b.silent(b.get("/suspended?cause=blocklisted", http.StatusOK), "Number 0")
	b.says(b.get("/suspended?q=no+such+words", http.StatusOK), "No held message matches")
	b.get("/suspended?after=garbage", http.StatusUnprocessableEntity)
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
	st.rules(policy.Allow, "acme.example")
	st.rules(policy.Block, "suspend:acme.example")
	id := st.receive("Reply-To: <other@example.org>\r\n" +
		letterOf(`"Boss boss@acme.test" <pat@acme.example>`, "Contract", "Signed."))
	page := st.browser("agent@acme.test").get(fmt.Sprintf("/suspended/%d", id), http.StatusOK)
	b := &browser{site: st}
	b.says(page, "acme.example is on the blocklist (suspend:acme.example), which beats the allowlist",
		"It would be let in if an admin were to take suspend:acme.example off the blocklist",
		"the name shows another address: boss@acme.test", "unproven sender", "suspend: entry",
		"203.0.113.5", "mx.example.com", "bounce@example.com", "Signed.", "other@example.org")
	b.silent(page, "Recover and", "Suspend user") // which are for admins
}

func TestOwnRequestsOnly(t *testing.T) {
	st := testServer(t)
	own := st.receive(letterOf("Ann <ann@example.com>", "Of Ann", "Hello <b>you</b>"))
	other := st.receive(letterOf("Ben <ben@example.com>", "Of Ben", "Secret"))
	b := st.browser("ann@example.com")
	list := b.get("/requests", http.StatusOK)
	b.says(list, "Of Ann")
	b.silent(list, "Of Ben")
	page := b.get(fmt.Sprintf("/requests/%d", own), http.StatusOK)
	b.says(page, "Hello &lt;b&gt;you&lt;/b&gt;")
	b.silent(page, "203.0.113.5", "Every rule", "/raw")
	b.get(fmt.Sprintf("/requests/%d", other), http.StatusNotFound)
	_, to := b.post("/sign-out", http.StatusSeeOther)
	if to != "/sign-in" {
		t.Errorf("sign-out leads to %q", to)
	}
}
