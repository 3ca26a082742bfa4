package httpd

import (
	"fmt"
	"net/http"
	"testing"

	"gatepost/policy"
)

// On a ticket's page an admin keeps its sender out, sees how much that would have held, and can
// think better of it. An agent is not offered it.
func TestTicketActions(t *testing.T) {
	st := testServer(t)
	for i := range 3 {
		st.receive(letterOf(fmt.Sprintf("sam%d@example.net", i%2), "One more", "x"))
	}
	id := st.receive(letterOf("sam0@example.net", "The last", "x"))
	path := "/tickets/" + itoa(id)
	b := st.browser("admin@acme.test")
	b.says(b.get(path, http.StatusOK), "Block sam0@example.net</button>", "3 tickets in 30 days",
		"Block example.net</button>", "4 tickets in 30 days", "Suspend the profile of sam0@example.net")
	page := b.follow(path, "rule", "block example.net")
	b.says(page, "You changed the blocklist: added example.net.", "The last", "Undo</button>")
	b.silent(page, "Block example.net</button>")
	if got := st.list(policy.Block); got != "example.net" {
		t.Errorf("the blocklist is %q", got)
	}
	b.says(b.follow(undoOf(t, page), "back", path), "The change was undone.", "Block example.net")
	page = b.follow(path, "rule", "suspend sam0@example.net")
	b.says(page, "You suspended sam0@example.net.", "Undo</button>")
	b.follow(undoOf(t, page), "back", path)
	page = b.get("/audit?subject=example.net", http.StatusOK)
	b.says(page, "undid the suspension of sam0@example.net", "suspended sam0@example.net")
	b.silent(page, "IP restrictions")
	u, err := st.db.User(t.Context(), st.address("sam0@example.net"))
	st.must(err)
	if u.Suspended || st.list(policy.Block) != "" {
		t.Errorf("after the undo: %+v, %q", u, st.list(policy.Block))
	}
	b.post(path, http.StatusConflict, "rule", "allow example.org")
	b.post("/tickets/99", http.StatusNotFound, "rule", "block example.net")
	agent := st.browser("agent@acme.test")
	agent.silent(agent.get(path, http.StatusOK), "Block ", "Suspend the profile")
	agent.post(path, http.StatusForbidden, "rule", "block example.net")
}
