package httpd

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
		st.clock.move(25 * time.Hour)
		p, err := st.db.Purge(t.Context(), store.Expiry{KeepUnseen: true, By: store.Server()})
		st.must(err)
		if p.Deleted != want {
			t.Errorf("%s: %+v, want %d deleted", after, p, want)
		}
	}
	for _, look := range []func(){
		func() {
			list := st.as("admin@acme.test")("GET", "/api/v2/suspended_tickets", "")
			st.object(list, http.StatusOK)
		},
		func() { st.browser("admin@acme.test").get("/suspended", http.StatusOK) },
	} {
		st.hold("unseen")
		st.clock.move(30 * 24 * time.Hour)
		st.browser("admin@acme.test").get("/tickets", http.StatusOK)
		purge(0, "another page")
		look()
		purge(1, "the queue")
	}
	b := st.browser("admin@acme.test")
	b.says(b.get("/audit", http.StatusOK), "deleted what had expired", "gatepost", "server")
	log := st.object(st.as("admin@acme.test")("GET", "/api/v2/audit_logs", ""), http.StatusOK)
	st.wants(log, "server", "audit_logs", 0, "door")
	st.wants(log, "suspended.expire", "audit_logs", 0, "action")
	st.wants(log, 1.0, "audit_logs", 0, "after", "count")
	st.wants(log, 0.0, "audit_logs", 0, "after", "unseen")
}
