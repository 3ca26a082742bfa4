package httpd_test

import (
	"net/http"
	"testing"
	"time"

	"gatepost/store"
)

// Whoever is shown the queue, as a page or by the API, has seen what is held; whoever sees
// something else has not.
func TestLookedAtTheQueue(t *testing.T) {
	st := testServer(t)
	purge := func(want int, after string) {
		t.Helper()
		st.Clock.Move(25 * time.Hour)
		p, err := st.DB.Purge(t.Context(), store.Expiry{KeepUnseen: true, By: store.Server()})
		st.Must(err)
		if p.Deleted != want {
			t.Errorf("%s: %+v, want %d deleted", after, p, want)
		}
	}
	for _, look := range []func(){
		func() {
			list := st.As("admin@acme.test")("GET", "/api/v2/suspended_tickets", "")
			st.Object(list, http.StatusOK)
		},
		func() { st.Browser("admin@acme.test").Get("/suspended", http.StatusOK) },
	} {
		st.Hold("unseen")
		st.Clock.Move(30 * 24 * time.Hour)
		st.Browser("admin@acme.test").Get("/tickets", http.StatusOK)
		purge(0, "another page")
		look()
		purge(1, "the queue")
	}
	b := st.Browser("admin@acme.test")
	b.Says(b.Get("/audit", http.StatusOK), "deleted what had expired", "gatepost", "server")
	log := st.Object(st.As("admin@acme.test")("GET", "/api/v2/audit_logs", ""), http.StatusOK)
	st.Wants(log, "server", "audit_logs", 0, "door")
	st.Wants(log, "suspended.expire", "audit_logs", 0, "action")
	st.Wants(log, 1.0, "audit_logs", 0, "after", "count")
	st.Wants(log, 0.0, "audit_logs", 0, "after", "unseen")
}
