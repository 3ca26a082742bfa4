package httpd

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
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

// What is damaged is held again as it stands, and shown as that by the API and the console.
func TestUndeleteADamagedRow(t *testing.T) {
	st := testServer(t)
	st.db.KeepDeleted(24 * time.Hour)
	first, second := itoa(st.hold("One")), itoa(st.hold("Two"))
	do := st.as("agent@acme.test")
	for _, id := range []string{first, second} {
		if w := do("DELETE", "/api/v2/suspended_tickets/"+id, ""); w.Code != http.StatusNoContent {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	file, err := sql.Open("sqlite3", "file:"+st.path+"?_busy_timeout=10000")
	st.must(err)
	_, err = file.Exec(`update deleted set expires_at = x'ff00'`)
	st.must(errors.Join(err, file.Close()))
	back := st.object(do("PUT", "/api/v2/suspended_tickets/"+first+"/undelete", ""), http.StatusOK)
	if text, err := json.Marshal(back); err != nil || !strings.Contains(string(text), "expires_at") {
		t.Errorf("restored: %s, %v", text, err)
	}
	b := st.browser("agent@acme.test")
	b.says(b.follow("/suspended/undelete", "id", second, "back", "/suspended"), "Restored 1 message.")
	b.says(b.get("/suspended/"+second, http.StatusOK), "is damaged", "expires_at")
}
