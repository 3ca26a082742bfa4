package console

import (
	"net/http"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// Organisations are made, changed, removed and brought back by people, and what contradicts the
// blocklist stands where either is saved.
func TestOrganizationPages(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	b.Says(b.Get("/organizations", http.StatusOK), "There are no organisations")
	wrong, _ := b.Post("/organizations", http.StatusUnprocessableEntity, "name", "Client Ltd",
		"domains", "client.test @bad.test")
	b.Says(wrong, "write bad.test", `value="client.test @bad.test"`)
	b.Says(b.Follow("/organizations", "name", "Client Ltd", "domains", "client.test boss@free.test"),
		"Added.", "You entered the organisation Client Ltd.", "Undo</button>", "boss@free.test")
	b.Says(b.Follow("/organizations", "name", "Other", "domains", ""), "Other")

	st.Rules(policy.Block, "suspend:client.test")
	const vain = "lets nobody in: suspend:client.test on the blocklist beats it"
	b.Says(b.Get("/organizations", http.StatusOK), vain)
	b.Says(b.Get("/rules", http.StatusOK), "in the organisation Client Ltd", vain)
	mended := b.Follow("/rules/fix", "list", "organization", "organization", "Client Ltd", "entry",
		"client.test", "finding", "beaten")
	b.Says(mended, "Saved.", "You changed the organisation Client Ltd.")
	b.Silent(mended, vain)
	b.Post(httpdtest.UndoOf(t, mended), http.StatusSeeOther)
	b.Says(b.Get("/rules", http.StatusOK), vain)

	taken, _ := b.Post("/organizations/1", http.StatusUnprocessableEntity, "name", "Other",
		"domains", "client.test", "do", "save")
	b.Says(taken, "an organisation Other: exists already")
	b.Says(b.Follow("/organizations/1", "name", "Client & Co.", "domains", "new.test", "do", "save"),
		"Saved.", "You changed the organisation Client &amp; Co.", `value="new.test"`)
	gone := b.Follow("/organizations/1", "do", "remove")
	b.Says(gone, "Removed.", "You removed the organisation Client &amp; Co.")
	b.Post(httpdtest.UndoOf(t, gone), http.StatusSeeOther)
	b.Says(b.Get("/organizations", http.StatusOK), `value="new.test"`)
	b.Post("/organizations/9", http.StatusNotFound, "do", "remove")
}
