package httpd

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
	"gatepost/store"
)

// holdMany holds so many messages, and one that is of no search for them.
func (st *site) holdMany(n int) {
	st.Helper()
	st.rules(policy.Block, "suspend:example.net *")
	for i := range n {
		st.receive(letterOf(fmt.Sprintf("r%d@robo.example.net", i%7), fmt.Sprint("Copy ", i), "x"))
	}
	st.receive(letterOf("Eva <eva@shop.example>", "A question", "x"))
}

func (st *site) heldNow() int64 {
	st.Helper()
	n, err := st.db.CountSuspended(st.Context(), store.Query{})
	st.must(err)
	return n
}

var lastField = regexp.MustCompile(`name="last" value="(\d+)"`)

// An agent acts on all that match, beyond the page: what came since the page was made stays, it
// is one entry, and one undo takes it back.
func TestSelectAllThatMatch(t *testing.T) {
	for _, do := range []string{"recover", "delete"} {
		st := testServer(t)
		st.db.KeepDeleted(24 * time.Hour)
		st.holdMany(140)
		b := st.browser("agent@acme.test")
		page := b.get("/suspended?q=from:robo.example.net", http.StatusOK)
		b.says(page, "Select all 140 that match", `name="matching" value="140"`)
		last := lastField.FindStringSubmatch(page)[1]
		st.receive(letterOf("r1@robo.example.net", "Late", "x"))
		page = b.follow("/suspended", "do", do, "q", "from:robo.example.net", "matching", "140",
			"last", last)
		b.says(page, map[string]string{"recover": "Recovered", "delete": "Deleted"}[do]+" 140 messages.",
			"Late", "Undo</button>")
		if st.heldNow() != 2 {
			t.Errorf("%s: %d are held", do, st.heldNow())
		}
		undo := regexp.MustCompile(`/suspended/undo/\d+`).FindString(page)
		b.says(b.follow(undo, "back", "/suspended"), "140 messages are held again.")
		if st.heldNow() != 142 {
			t.Errorf("undone: %d are held", st.heldNow())
		}
		b.says(b.follow(undo, "back", "/suspended"), "Nothing was undone")
		var entries int
		for e, err := range st.db.AuditLog(t.Context(), store.AuditQuery{Subject: "r3@robo.example.net"}) {
			st.must(err)
			entries++
			if e.Messages != 140 {
				t.Errorf("%+v", e)
			}
		}
		if entries != 2 {
			t.Errorf("%d entries name a sender", entries)
		}
	}
}

// Where the page has all there is nothing more to select, and more than was seen is not touched.
func TestSelectAllIsWhatWasSeen(t *testing.T) {
	st := testServer(t)
	st.holdMany(60)
	b := st.browser("agent@acme.test")
	b.silent(b.get("/suspended?q=question", http.StatusOK), "Select all 1")
	b.says(b.get("/suspended", http.StatusOK), "Select all 61</label>")
	b.says(b.follow("/suspended", "do", "delete", "matching", "50", "last", "900"), "Nothing was done: more")
	b.post("/suspended", http.StatusUnprocessableEntity, "do", "delete", "matching", "x", "last", "900")
	b.post("/suspended", http.StatusUnprocessableEntity, "do", "burn", "matching", "61", "last", "900")
	if st.heldNow() != 61 {
		t.Errorf("%d are held", st.heldNow())
	}
}

// Agents undo what they did to held mail, and nothing of others or of lists.
func TestAgentsUndoTheirOwn(t *testing.T) {
	st := testServer(t)
	first, second := st.stranger("One"), st.stranger("Two")
	agent, admin := st.browser("agent@acme.test"), st.browser("admin@acme.test")
	page := agent.follow("/suspended", "do", "recover", "id", itoa(first), "id", itoa(second))
	undo := regexp.MustCompile(`/suspended/undo/\d+`).FindString(page)
	agent.says(page, "Recovered 2 messages.", "Undo</button>")
	agent.says(agent.follow(undo, "back", "/suspended"), "2 messages are held again.")
	page = admin.follow("/suspended/"+itoa(first), "do", "recover", "rule", "allow example.net")
	id := strings.TrimSuffix(strings.TrimPrefix(undoOf(t, page), "/audit/"), "/undo")
	agent.post("/suspended/undo/"+id, http.StatusForbidden, "back", "/suspended")
	agent.post("/suspended/undo/x", http.StatusNotFound, "back", "/suspended")
	agent.post("/suspended/undo/999", http.StatusNotFound, "back", "/suspended")
	if got := st.list(policy.Allow); got != "example.net" {
		t.Errorf("the allowlist is %q", got)
	}
	admin.says(admin.follow("/suspended/undo/"+id, "back", "/suspended"), "1 message is held again.")
}

