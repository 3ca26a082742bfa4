package httpd

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gatepost/store"
)

// TestSignInsAreNoted: each with its account, failed ones too, in the log and the audit log.
func TestSignInsAreNoted(t *testing.T) {
	st := testServer(t)
	st.password("admin@acme.test", "correct horse")
	st.password("agent@acme.test", "correct horse")
	st.restrict(true, "192.0.2.0/24", true)
	st.signIn("Admin@acme.test", "correct horse", "", "", "")
	st.signIn("admin@acme.test", "battery", "", "", outside)
	st.signIn("agent@acme.test", "correct horse", "", "", outside)
	st.signIn("nobody@acme.test", "battery", "", "", outside)
	st.signIn("my secret, mistyped", "battery", "", "", outside)
	for _, want := range []string{"outcome=right account=admin@acme.test client=" + inside,
		"outcome=wrong account=admin@acme.test client=" + outside,
		"outcome=refused account=agent@acme.test client=" + outside,
		"outcome=wrong account=nobody@acme.test client=" + outside, "account=none"} {
		if !strings.Contains(st.log.String(), want) {
			t.Errorf("no %s in\n%s", want, st.log)
		}
	}
	if strings.Contains(st.log.String(), "mistyped") || strings.Contains(st.log.String(), "horse") {
		t.Errorf("a secret in\n%s", st.log)
	}
	var got []string
	for e, err := range st.db.AuditLog(t.Context(), store.AuditQuery{Limit: 5}) {
		st.must(err)
		got = append(got, strings.Join([]string{e.Action, e.Actor, e.Subject, e.Client, e.Door,
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
	page := st.browser("admin@acme.test").get("/audit", http.StatusOK)
	if !strings.Contains(page, "somebody could not sign in as agent@acme.test") {
		t.Errorf("the page does not say so:\n%s", page)
	}
}

// TestFailuresAreBounded: guessers do not fill the audit log, and do not hide that they were
// there.
func TestFailuresAreBounded(t *testing.T) {
	clock := &clock{at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	f := &failures{now: clock.now}
	noted := 0
	for i := range 10 * failuresInAll {
		for range 2 * failuresPerAccount {
			if room, _ := f.take(itoa(int64(i % 3))); room {
				noted++
			}
		}
	}
	if noted != 3*failuresPerAccount {
		t.Errorf("%d of three accounts", noted)
	}
	for i := range 10 * failuresInAll {
		if room, _ := f.take("guess-" + itoa(int64(i))); room {
			noted++
		}
	}
	if noted != failuresInAll {
		t.Errorf("%d in all", noted)
	}
	clock.move(failuresWindow)
	if room, skipped := f.take("next"); !room || skipped == 0 {
		t.Errorf("an hour later: %t, %d skipped", room, skipped)
	}
	if _, skipped := f.take("next"); skipped != 0 {
		t.Errorf("skipped are told twice")
	}
}
