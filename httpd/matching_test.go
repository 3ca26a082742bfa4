package httpd_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// Agents undo what they did to held mail, and nothing of others or of lists.
func TestAgentsUndoTheirOwn(t *testing.T) {
	st := testServer(t)
	first, second := st.Stranger("One"), st.Stranger("Two")
	agent, admin := st.Browser("agent@acme.test"), st.Browser("admin@acme.test")
	page := agent.Follow("/suspended", "do", "recover", "id", fmt.Sprint(first), "id", fmt.Sprint(second))
	undo := regexp.MustCompile(`/suspended/undo/\d+`).FindString(page)
	agent.Says(page, "Recovered 2 messages.", "Undo</button>")
	agent.Says(agent.Follow(undo, "back", "/suspended"), "2 messages are held again.")
	page = admin.Follow("/suspended/"+fmt.Sprint(first), "do", "recover", "rule", "allow example.net")
	id := strings.TrimSuffix(strings.TrimPrefix(httpdtest.UndoOf(t, page), "/audit/"), "/undo")
	agent.Post("/suspended/undo/"+id, http.StatusForbidden, "back", "/suspended")
	agent.Post("/suspended/undo/x", http.StatusNotFound, "back", "/suspended")
	agent.Post("/suspended/undo/999", http.StatusNotFound, "back", "/suspended")
	if got := st.List(policy.Allow); got != "example.net" {
		t.Errorf("the allowlist is %q", got)
	}
	admin.Says(admin.Follow("/suspended/undo/"+id, "back", "/suspended"), "1 message is held again.")
}
