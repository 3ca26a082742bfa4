package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// The log says of which mail it speaks, by sender and subject, as long as the mail is kept, and
// is found by the sender, its domain or the message.
func TestAuditNamesMail(t *testing.T) {
	st := testServer(t)
	st.DB.KeepDeleted(24 * time.Hour)
	st.Rules(policy.Block, "*")
	id := st.Receive(httpdtest.Message("Eva <eva@xn--bcher-kva.example>", "A question of hers", "x"))
	st.Stranger("Another")
	b := st.Browser("admin@acme.test")
	b.Follow("/suspended/"+fmt.Sprint(id), "do", "delete")
	for _, subject := range []string{"eva@xn--bcher-kva.example", "EVA@bücher.example",
		"xn--bcher-kva.example", fmt.Sprint(id)} {
		page := b.Get("/audit?subject="+subject, http.StatusOK)
		b.Says(page, "deleted message "+fmt.Sprint(id), "eva@xn--bcher-kva.example", "(eva@bücher.example)",
			"A question of hers", "Undo<")
		if strings.Count(page, "<tr>") != 2 {
			t.Errorf("%s: more than that is found", subject)
		}
	}
	page := b.Get("/audit?subject=nobody@shop.example", http.StatusOK)
	b.Says(page, "Nothing in the log is about nobody@shop.example.", "Show the whole log")
	b.Silent(page, "Nothing was changed yet")
	page = b.Follow(httpdtest.UndoOf(t, b.Get("/audit?subject="+fmt.Sprint(id), http.StatusOK)), "back", "/audit")
	b.Says(page, "The change was undone: 1 message is held again.",
		"undid: held again message "+fmt.Sprint(id), `href="/suspended/`+fmt.Sprint(id))
}

// What is gone for good is not offered to be undone.
func TestAuditOffersWhatCanBe(t *testing.T) {
	st := testServer(t)
	st.DB.KeepDeleted(24 * time.Hour)
	id := st.Stranger("Once")
	b := st.Browser("admin@acme.test")
	b.Follow("/suspended/"+fmt.Sprint(id), "do", "delete")
	_, err := st.Editor().Undelete(t.Context(), []int64{id})
	st.Must(err)
	page := b.Get("/audit?subject="+fmt.Sprint(id), http.StatusOK)
	b.Says(page, "for good")
	b.Silent(page, "/undo")
}

// Thirty alike are one row, which opens to each of them.
func TestAuditGroups(t *testing.T) {
	st := testServer(t)
	st.DB.KeepDeleted(24 * time.Hour)
	b := st.Browser("admin@acme.test")
	for i := range 30 {
		b.Follow("/suspended/"+fmt.Sprint(st.Stranger(fmt.Sprintf("Copy %d", i))), "do", "delete")
	}
	page := b.Get("/audit?subject=example.net", http.StatusOK)
	b.Says(page, "<summary>deleted 30 messages</summary>", "30 entries since", "Copy 17")
	if n := strings.Count(page, "<tr>"); n != 2 {
		t.Errorf("%d rows, want the heading and one", n)
	}
	if n := strings.Count(page, "/undo"); n != 30 {
		t.Errorf("%d can be undone, want each", n)
	}
}

// Before and after are what differs, a line each.
func TestAuditShowsTheDifference(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "stays.test goes.test")
	st.Rules(policy.Block, "stays.test comes.test")
	st.Restrict(true, "192.0.2.0/24 203.0.113.0/24", false)
	st.Restrict(true, "192.0.2.0/24 2001:db8::/32", false)
	b := st.Browser("admin@acme.test")
	page := b.Get("/audit?subject=block", http.StatusOK)
	b.Says(page, `<li class="went"><b>−</b> goes.test</li><li class="came"><b>+</b> comes.test</li>`)
	page = b.Get("/audit?subject=access", http.StatusOK)
	b.Says(page, `<li class="went"><b>−</b> range 203.0.113.0/24</li>`+
		`<li class="came"><b>+</b> range 2001:db8::/32</li></ul>`)
	b.Silent(page, "{", "&#34;enabled")
}

// A link to what is logged about somebody names them as they are.
func TestLinksToTheAuditLog(t *testing.T) {
	st := testServer(t)
	u, err := st.DB.User(t.Context(), st.Address("ann@example.com"))
	st.Must(err)
	b := st.Browser("admin@acme.test")
	page := b.Get(fmt.Sprintf("/users/%d", u.ID), http.StatusOK)
	b.Says(page, `href="/audit?subject=ann%40example.com"`)
	for range pageSize/2 + 1 {
		st.Must(st.Editor().SetSuspended(t.Context(), st.Address(u.Email), true))
		st.Must(st.Editor().SetSuspended(t.Context(), st.Address(u.Email), false))
	}
	b.Says(b.Get("/audit?subject=ann@example.com", http.StatusOK), `&amp;subject=ann%40example.com"`)
}
