package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/store"
)

// The page of hand-offs says what waits and why, in the other side's words, and what is done
// about it is said and is in the audit log.
func TestHandoffPage(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	b.Says(b.Get("/hand-off", http.StatusOK), "Tickets are carried on to nobody.", "docs/hand-off.md", "SIGHUP")
	st.Target("desk")
	ticket := st.Receive(httpdtest.Message("Ann <ann@example.com>", "The door sticks", "Hello"))
	b.Says(b.Get("/hand-off", http.StatusOK), "desk", "active", "1 waiting", "The door sticks",
		"not tried yet")

	ids := st.Carry("desk", store.HandoffFailed, "550 <b>no such mailbox</b>")
	page := b.Get("/hand-off?state=failed&target=desk", http.StatusOK)
	b.Says(page, "1 failed", "550 &lt;b&gt;no such mailbox&lt;/b&gt;", "1 try")
	checkPage(t, "/hand-off", page)
	b.Says(b.Get(fmt.Sprint("/tickets/", ticket), http.StatusOK), "Where it went", "desk",
		"550 &lt;b&gt;no such mailbox")
	b.Says(b.Get("/hand-off?state=unknown", http.StatusOK), "There are none.")
	b.Get("/hand-off?state=lost", http.StatusNotFound)

	act := func(do string, more ...string) string {
		return b.Follow("/hand-off", append([]string{"do", do, "back", "/hand-off?state=all"},
			more...)...)
	}
	id := fmt.Sprint(ids[0])
	b.Says(act("retry", "id", id), "It is tried again at once.", "waiting")
	b.Says(act("discard", "id", id), "It is carried no further; the ticket stays.", "discarded")
	b.Says(act("retry"), "Nothing was selected.")
	b.Says(act("retry", "id", id), "It is tried again at once.")
	st.Carry("desk", store.HandoffDone, "250 taken")
	b.Says(act("discard", "id", id), "Nothing was done: one of them was handed over already.")
	for do, status := range map[string]int{"sell": http.StatusUnprocessableEntity,
		"retry": http.StatusNotFound} {
		b.Post("/hand-off", status, "do", do, "id", "999", "back", "/hand-off")
	}

	target := func(name, do string, more ...string) string {
		return b.Follow("/hand-off/targets/"+name, append([]string{"do", do, "back", "/hand-off"},
			more...)...)
	}
	b.Says(target("desk", "pause", "why", "moving house"), "its messages are kept", "paused",
		"moving house", "Resume")
	b.Says(target("desk", "pause", "why", "again"), "Nothing was changed", "moving house")
	b.Says(target("desk", "resume"), "What waits is carried again, at once.", "active")
	b.Post("/hand-off/targets/shop", http.StatusNotFound, "do", "pause", "back", "/hand-off")
	b.Post("/hand-off/targets/desk", http.StatusUnprocessableEntity, "do", "sell", "back", "/hand-off")

	agent := st.Browser("agent@acme.test")
	agent.Get("/hand-off", http.StatusForbidden)
	agent.Post("/hand-off", http.StatusForbidden, "do", "retry", "id", id)
	if page := agent.Get(fmt.Sprint("/tickets/", ticket), http.StatusOK); !strings.Contains(page,
		"Where it went") {
		t.Error("an agent is not told where a ticket went")
	}
	ann := st.Browser("ann@example.com")
	if page := ann.Get(fmt.Sprint("/requests/", ticket), http.StatusOK); strings.Contains(page,
		"Where it went") {
		t.Error("its requester is told where a ticket went")
	}
}
