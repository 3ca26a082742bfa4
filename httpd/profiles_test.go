package httpd_test

import (
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gatepost/httpd"
)

func TestTokensAreShownOnce(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	page, _ := b.Post("/tokens", http.StatusOK, "owner", "agent@acme.test", "name", "<i>",
		"days", "30")
	m := regexp.MustCompile(`class="secret" tabindex="0">([^<]+)<`).FindStringSubmatch(page)
	if m == nil {
		t.Fatal("the token is not shown")
	}
	me := st.Do(call{Method: "GET", Path: "/api/v2/users/me", Token: m[1]})
	st.Wants(st.Object(me, http.StatusOK), "agent@acme.test", "user", "email")
	again := b.Get("/tokens", http.StatusOK)
	b.Says(again, "&lt;i&gt;", inside)
	b.Silent(again, m[1])
	id := regexp.MustCompile(`/tokens/(\d+)/revoke`).FindStringSubmatch(again)[1]
	b.Says(b.Follow("/tokens/"+id+"/revoke"), "The token was revoked.", ">revoked<")
	for _, wrong := range [][]string{{"owner", "nobody@acme.test"}, {"owner", "x"},
		{"owner", "agent@acme.test", "days", "-1"}} {
		b.Post("/tokens", http.StatusUnprocessableEntity, wrong...)
	}
}

func TestProfiles(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	b.Says(b.Follow("/users", "email", "New+x@Example.org", "name", "<b>", "role", "agent"),
		"Added.", "new+x@example.org", "&lt;b&gt;")
	for _, wrong := range [][]string{{"email", "ann@example.com", "role", "agent"},
		{"email", "no address", "role", "agent"}, {"email", "x@example.org", "role", "king"}} {
		page, _ := b.Post("/users", http.StatusUnprocessableEntity, wrong...)
		b.Says(page, `role="alert"`, wrong[1])
	}
	for _, wrong := range []string{"two\nlines", "\x1b[2J", strings.Repeat("é", httpd.MaxUserName+1)} {
		page, _ := b.Post("/users", http.StatusUnprocessableEntity, "email", "x@example.org",
			"role", "agent", "name", wrong)
		b.Says(page, `role="alert"`, "a name ")
	}
	path := func(email string) string {
		u, err := st.DB.User(t.Context(), st.Address(email))
		st.Must(err)
		return "/users/" + strconv.FormatInt(u.ID, 10)
	}
	ann := path("ann@example.com")
	b.Says(b.Follow(ann, "do", "role", "role", "agent"), "<option selected>agent")
	b.Says(b.Follow(ann, "do", "suspend"), "End the suspension")
	b.Says(b.Follow(ann, "do", "unsuspend"), "Saved.")
	b.Says(b.Follow(ann, "do", "rename", "name", "Annie"), `value="Annie"`)
	page, _ := b.Post(ann, http.StatusUnprocessableEntity, "do", "rename", "name", "An\nnie")
	b.Says(page, "a name is one line", `value="Annie"`)
	page, _ = b.Post(ann, http.StatusUnprocessableEntity, "do", "password", "password", "short")
	b.Says(page, "at least 12 characters")
	b.Follow(ann, "do", "password", "password", "correct horse")
	_, err := st.DB.SignIn(t.Context(), st.Address("ann@example.com"), "correct horse",
		netip.Addr{})
	if err != nil {
		t.Errorf("the new password does not open: %v", err)
	}
	secret, _ := st.Token("ann@example.com")
	opens := func(want int) {
		t.Helper()
		if w := st.Do(call{Method: "GET", Path: "/api/v2/users/me", Token: secret}); w.Code != want {
			t.Errorf("the token: %d, want %d", w.Code, want)
		}
	}
	b.Says(b.Get(ann, http.StatusOK), "Revoke its 1 token too")
	b.Follow(ann, "do", "password", "password", "correct horse")
	opens(http.StatusOK)
	b.Follow(ann, "do", "password", "password", "correct horse", "tokens", "revoke")
	opens(http.StatusUnauthorized)
	b.Silent(b.Get(ann, http.StatusOK), "too</label>")
	secret, _ = st.Token("ann@example.com")
	b.Follow(ann, "do", "suspend")
	b.Follow(ann, "do", "unsuspend")
	opens(http.StatusUnauthorized)
	own := path("admin@acme.test")
	for _, do := range []string{"suspend", "remove", "role"} {
		page, _ := b.Post(own, http.StatusUnprocessableEntity, "do", do, "role", "agent")
		b.Says(page, "the last admin")
	}
	b.Says(b.Follow(ann, "do", "remove"), "Removed.")
	b.Get(ann, http.StatusNotFound)
}
