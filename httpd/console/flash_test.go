package console

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
	"gatepost/store"
)

// TestFlashIsOfOwnEntry: a link says that something was done only to who did it, just now, and
// only what the audit log says.
func TestFlashIsOfOwnEntry(t *testing.T) {
	st := testServer(t)
	b, other := st.Browser("agent@acme.test"), st.Browser("admin@acme.test")
	_, to := b.Post("/suspended", http.StatusSeeOther, "do", "delete", "id",
		fmt.Sprint(st.Stranger("One")))
	id := lastEntry(st)
	deleted := fmt.Sprintf("/suspended?audit=%d&did=deleted", id)
	if to != deleted {
		t.Errorf("leads to %s, want %s", to, deleted)
	}
	b.Says(b.Get(deleted+"&n=500", http.StatusOK), "Deleted 1 message.")
	other.Silent(other.Get(deleted, http.StatusOK), "Deleted")
	for _, query := range []string{"did=deleted", "did=deleted&n=500", "did=deleted&audit=0",
		"did=deleted&audit=-1", "did=deleted&audit=999999", "did=deleted&undelete=1",
		fmt.Sprintf("did=recovered&audit=%d", id), fmt.Sprintf("did=undone&audit=%d", id),
		fmt.Sprintf("did=saved&audit=%d", id), fmt.Sprintf("did=deleted&audit=x&x=%d", id)} {
		b.Silent(b.Get("/suspended?"+query, http.StatusOK), `class="notice"`)
	}
	st.Clock.Move(undoOffered + time.Second)
	b.Silent(b.Get(deleted, http.StatusOK), `class="notice"`)
}

// TestFlashUndoesWhatWasDone: Undo is of the entry itself, whatever others did since.
func TestFlashUndoesWhatWasDone(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	_, to := b.Post("/rules/entries", http.StatusSeeOther, "list", "block", "entry", "one.test")
	id := lastEntry(st)
	for i := range 250 { // more than was once looked through
		_, err := st.DB.By(store.Actor{Name: "admin@acme.test", Via: "api"}).AddRules(t.Context(),
			policy.Block, entriesOf(t, fmt.Sprintf("other%d.test", i)), store.Life{})
		st.Must(err)
	}
	page := b.Get(to, http.StatusOK)
	b.Says(page, "Added.", "added one.test", fmt.Sprintf(`action="/audit/%d/undo"`, id))
	b.Silent(page, "added other249.test")
}

func entriesOf(t *testing.T, text string) []policy.Entry {
	t.Helper()
	entries, err := policy.ParseEntries(policy.Block, text)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func lastEntry(st *httpdtest.Site) (id int64) {
	st.Helper()
	for e, err := range st.DB.AuditLog(st.Context(), store.AuditQuery{Limit: 1}) {
		st.Must(err)
		id = e.ID
	}
	return id
}
