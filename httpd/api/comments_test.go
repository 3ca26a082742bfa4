package api

import (
	"fmt"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
)

// TestComments: staff see all replies that joined a ticket, page by page, and a customer those
// that they wrote or got; and so with their attachments.
func TestComments(t *testing.T) {
	st := testServer(t)
	mine := st.Receive("Cc: bob@example.org\r\n" +
		httpdtest.Message("Ann <ann@example.com>", "order", "Where is it?"))
	answer := httpdtest.Message("bob@example.org", "Re: order", "On its way.")
	const refs = "In-Reply-To: <1@example.com>\r\n"
	public := st.Receive(refs + strings.Replace(answer, "To: support@", "Cc: ann@example.com\r\nTo: support@", 1))
	internal := st.Receive(refs + strings.Replace(httpdtest.WithFiles(), "ann@example.com", "bob@example.org", 1))
	own := st.Receive(refs + httpdtest.WithFiles())
	path := fmt.Sprintf("/api/v2/tickets/%d/comments", mine)
	staff, ann := st.As("agent@acme.test"), st.As("ann@example.com")

	o := st.Object(staff("GET", path, ""), 200)
	st.Wants(o, 4.0, "count")
	for i, want := range []struct {
		id     int64
		public bool
		body   string
	}{{mine, true, "Where is it?"}, {public, true, "On its way."}, {internal, false, "see below"},
		{own, true, "see below"}} {
		st.Wants(o, float64(want.id), "comments", i, "id")
		st.Wants(o, want.public, "comments", i, "public")
		st.Wants(o, want.body, "comments", i, "body")
	}
	st.Has(o, 2, "comments", 2, "attachments")
	st.Wants(o, "bob@example.org", "comments", 1, "via", "source", "from", "address")

	o = st.Object(ann("GET", path, ""), 200)
	st.Has(o, 3, "comments")
	st.Wants(o, 3.0, "count")
	st.Wants(o, float64(public), "comments", 1, "id")
	st.Wants(o, float64(own), "comments", 2, "id")
	for id, status := range map[int64]int{own: 200, internal: 404} {
		if w := ann("GET", fmt.Sprintf("/api/v2/attachments/%d/2", id), ""); w.Code != status {
			t.Errorf("attachment of %d: %d", id, w.Code)
		}
	}
	st.Object(ann("GET", fmt.Sprintf("/api/v2/tickets/%d", own), ""), 404)

	o = st.Object(staff("GET", path+"?page[size]=2", ""), 200)
	st.Has(o, 3, "comments") // the ticket's own is beside those of the page
	next := fmt.Sprint(httpdtest.At(o, "links", "next"))
	o = st.Object(staff("GET", next[strings.Index(next, "/api"):], ""), 200)
	st.Has(o, 1, "comments")
	st.Wants(o, float64(own), "comments", 0, "id")
	o = st.Object(staff("GET", path+"?per_page=2&page=2", ""), 200)
	st.Has(o, 1, "comments")
	st.Wants(o, 4.0, "count")
}

// TestRecoveredComment: a held reply joins its ticket, and again gives the same.
func TestRecoveredComment(t *testing.T) {
	st := testServer(t)
	ticket := st.Receive(httpdtest.Message("Ann <ann@example.com>", "order", "Where is it?"))
	held := st.Receive("References: <1@example.com>\r\n" +
		httpdtest.Message("eve@example.org", "Re: order", "Here"))
	do := st.As("agent@acme.test")
	path := fmt.Sprintf("/api/v2/suspended_tickets/%d", held)
	o := st.Object(do("GET", path, ""), 200)
	st.Wants(o, "unknown_user_update", "suspended_ticket", "cause")
	st.Wants(o, 5.0, "suspended_ticket", "cause_id")
	made := st.Object(do("PUT", path+"/recover", "{}"), 200)
	st.Wants(made, float64(ticket), "ticket", 0, "id")
	again := st.Object(do("PUT", path+"/recover", "{}"), 200)
	st.Wants(again, httpdtest.At(made, "ticket", 0, "comment_id"), "ticket", 0, "comment_id")
	if httpdtest.At(made, "ticket", 0, "comment_id") == nil {
		t.Errorf("no comment: %v", made)
	}
	o = st.Object(do("GET", fmt.Sprintf("/api/v2/tickets/%d/comments", ticket), ""), 200)
	st.Wants(o, "Here", "comments", 1, "body")
}