// The API does the same: all that match, and a list changed with a message.
func TestMatchingByTheAPI(t *testing.T) {
	st := testServer(t)
	st.db.KeepDeleted(24 * time.Hour)
	st.holdMany(120)
	do := st.as("agent@acme.test")
	const base = "/api/v2/suspended_tickets"
	st.object(do("DELETE", base+"/destroy_matching", ""), http.StatusUnprocessableEntity)
	st.object(do("DELETE", base+"/destroy_matching?from=robo.example.net&count=9", ""), http.StatusConflict)
	o := st.object(do("DELETE", base+"/destroy_matching?from=robo.example.net&last=100", ""), http.StatusOK)
	st.wants(o, 100.0, "deleted")
	undo := fmt.Sprintf("%s/undo?audit_id=%v", base, at(o, "audit_id"))
	st.wants(st.object(do("PUT", undo, ""), http.StatusOK), 100.0, "held_again")
	st.object(do("PUT", undo, ""), http.StatusUnprocessableEntity)
	st.object(do("PUT", base+"/undo", ""), http.StatusUnprocessableEntity)
	o = st.object(do("PUT", base+"/recover_matching?all=true", ""), http.StatusOK)
	st.wants(o, 121.0, "recovered")
	st.wants(o, 8.0, "made_profiles")
	if o = st.object(do("PUT", base+"/recover_matching?query=x", ""), http.StatusOK); at(o, "audit_id") != nil {
		t.Errorf("nothing matched: %v", o)
	}
}

// A query that is not what it was meant to be could take more than was meant.
func TestMatchingTakesNoWrongQuery(t *testing.T) {
	st := testServer(t)
	st.holdMany(10)
	do := st.as("agent@acme.test")
	for _, query := range [...]string{
		"cause=blocklisted&form=robo.example.net", "all=true&allow=domain",
		"all=true&form=robo.example.net;x", "query=a&from=robo.example.net;x", "query=%zz&all=true",
		"query=robo&from=", "query=robo&cause=", "from=robo.example.net&from=other.example",
		"from=robo.example.net&From=other.example",
	} {
		for _, at := range [...][2]string{{"PUT", "recover"}, {"DELETE", "destroy"}} {
			st.object(do(at[0], "/api/v2/suspended_tickets/"+at[1]+"_matching?"+query, ""),
				http.StatusUnprocessableEntity)
		}
	}
	o := st.object(do("DELETE", "/api/v2/suspended_tickets/destroy_matching.json?all=true", ""),
		http.StatusOK)
	st.wants(o, 11.0, "deleted")
}

func TestListChangeByTheAPI(t *testing.T) {
	st := testServer(t)
	st.db.KeepDeleted(24 * time.Hour)
	path := "/api/v2/suspended_tickets/" + itoa(st.stranger("Let me in"))
	other := "/api/v2/suspended_tickets/" + itoa(st.stranger("Not me"))
	st.object(st.as("agent@acme.test")("PUT", path+"/recover?allow=domain", ""), http.StatusForbidden)
	do := st.as("admin@acme.test")
	st.object(do("PUT", path+"/recover?allow=everybody", ""), http.StatusUnprocessableEntity)
	o := st.object(do("PUT", path+"/recover?allow=domain", ""), http.StatusOK)
	if got := st.list(policy.Allow); got != "example.net" {
		t.Errorf("the allowlist is %q", got)
	}
	if w := do("POST", fmt.Sprintf("/api/v2/audit_logs/%v/undo", at(o, "audit_id")), ""); w.Code != 204 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	st.object(do("GET", path, ""), http.StatusOK)
	if w := do("DELETE", other+"?block=address", ""); w.Code != 204 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := st.list(policy.Block) + st.list(policy.Allow); got != "* sam@example.net" {
		t.Errorf("the lists are %q", got)
	}
}

// TestListChangeIsTriedFirst: an entry that would not do is refused with what decides, and
// nothing is done; a block that an entry of the allowlist beats gets the keyword that it needs.
func TestListChangeIsTriedFirst(t *testing.T) {
	st := testServer(t)
	path := "/api/v2/suspended_tickets/" + itoa(st.stranger("Let me in"))
	do := st.as("admin@acme.test")
	st.rules(policy.Block, "* suspend:example.net")
	w := do("PUT", path+"/recover?allow=address", "")
	if said := w.Body.String(); w.Code != http.StatusUnprocessableEntity || !strings.Contains(said,
		"to put sam@example.net on the allowlist would not let it in: example.net is on the "+
			"blocklist (suspend:example.net)") {
		t.Errorf("%d %s", w.Code, said)
	}
	st.object(do("GET", path, ""), http.StatusOK)
	if got := st.list(policy.Allow); got != "" {
		t.Errorf("the allowlist is %q", got)
	}
	st.rules(policy.Block, "other.example")
	st.rules(policy.Allow, "example.net")
	if w := do("DELETE", path+"?block=address", ""); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := st.list(policy.Block); got != "other.example suspend:sam@example.net" {
		t.Errorf("the blocklist is %q", got)
	}
}
