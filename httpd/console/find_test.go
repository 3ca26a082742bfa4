package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
	"gatepost/store"
)

// Whatever became of a message, the page says it, leads to what is there, and holds again what
// can be.
func TestFindInTheConsole(t *testing.T) {
	st := testServer(t)
	st.DB.KeepTombstones(90 * 24 * time.Hour)
	b := st.Browser("agent@acme.test")
	page := b.Get("/find", http.StatusOK)
	b.Says(page, "<title>Find · Gatepost</title>", "autofocus", `<a href="/find" aria-current="page">Find</a>`)
	b.Silent(page, "Nothing is known", "<table")
	b.Silent(b.Get("/find?q=+", http.StatusOK), "Nothing is known")
	ticket := st.Receive(httpdtest.Message("Ann <ann@example.com>", "Lamp <b>", "x"))
	held, gone := st.Stranger("Lamp two"), st.Stranger("Lamp three")
	b.Follow("/suspended", "do", "delete", "id", fmt.Sprint(gone))
	st.DB.KeepDeleted(24 * time.Hour)
	deleted := st.Stranger("Lamp four")
	b.Follow("/suspended", "do", "delete", "id", fmt.Sprint(deleted))
	page = b.Get("/find?q=lamp", http.StatusOK)
	b.Says(page, "<title>lamp · Find · Gatepost</title>", `value="lamp"`,
		fmt.Sprintf(`<a href="/tickets/%d">Lamp &lt;b&gt;</a>`, ticket),
		fmt.Sprintf(`<a href="/suspended/%d">Lamp two</a>`, held), "Not on the allowlist",
		"Lamp four", "by agent@acme.test", "Restore")
	page = b.Get("/find?q=sam@example.net", http.StatusOK)
	b.Says(page, "its subject is not kept", "Message-ID &lt;1@example.com&gt;", "client 203.0.113.5")
	b.Silent(page, "Lamp three")
	page = b.Follow("/suspended/undelete", "id", fmt.Sprint(deleted), "back", "/find?q=four")
	b.Says(page, "Restored 1 message.", fmt.Sprintf(`<a href="/suspended/%d">Lamp four</a>`, deleted))
}

// Of what is not found it is said what may have become of it, and who is rejected.
func TestFindNothingInTheConsole(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "reject:junk.test")
	b := st.Browser("agent@acme.test")
	const why = "Mail of a@junk.test is rejected silently, and nothing of it kept: junk.test is on " +
		"the blocklist (reject:junk.test)."
	b.Says(b.Get("/find?q=a@junk.test", http.StatusOK), why,
		"Nothing is known of <b>a@junk.test</b>: "+store.NothingFound)
	st.Rules(policy.Block, "")
	st.Receive(httpdtest.Message("a@junk.test", "Lamp", "x"))
	st.Rules(policy.Block, "reject:junk.test")
	page := b.Get("/find?q=a@junk.test", http.StatusOK)
	b.Says(page, why, ">Lamp</a>")
	b.Silent(page, "Nothing is known")
	page = b.Get("/find?q=%3Cscript%3E%E2%80%AE%00"+strings.Repeat("x", 9000), http.StatusOK)
	b.Silent(page, "<script>", "\u202e</b>")
	b.Says(page, "Nothing is known", "[U+202E]")
}

// Who looks in one list, in vain, is led to all of them, without the filters of that list.
func TestEmptyListsLeadToFind(t *testing.T) {
	st := testServer(t)
	b := st.Browser("agent@acme.test")
	for _, list := range []string{"/suspended", "/tickets"} {
		page := b.Get(list+"?q=cause:spam+from:shop.test+lamp", http.StatusOK)
		b.Says(page, `<a href="/find?q=shop.test%20lamp">Find shop.test lamp in all mail</a>`)
		b.Silent(b.Get(list+"?q=cause:spam", http.StatusOK), "in all mail")
	}
	ann := st.Browser("ann@example.com")
	ann.Silent(ann.Get("/requests?q=lamp", http.StatusOK), "in all mail", "/find")
}

// A page shows so many, and says that there are more.
func TestFindShowsTheNewest(t *testing.T) {
	st := testServer(t)
	st.HoldMany(mostFound + 1)
	b := st.Browser("agent@acme.test")
	page := b.Get("/find?q=robo.example.net", http.StatusOK)
	b.Says(page, "The newest 100: there are more", fmt.Sprint("Copy ", mostFound))
	b.Silent(page, ">Copy 0<")
	b.Silent(b.Get("/find?q=r1@robo.example.net", http.StatusOK), "there are more")
}
