package api

import (
	"fmt"
	"testing"

	"gatepost/httpd/httpdtest"
)

// TestRecoveredIsNobodysRequest: of whom it cannot be said who wrote it, a message is shown to
// nobody whose address it names, although somebody recovered it.
func TestRecoveredIsNobodysRequest(t *testing.T) {
	st := testServer(t)
	agent, ann := st.As("agent@acme.test"), st.As("ann@example.com")
	for _, raw := range []string{
		"From: ann@example.com\r\nFrom: ann@example.com\r\nSubject: pay\r\n\r\nx\r\n",
		"From : ann@example.com\r\nSubject: pay\r\n\r\nx\r\n",
		"From: ann@example.com\r\nAuto-Submitted: auto-replied\r\nSubject: Out of office: away\r\n\r\nx\r\n",
	} {
		path := fmt.Sprintf("/api/v2/suspended_tickets/%d/recover", st.Receive(raw))
		o := st.Object(agent("PUT", path, ""), 200)
		id := int64(httpdtest.At(o, "ticket", 0, "id").(float64))
		st.Wants(o, nil, "ticket", 0, "requester_id")
		st.Object(ann("GET", fmt.Sprintf("/api/v2/tickets/%d", id), ""), 404)
		if w := ann("GET", fmt.Sprintf("/requests/%d", id), ""); w.Code != 404 {
			t.Errorf("%q: the request is answered with %d", raw, w.Code)
		}
	}
}
