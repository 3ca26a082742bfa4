package console

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatepost/store"
)

// The status page says when the next digest is made, if anybody gets one; and what becomes of one is
// in the list of hand-offs, as that of no ticket.
func TestDigestPages(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	if page := b.Get("/status", http.StatusOK); strings.Contains(page, "next digest") {
		t.Error("nobody gets one, and the page tells of the next")
	}
	var next time.Time
	st.Server.NextDigest = func(context.Context) (time.Time, error) { return next, nil }
	if page := b.Get("/status", http.StatusOK); strings.Contains(page, "next digest") {
		t.Error("there is none, and the page tells of it")
	}
	next = st.Clock.At.Add(7 * time.Hour)
	page := b.Get("/status", http.StatusOK)
	b.Says(page, "The next digest is made", next.Format("2006-01-02"))
	checkPage(t, "/status", page)

	st.Must(st.DB.SetTargets(t.Context(), []store.Target{{Name: "mail", Kind: "smtp",
		Events: []string{store.DigestMade}}}))
	_, err := st.DB.Announce(t.Context(), nil, []store.Notice{{Event: store.DigestMade, Key: "k",
		Recipient: "ann@office.test", Subject: "2 <b>held</b>", Raw: []byte("x")}})
	st.Must(err)
	page = b.Get("/hand-off", http.StatusOK)
	b.Says(page, "2 &lt;b&gt;held&lt;/b&gt;", "digest.made", "ann@office.test", "not tried yet")
	if strings.Contains(page, "/tickets/0") {
		t.Error("it links to a ticket that there is not")
	}
	checkPage(t, "/hand-off", page)
}
