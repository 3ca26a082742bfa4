package httpd_test

import (
	"fmt"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
)

// TestTicketShowsReplyTo: whoever answers a ticket sees whom the answer reaches, if that is
// not its requester.
func TestTicketShowsReplyTo(t *testing.T) {
	st := testServer(t)
	agent := st.As("agent@acme.test")
	const rest = "Subject: Contact\r\nMessage-ID: <1@website.test>\r\n\r\nMy order\r\n"
	for _, c := range []struct {
		field string
		want  any
	}{{"", nil}, {"Reply-To: Ann <ann@mail.test>\r\n", "ann@mail.test"}} {
		raw := "From: Website <forms@website.test>\r\nAuto-Submitted: auto-generated\r\n" +
			c.field + rest
		path := fmt.Sprintf("/api/v2/suspended_tickets/%d/recover", st.Receive(raw))
		o := st.Object(agent("PUT", path, ""), 200)
		id := int64(httpdtest.At(o, "ticket", 0, "id").(float64))
		o = st.Object(agent("GET", fmt.Sprintf("/api/v2/tickets/%d", id), ""), 200)
		var got any
		if list := httpdtest.At(o, "ticket", "reply_to").([]any); len(list) > 0 {
			got = list[0]
		}
		page := agent("GET", fmt.Sprintf("/tickets/%d", id), "").Body.String()
		if shown := strings.Contains(page, "<dt>Answers go to</dt>"); got != c.want ||
			shown != (c.want != nil) {
			t.Errorf("%q: reply_to names %v, and the page says so: %t", c.field, got, shown)
		}
	}
}
