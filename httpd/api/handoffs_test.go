package api

import (
	"fmt"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/store"
)

// Hand-offs are listed by filters and pages, and an admin sets them going again or ends them.
func TestHandoffs(t *testing.T) {
	st := testServer(t)
	st.Target("desk")
	for range 3 {
		st.Receive(httpdtest.WithFiles())
	}
	do, agent := st.As("admin@acme.test"), st.As("agent@acme.test")
	ids := st.Carry("desk", store.HandoffFailed, "550 no such mailbox")
	if len(ids) == 0 {
		t.Fatal("nothing was handed on")
	}
	one := "/api/v2/handoffs/" + fmt.Sprint(ids[0])

	failed := st.Object(do("GET", "/api/v2/handoffs?state=failed,unknown&target=desk", ""), 200)
	st.Wants(failed, float64(len(ids)), "count")
	st.Wants(failed, "550 no such mailbox", "handoffs", 0, "said")
	st.Wants(st.Object(do("GET", "/api/v2/handoffs?target=shop", ""), 200), float64(0), "count")
	page := st.Object(do("GET", "/api/v2/handoffs?page[size]=1", ""), 200)
	st.Has(page, 1, "handoffs")
	st.Wants(page, true, "meta", "has_more")
	for path, want := range map[string]int{"/api/v2/handoffs?state=lost": 422,
		"/api/v2/handoffs?ticket=x": 422, "/api/v2/handoffs/999": 404} {
		if got := do("GET", path, "").Code; got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}

	st.Wants(st.Object(do("POST", one+"/retry", ""), 200), "waiting", "handoff", "state")
	st.Wants(st.Object(do("POST", one+"/discard", ""), 200), "discarded", "handoff", "state")
	st.Object(do("POST", one+"/retry", ""), 200)
	st.Carry("desk", store.HandoffDone, "250 taken")
	st.Wants(st.Object(do("POST", one+"/retry", ""), 409), "Conflict", "error")

	target := "/api/v2/handoff_targets/desk"
	paused := st.Object(do("POST", target+"/pause", `{"why":"moving house"}`), 200)
	st.Wants(paused, "moving house", "handoff_target", "paused_why")
	all := st.Object(do("GET", "/api/v2/handoff_targets", ""), 200)
	st.Wants(all, "moving house", "handoff_targets", 0, "paused_why")
	st.Wants(st.Object(do("POST", target+"/resume", ""), 200), "", "handoff_target", "paused_why")
	st.Object(do("POST", target+"/pause", ""), 200)
	if got := do("POST", target+"/pause", `{"reason":"x"}`).Code; got != 422 {
		t.Errorf("a field that does nothing: %d", got)
	}
	if got := do("POST", "/api/v2/handoff_targets/shop/pause", "").Code; got != 404 {
		t.Errorf("no such target: %d", got)
	}
	for _, path := range []string{one + "/retry", target + "/pause"} {
		if got := agent("POST", path, "").Code; got != 403 {
			t.Errorf("an agent at %s: %d", path, got)
		}
	}
}

// Who reads a ticket is told where it and its replies went, in the other side's words; a customer
// is not.
func TestTicketSaysWhereItWent(t *testing.T) {
	st := testServer(t)
	st.Target("desk")
	id := st.Receive(httpdtest.Message("Ann <ann@example.com>", "order", "Where is it?"))
	st.Carry("desk", store.HandoffDone, "250 made ticket 4711")
	reply := "In-Reply-To: <1@example.com>\r\n" + httpdtest.WithFiles()
	st.Receive(reply)
	st.Carry("desk", store.HandoffFailed, "550 no such ticket")
	path := fmt.Sprintf("/api/v2/tickets/%d", id)

	o := st.Object(st.As("agent@acme.test")("GET", path, ""), 200)
	st.Has(o, 2, "handoffs")
	st.Wants(o, "550 no such ticket", "handoffs", 0, "said")
	st.Wants(o, store.CommentCreated, "handoffs", 0, "event")
	st.Wants(o, "250 made ticket 4711", "handoffs", 1, "said")
	st.Wants(o, "desk", "handoffs", 1, "target")
	own := st.Object(st.As("ann@example.com")("GET", path, ""), 200)
	if _, told := own["handoffs"]; told {
		t.Errorf("a customer is told %v", own["handoffs"])
	}
}
