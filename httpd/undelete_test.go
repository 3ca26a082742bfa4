package httpd_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatepost/store/storetest"
)

// What is damaged is held again as it stands, and shown as that by the API and the console.
func TestUndeleteADamagedRow(t *testing.T) {
	storetest.OfTheFile(t)
	st := testServer(t)
	st.DB.KeepDeleted(24 * time.Hour)
	first, second := fmt.Sprint(st.Hold("One")), fmt.Sprint(st.Hold("Two"))
	do := st.As("agent@acme.test")
	for _, id := range []string{first, second} {
		if w := do("DELETE", "/api/v2/suspended_tickets/"+id, ""); w.Code != http.StatusNoContent {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	file, err := sql.Open("sqlite3", "file:"+st.Path+"?_busy_timeout=10000")
	st.Must(err)
	_, err = file.Exec(`update deleted set expires_at = x'ff00'`)
	st.Must(errors.Join(err, file.Close()))
	back := st.Object(do("PUT", "/api/v2/suspended_tickets/"+first+"/undelete", ""), http.StatusOK)
	if text, err := json.Marshal(back); err != nil || !strings.Contains(string(text), "expires_at") {
		t.Errorf("restored: %s, %v", text, err)
	}
	b := st.Browser("agent@acme.test")
	b.Says(b.Follow("/suspended/undelete", "id", second, "back", "/suspended"), "Restored 1 message.")
	b.Says(b.Get("/suspended/"+second, http.StatusOK), "is damaged", "expires_at")
}
