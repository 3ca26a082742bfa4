package console

import (
	"fmt"
	"net/http"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// On a ticket's page an admin keeps its sender out, sees how much that would have held, and can
// think better of it. An agent is not offered it.
func TestTicketActions(t *testing.T) {
	st := testServer(t)
	for i := range 3 {
		st.Receive(httpdtest.Message(fmt.Sprintf("sam%d@example.net", i%2), "One more", "x"))
	}
	id := st.Receive(httpdtest.Message("sam0@example.net", "The last", "x"))
	path := "/tickets/" + fmt.Sprint(id)
	b := st.Browser("admin@acme.test")
	b.Says(b.Get(path, http.StatusOK), "Block sam0@example.net</button>", "3 tickets in 30 days",
		"Block example.net</button>", "4 tickets in 30 days", "Suspend the profile of sam0@example.net")
	page := b.Follow(path, "rule", "block example.net")
	b.Says(page, "You changed the blocklist: added example.net.", "The last", "Undo</button>")
	b.Silent(page, "Block example.net</button>")
	if got := st.List(policy.Block); got != "example.net" {
		t.Errorf("the blocklist is %q", got)
	}
	b.Says(b.Follow(httpdtest.UndoOf(t, page), "back", path), "The change was undone.", "Block example.net")
	page = b.Follow(path, "rule", "suspend sam0@example.net")
	b.Says(page, "You suspended sam0@example.net.", "Undo</button>")
	b.Follow(httpdtest.UndoOf(t, page), "back", path)
	page = b.Get("/audit?subject=example.net", http.StatusOK)
	b.Says(page, "undid the suspension of sam0@example.net", "suspended sam0@example.net")
	b.Silent(page, "IP restrictions")
	u, err := st.DB.User(t.Context(), st.Address("sam0@example.net"))
	st.Must(err)
	if u.Suspended || st.List(policy.Block) != "" {
		t.Errorf("after the undo: %+v, %q", u, st.List(policy.Block))
	}
	b.Post(path, http.StatusConflict, "rule", "allow example.org")
	b.Post("/tickets/99", http.StatusNotFound, "rule", "block example.net")
	agent := st.Browser("agent@acme.test")
	agent.Silent(agent.Get(path, http.StatusOK), "Block ", "Suspend the profile")
	agent.Post(path, http.StatusForbidden, "rule", "block example.net")
}
