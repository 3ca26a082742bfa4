package api

import (
	"fmt"
	"net/http"
	"testing"

	"gatepost/policy"
	"gatepost/store"
)

// One change of two things gives at no moment what neither before nor after may be.
const second = "second@acme.test"

func TestChangeGivesNothingInBetween(t *testing.T) {
	for _, c := range []struct {
		role      policy.Role
		suspended bool
		body      string
		want      []string
	}{
		{policy.Admin, true, `{"suspended":false,"role":"end-user"}`,
			[]string{"user.role", "user.unsuspend"}},
		{policy.Agent, true, `{"suspended":false,"role":"admin"}`,
			[]string{"user.role", "user.unsuspend"}},
		{policy.Agent, false, `{"suspended":true,"role":"admin"}`,
			[]string{"user.suspend", "user.role"}},
	} {
		st := testServer(t)
		st.User(second, c.role)
		st.Must(st.Editor().SetSuspended(t.Context(), st.Address(second), c.suspended))
		u, err := st.DB.User(t.Context(), st.Address(second))
		st.Must(err)
		w := st.As("admin@acme.test")("PUT", "/api/v2/users/"+fmt.Sprint(u.ID), `{"user":`+c.body+`}`)
		st.Object(w, http.StatusOK)
		var done []string // the newest first
		for e, err := range st.DB.AuditLog(t.Context(), store.AuditQuery{Limit: 2}) {
			st.Must(err)
			done = append(done, string(e.Action))
		}
		if len(done) != 2 || done[1] != c.want[0] || done[0] != c.want[1] {
			t.Errorf("%s: %v, the newest first; want %v in turn", c.body, done, c.want)
		}
	}
}
