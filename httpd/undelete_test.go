package httpd

import (
	"net/http"
	"testing"
	"time"
)

// What is deleted by the API comes back by it, once.
func TestUndeleteByTheAPI(t *testing.T) {
	st := testServer(t)
	st.db.KeepDeleted(24 * time.Hour)
	do := st.as("agent@acme.test")
	path := "/api/v2/suspended_tickets/" + itoa(st.hold("a"))
	was := st.object(do("GET", path, ""), http.StatusOK)
	if w := do("DELETE", path, ""); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	st.object(do("GET", path, ""), http.StatusNotFound)
	back := st.object(do("PUT", path+"/undelete", ""), http.StatusOK)
	st.wants(back, at(was, "suspended_ticket", "id"), "suspended_ticket", "id")
	st.object(do("PUT", path+"/undelete", ""), http.StatusNotFound)
}

// The page after deleting offers to restore; where nothing can be restored it does not.
func TestUndeleteInTheConsole(t *testing.T) {
	st := testServer(t)
	b := st.browser("agent@acme.test")
	first, second := itoa(st.hold("One")), itoa(st.hold("Two"))
	b.silent(b.follow("/suspended", "do", "delete", "id", first), "Restore")
	st.db.KeepDeleted(24 * time.Hour)
	b.says(b.follow("/suspended", "do", "delete", "id", second), "Deleted 1 message.", "Restore",
		`name="id" value="`+second+`"`)
	b.says(b.follow("/suspended/undelete", "id", second, "back", "/suspended"),
		"Restored 1 message.", "Two")
	b.says(b.follow("/suspended/undelete", "id", second, "back", "/suspended"),
		"Nothing was restored")
}
