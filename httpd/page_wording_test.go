package httpd

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
	"gatepost/store"
)

// What never was is not called deleted, and what was deleted says by whom.
func TestWhatBecameOfAMessage(t *testing.T) {
	st := testServer(t)
	st.db.KeepDeleted(24 * time.Hour)
	b := st.browser("agent@acme.test")
	page := b.get("/suspended/77", http.StatusNotFound)
	b.says(page, "There is no message 77, and there never was.")
	b.silent(page, "deleted", "expired")
	id, over := st.stranger("One"), st.stranger("Over its time")
	b.follow("/suspended/"+itoa(id), "do", "delete")
	b.says(b.get("/suspended/"+itoa(id), http.StatusGone), "was deleted by agent@acme.test on 20",
		"It can be restored")
	for range 3 { // a clock that jumped is believed a day later
		st.clock.move(20 * 24 * time.Hour)
		_, err := st.db.Purge(t.Context(), store.Expiry{})
		st.must(err)
	}
	b = st.browser("agent@acme.test")
	page = b.get("/suspended/"+itoa(over), http.StatusGone)
	b.says(page, "its time was over")
	b.silent(page, "deleted")
	st.rules(policy.Block, "")
	ticket := st.receive(letterOf("sam@example.net", "A ticket", "x"))
	if _, to := b.fetch("/suspended/" + itoa(ticket)); to != "/tickets/"+itoa(ticket) {
		t.Errorf("the number of a ticket leads to %q", to)
	}
}

// fetch gets a page and says where it leads.
func (b *browser) fetch(path string) (page, to string) {
	b.Helper()
	w := b.do(call{method: "GET", path: path, session: b.session})
	return w.Body.String(), w.Header().Get("Location")
}

// An agent is told what an admin could do, and not to do it.
func TestAgentsAreNotToldToDoWhatAdminsDo(t *testing.T) {
	st := testServer(t)
	path := "/suspended/" + itoa(st.stranger("Let me in"))
	agent, admin := st.browser("agent@acme.test"), st.browser("admin@acme.test")
	page := agent.get(path, http.StatusOK)
	agent.says(page, "It would be let in if an admin were to put sam@example.net on the allowlist")
	agent.silent(page, "if you ")
	admin.says(admin.get(path, http.StatusOK), "It would be let in if you put sam@example.net")
}

// All that is wrong with a form is said at once, and all that restrictions would break.
func TestEverythingIsSaidAtOnce(t *testing.T) {
	st := testServer(t)
	b := st.browser("admin@acme.test")
	page, _ := b.post("/tokens", http.StatusUnprocessableEntity, "owner", "nobody", "days", "x")
	b.says(page, "the address cannot be taken", "write for how many days")
	secret, _ := st.token("agent@acme.test")
	st.do(call{method: "GET", path: "/api/v2/users/me", token: secret, client: inside})
	page, _ = b.post("/access", http.StatusUnprocessableEntity, "enabled", "on", "ranges",
		"203.0.113.0/24", "generation", st.accessSeen())
	b.says(page, "This would shut you out", "This would shut out the tokens below", `name="force"`,
		`name="anyway"`)
}

// Each page is titled by what it is.
func TestTitles(t *testing.T) {
	st := testServer(t)
	b := st.browser("admin@acme.test")
	heading := regexp.MustCompile(`(?s)<title>(.*?)</title>.*<h1[^>]*>(.*?)</h1>`)
	tag := regexp.MustCompile(`<[^>]*>`)
	for _, path := range []string{"/tickets", "/rules", "/users", "/access", "/tokens", "/audit",
		"/status", "/requests", "/users/1"} {
		m := heading.FindStringSubmatch(b.get(path, http.StatusOK))
		if m == nil {
			t.Errorf("%s has no heading", path)
			continue
		}
		h1 := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(tag.ReplaceAllString(m[2], "")), "you"))
		if !strings.HasPrefix(m[1], h1) {
			t.Errorf("%s: the title is %q, the heading %q", path, m[1], h1)
		}
	}
}

// A domain that is not ASCII is said in both of its forms, wherever it stands.
func TestBothFormsOfADomain(t *testing.T) {
	st := testServer(t)
	const ascii, unicode = "xn--bcher-kva.example", "bücher.example"
	st.user("eva@"+ascii, policy.EndUser)
	st.token("eva@" + ascii)
	st.rules(policy.Block, "suspend:"+unicode)
	id := st.receive("Reply-To: <ann@" + ascii + ">\r\n" + letterOf("eva@"+ascii, "Held", "x"))
	st.rules(policy.Block, "suspend:"+unicode+" "+"reject:xn--mnchen-3ya.test")
	b := st.browser("admin@acme.test")
	for path, form := range map[string]string{"/suspended": "eva@", "/suspended/" + itoa(id): "ann@",
		"/users": "eva@", "/tokens": "eva@"} {
		b.says(b.get(path, http.StatusOK), form+ascii, "("+form+unicode+")")
	}
	b.says(b.get("/rules", http.StatusOK), "(suspend:"+ascii+")", "(reject:münchen.test)")
	b.follow(fmt.Sprintf("/suspended/%d", id), "do", "recover")
	tickets := b.get("/tickets", http.StatusOK)
	b.says(tickets, "eva@"+ascii, "(eva@"+unicode+")")
}
