package api

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"gatepost/httpd/httpdtest"
)

// What is deleted by the API comes back by it, once.
func TestUndeleteByTheAPI(t *testing.T) {
	st := testServer(t)
	st.DB.KeepDeleted(24 * time.Hour)
	do := st.As("agent@acme.test")
	path := "/api/v2/suspended_tickets/" + fmt.Sprint(st.Hold("a"))
	was := st.Object(do("GET", path, ""), http.StatusOK)
	if w := do("DELETE", path, ""); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	st.Object(do("GET", path, ""), http.StatusNotFound)
	back := st.Object(do("PUT", path+"/undelete", ""), http.StatusOK)
	st.Wants(back, httpdtest.At(was, "suspended_ticket", "id"), "suspended_ticket", "id")
	st.Object(do("PUT", path+"/undelete", ""), http.StatusNotFound)
}
