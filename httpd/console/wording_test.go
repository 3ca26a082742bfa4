package console

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
	"gatepost/store"
)

// What never was is not called deleted, and what was deleted says by whom.
func TestWhatBecameOfAMessage(t *testing.T) {
	st := testServer(t)
	st.DB.KeepDeleted(24 * time.Hour)
	b := st.Browser("agent@acme.test")
	page := b.Get("/suspended/77", http.StatusNotFound)
	b.Says(page, "There is no message 77, and there never was.")
	b.Silent(page, "deleted", "expired")
	id, over := st.Stranger("One"), st.Stranger("Over its time")
	b.Follow("/suspended/"+fmt.Sprint(id), "do", "delete")
	b.Says(b.Get("/suspended/"+fmt.Sprint(id), http.StatusGone), "was deleted by agent@acme.test on 20",
		"It can be restored")
	for range 3 { // a clock that jumped is believed a day later
		st.Clock.Move(20 * 24 * time.Hour)
		_, err := st.DB.Purge(t.Context(), store.Expiry{})
		st.Must(err)
	}
	b = st.Browser("agent@acme.test")
	page = b.Get("/suspended/"+fmt.Sprint(over), http.StatusGone)
	b.Says(page, "its time was over")
	b.Silent(page, "deleted")
	st.Rules(policy.Block, "")
	ticket := st.Receive(httpdtest.Message("sam@example.net", "A ticket", "x"))
	if _, to := b.Fetch("/suspended/" + fmt.Sprint(ticket)); to != "/tickets/"+fmt.Sprint(ticket) {
		t.Errorf("the number of a ticket leads to %q", to)
	}
}

// An agent is told what an admin could do, and not to do it.
func TestAgentsAreNotToldToDoWhatAdminsDo(t *testing.T) {
	st := testServer(t)
	path := "/suspended/" + fmt.Sprint(st.Stranger("Let me in"))
	agent, admin := st.Browser("agent@acme.test"), st.Browser("admin@acme.test")
	page := agent.Get(path, http.StatusOK)
	agent.Says(page, "It would be let in if an admin were to put sam@example.net on the allowlist")
	agent.Silent(page, "if you ")
	admin.Says(admin.Get(path, http.StatusOK), "It would be let in if you put sam@example.net")
}

// All that is wrong with a form is said at once, and all that restrictions would break.
func TestEverythingIsSaidAtOnce(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	page, _ := b.Post("/tokens", http.StatusUnprocessableEntity, "owner", "nobody", "days", "x")
	b.Says(page, "the address cannot be taken", "write for how many days")
	secret, _ := st.Token("agent@acme.test")
	st.Do(call{Method: "GET", Path: "/api/v2/users/me", Token: secret, Client: inside})
	page, _ = b.Post("/access", http.StatusUnprocessableEntity, "enabled", "on", "ranges",
		"203.0.113.0/24", "generation", accessSeen(st))
	b.Says(page, "This would shut you out", "This would shut out the tokens below", `name="force"`,
		`name="anyway"`)
}

// Each page is titled by what it is.
func TestTitles(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	heading := regexp.MustCompile(`(?s)<title>(.*?)</title>.*<h1[^>]*>(.*?)</h1>`)
	tag := regexp.MustCompile(`<[^>]*>`)
	for _, path := range []string{"/tickets", "/rules", "/users", "/access", "/tokens", "/audit",
		"/status", "/requests", "/users/1"} {
		m := heading.FindStringSubmatch(b.Get(path, http.StatusOK))
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
	st.User("eva@"+ascii, policy.EndUser)
	st.Token("eva@" + ascii)
	st.Rules(policy.Block, "suspend:"+unicode)
	id := st.Receive("Reply-To: <ann@" + ascii + ">\r\n" + httpdtest.Message("eva@"+ascii, "Held", "x"))
	st.Rules(policy.Block, "suspend:"+unicode+" "+"reject:xn--mnchen-3ya.test")
	b := st.Browser("admin@acme.test")
	for path, form := range map[string]string{"/suspended": "eva@", "/suspended/" + fmt.Sprint(id): "ann@",
		"/users": "eva@", "/tokens": "eva@"} {
		b.Says(b.Get(path, http.StatusOK), form+ascii, "("+form+unicode+")")
	}
	b.Says(b.Get("/rules", http.StatusOK), "(suspend:"+ascii+")", "(reject:münchen.test)")
	b.Follow(fmt.Sprintf("/suspended/%d", id), "do", "recover")
	tickets := b.Get("/tickets", http.StatusOK)
	b.Says(tickets, "eva@"+ascii, "(eva@"+unicode+")")
}
