package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// The API does the same: all that match, and a list changed with a message.
func TestMatchingByTheAPI(t *testing.T) {
	st := testServer(t)
	st.DB.KeepDeleted(24 * time.Hour)
	st.HoldMany(120)
	do := st.As("agent@acme.test")
	const base = "/api/v2/suspended_tickets"
	st.Object(do("DELETE", base+"/destroy_matching", ""), http.StatusUnprocessableEntity)
	st.Object(do("DELETE", base+"/destroy_matching?from=robo.example.net&count=9", ""), http.StatusConflict)
	o := st.Object(do("DELETE", base+"/destroy_matching?from=robo.example.net&last=100", ""), http.StatusOK)
	st.Wants(o, 100.0, "deleted")
	undo := fmt.Sprintf("%s/undo?audit_id=%v", base, httpdtest.At(o, "audit_id"))
	st.Wants(st.Object(do("PUT", undo, ""), http.StatusOK), 100.0, "held_again")
	st.Object(do("PUT", undo, ""), http.StatusUnprocessableEntity)
	st.Object(do("PUT", base+"/undo", ""), http.StatusUnprocessableEntity)
	o = st.Object(do("PUT", base+"/recover_matching?all=true", ""), http.StatusOK)
	st.Wants(o, 121.0, "recovered")
	st.Wants(o, 8.0, "made_profiles")
	o = st.Object(do("PUT", base+"/recover_matching?query=x", ""), http.StatusOK)
	if httpdtest.At(o, "audit_id") != nil {
		t.Errorf("nothing matched: %v", o)
	}
}

// A query that is not what it was meant to be could take more than was meant.
func TestMatchingTakesNoWrongQuery(t *testing.T) {
	st := testServer(t)
	st.HoldMany(10)
	do := st.As("agent@acme.test")
	for _, query := range [...]string{
		"cause=blocklisted&form=robo.example.net", "all=true&allow=domain",
		"all=true&form=robo.example.net;x", "query=a&from=robo.example.net;x", "query=%zz&all=true",
		"query=robo&from=", "query=robo&cause=", "from=robo.example.net&from=other.example",
		"from=robo.example.net&From=other.example",
	} {
		for _, at := range [...][2]string{{"PUT", "recover"}, {"DELETE", "destroy"}} {
			st.Object(do(at[0], "/api/v2/suspended_tickets/"+at[1]+"_matching?"+query, ""),
				http.StatusUnprocessableEntity)
		}
	}
	o := st.Object(do("DELETE", "/api/v2/suspended_tickets/destroy_matching.json?all=true", ""),
		http.StatusOK)
	st.Wants(o, 11.0, "deleted")
}

func TestListChangeByTheAPI(t *testing.T) {
	st := testServer(t)
	st.DB.KeepDeleted(24 * time.Hour)
	path := "/api/v2/suspended_tickets/" + fmt.Sprint(st.Stranger("Let me in"))
	other := "/api/v2/suspended_tickets/" + fmt.Sprint(st.Stranger("Not me"))
	st.Object(st.As("agent@acme.test")("PUT", path+"/recover?allow=domain", ""), http.StatusForbidden)
	do := st.As("admin@acme.test")
	st.Object(do("PUT", path+"/recover?allow=everybody", ""), http.StatusUnprocessableEntity)
	o := st.Object(do("PUT", path+"/recover?allow=domain", ""), http.StatusOK)
	if got := st.List(policy.Allow); got != "example.net" {
		t.Errorf("the allowlist is %q", got)
	}
	undo := fmt.Sprintf("/api/v2/audit_logs/%v/undo", httpdtest.At(o, "audit_id"))
	if w := do("POST", undo, ""); w.Code != 204 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	st.Object(do("GET", path, ""), http.StatusOK)
	if w := do("DELETE", other+"?block=address", ""); w.Code != 204 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := st.List(policy.Block) + st.List(policy.Allow); got != "* sam@example.net" {
		t.Errorf("the lists are %q", got)
	}
}

// TestListChangeIsTriedFirst: an entry that would not do is refused with what decides, and
// nothing is done; a block that an entry of the allowlist beats gets the keyword that it needs.
func TestListChangeIsTriedFirst(t *testing.T) {
	st := testServer(t)
	path := "/api/v2/suspended_tickets/" + fmt.Sprint(st.Stranger("Let me in"))
	do := st.As("admin@acme.test")
	st.Rules(policy.Block, "* suspend:example.net")
	w := do("PUT", path+"/recover?allow=address", "")
	if said := w.Body.String(); w.Code != http.StatusUnprocessableEntity || !strings.Contains(said,
		"to put sam@example.net on the allowlist would not let it in: example.net is on the "+
			"blocklist (suspend:example.net)") {
		t.Errorf("%d %s", w.Code, said)
	}
	st.Object(do("GET", path, ""), http.StatusOK)
	if got := st.List(policy.Allow); got != "" {
		t.Errorf("the allowlist is %q", got)
	}
	st.Rules(policy.Block, "other.example")
	st.Rules(policy.Allow, "example.net")
	if w := do("DELETE", path+"?block=address", ""); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := st.List(policy.Block); got != "other.example suspend:sam@example.net" {
		t.Errorf("the blocklist is %q", got)
	}
}
