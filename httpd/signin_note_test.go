package httpd_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"gatepost/store"
)

// TestSignInsAreNoted: each with its account, failed ones too, in the log and the audit log.
func TestSignInsAreNoted(t *testing.T) {
	st := testServer(t)
	st.Password("admin@acme.test", "correct horse")
	st.Password("agent@acme.test", "correct horse")
	st.Restrict(true, "192.0.2.0/24", true)
	st.SignIn("Admin@acme.test", "correct horse", "", "", "")
	st.SignIn("admin@acme.test", "battery", "", "", outside)
	st.SignIn("agent@acme.test", "correct horse", "", "", outside)
	st.SignIn("nobody@acme.test", "battery", "", "", outside)
	st.SignIn("my secret, mistyped", "battery", "", "", outside)
	for _, want := range []string{"outcome=right account=admin@acme.test client=" + inside,
		"outcome=wrong account=admin@acme.test client=" + outside,
		"outcome=refused account=agent@acme.test client=" + outside,
		"outcome=wrong account=nobody@acme.test client=" + outside, "account=none"} {
		if !strings.Contains(st.Log.String(), want) {
			t.Errorf("no %s in\n%s", want, st.Log)
		}
	}
	if strings.Contains(st.Log.String(), "mistyped") || strings.Contains(st.Log.String(), "horse") {
		t.Errorf("a secret in\n%s", st.Log)
	}
	var got []string
	for e, err := range st.DB.AuditLog(t.Context(), store.AuditQuery{Limit: 5}) {
		st.Must(err)
		got = append(got, strings.Join([]string{string(e.Action), e.Actor, e.Subject, e.Client, e.Via,
			string(e.After)}, " "))
	}
	failed := func(account, why string) string {
		return "user.sign_in_failed  " + account + " " + outside + ` console {"why":"` + why + `"}`
	}
	want := []string{failed("none", "wrong"), failed("nobody@acme.test", "wrong"),
		failed("agent@acme.test", "refused"), failed("admin@acme.test", "wrong"),
		"user.sign_in admin@acme.test admin@acme.test " + inside + " console null"}
	if !slices.Equal(got, want) {
		t.Errorf("audit log\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	page := st.Browser("admin@acme.test").Get("/audit", http.StatusOK)
	if !strings.Contains(page, "somebody could not sign in as agent@acme.test") {
		t.Errorf("the page does not say so:\n%s", page)
	}
}
