package httpd

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

// The log says of which mail it speaks, by sender and subject, as long as the mail is kept, and
// is found by the sender, its domain or the message.
func TestAuditNamesMail(t *testing.T) {
	st := testServer(t)
	st.db.KeepDeleted(24 * time.Hour)
	st.rules(policy.Block, "*")
	id := st.receive(letterOf("Eva <eva@xn--bcher-kva.example>", "A question of hers", "x"))
	st.stranger("Another")
	b := st.browser("admin@acme.test")
	b.follow("/suspended/"+itoa(id), "do", "delete")
	for _, subject := range []string{"eva@xn--bcher-kva.example", "EVA@bücher.example",
		"xn--bcher-kva.example", itoa(id)} {
		page := b.get("/audit?subject="+subject, http.StatusOK)
		b.says(page, "deleted message "+itoa(id), "eva@xn--bcher-kva.example", "(eva@bücher.example)",
			"A question of hers", "Undo<")
		if strings.Count(page, "<tr>") != 2 {
			t.Errorf("%s: more than that is found", subject)
		}
	}
	page := b.get("/audit?subject=nobody@shop.example", http.StatusOK)
	b.says(page, "Nothing in the log is about nobody@shop.example.", "Show the whole log")
	b.silent(page, "Nothing was changed yet")
	page = b.follow(undoOf(t, b.get("/audit?subject="+itoa(id), http.StatusOK)), "back", "/audit")
	b.says(page, "The change was undone: 1 message is held again.",
		"undid: held again message "+itoa(id), `href="/suspended/`+itoa(id))
}

// What is gone for good is not offered to be undone.
func TestAuditOffersWhatCanBe(t *testing.T) {
	st := testServer(t)
	st.db.KeepDeleted(24 * time.Hour)
	id := st.stranger("Once")
	b := st.browser("admin@acme.test")
	b.follow("/suspended/"+itoa(id), "do", "delete")
	_, err := st.hand().Undelete(t.Context(), []int64{id})
	st.must(err)
	page := b.get("/audit?subject="+itoa(id), http.StatusOK)
	b.says(page, "for good")
	b.silent(page, "/undo")
}

// Thirty alike are one row, which opens to each of them.
func TestAuditGroups(t *testing.T) {
	st := testServer(t)
	st.db.KeepDeleted(24 * time.Hour)
	b := st.browser("admin@acme.test")
	for i := range 30 {
		b.follow("/suspended/"+itoa(st.stranger(fmt.Sprintf("Copy %d", i))), "do", "delete")
	}
	page := b.get("/audit?subject=example.net", http.StatusOK)
	b.says(page, "<summary>deleted 30 messages</summary>", "30 entries since", "Copy 17")
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
	st.rules(policy.Block, "stays.test goes.test")
	st.rules(policy.Block, "stays.test comes.test")
	st.restrict(true, "192.0.2.0/24 203.0.113.0/24", false)
	st.restrict(true, "192.0.2.0/24 2001:db8::/32", false)
	b := st.browser("admin@acme.test")
	page := b.get("/audit?subject=block", http.StatusOK)
	b.says(page, `<li class="went"><b>−</b> goes.test</li><li class="came"><b>+</b> comes.test</li>`)
	page = b.get("/audit?subject=access", http.StatusOK)
	b.says(page, `<li class="went"><b>−</b> range 203.0.113.0/24</li>`+
		`<li class="came"><b>+</b> range 2001:db8::/32</li></ul>`)
	b.silent(page, "{", "&#34;enabled")
}
