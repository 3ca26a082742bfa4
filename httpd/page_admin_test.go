package httpd

import (
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gatepost/policy"
	"gatepost/store"
)

func TestRulesAreSavedBothOrNeither(t *testing.T) {
	st := testServer(t)
	st.rules(policy.Block, "old.test")
	b := st.browser("admin@acme.test")
	generation := func() string {
		page := b.get("/rules", http.StatusOK)
		return regexp.MustCompile(`name="generation" value="(\d+)"`).FindStringSubmatch(page)[1]
	}
	wrong, _ := b.post("/rules", http.StatusUnprocessableEntity, "generation", generation(),
		"allow", "good.test", "block", "old.test\r\n@acme.test\r\nreject: x.test")
	b.says(wrong, "entry 2, character 10", "write acme.test", "write reject:x.test", "good.test",
		"the lists stay as they were")
	if st.list(policy.Allow) != "" || st.list(policy.Block) != "old.test" {
		t.Errorf("the lists are %q and %q", st.list(policy.Allow), st.list(policy.Block))
	}
	page := b.follow("/rules", "generation", generation(), "allow", "good.test\r\n",
		"block", "old.test\r\nReject:Bad.Test")
	b.says(page, "Saved.", "You changed the blocklist: added", "Undo</button>", "good.test")
	if st.list(policy.Allow) != "good.test" || st.list(policy.Block) != "old.test reject:Bad.Test" {
		t.Errorf("the lists are %q and %q", st.list(policy.Allow), st.list(policy.Block))
	}
	b.says(b.follow("/rules", "generation", generation(), "allow", "good.test",
		"block", "old.test\r\nreject:Bad.Test"), "Nothing was changed")
}

// Who saves lists that somebody changed meanwhile is told how, and nothing is lost: neither
// what they wrote, in whichever field and however wrong, nor what the other did.
func TestRulesChangedMeanwhile(t *testing.T) {
	for name, c := range map[string]struct{ allow, block string }{
		"the same list":  {"", "mine.test"},
		"the other list": {"mine.test", ""},
		"malformed":      {"", "mine.test @mine.test"},
	} {
		t.Run(name, func(t *testing.T) {
			st := testServer(t)
			b := st.browser("admin@acme.test")
			st.rules(policy.Block, "theirs.test")
			save := func(status int, generation string) string {
				page, _ := b.post("/rules", status, "generation", generation,
					"allow", c.allow, "block", c.block)
				return page
			}
			page := save(http.StatusUnprocessableEntity, "0")
			b.says(page, "Somebody changed the lists", "root: blocklist: added theirs.test",
				">"+c.block+"</textarea>", ">"+c.allow+"</textarea>")
			if allow, block := st.list(policy.Allow), st.list(policy.Block); allow != "" ||
				block != "theirs.test" {
				t.Errorf("the lists are %q and %q", allow, block)
			}
			if name != "malformed" {
				save(http.StatusSeeOther, "1")
				if got := st.list(policy.Block); got != c.block {
					t.Errorf("saved again: the blocklist is %q", got)
				}
			}
		})
	}
}

// Both fields are saved at once, and each list can be put back by itself.
func TestBothListsAreOneChange(t *testing.T) {
	st := testServer(t)
	b := st.browser("admin@acme.test")
	page := b.follow("/rules", "generation", "0", "allow", "a.test", "block", "b.test")
	b.says(page, "changed the allowlist: added a.test", "changed the blocklist: added b.test",
		`name="generation" value="1"`)
	if n := strings.Count(page, "Undo</button>"); n != 2 {
		t.Errorf("%d changes can be undone", n)
	}
	b.follow(undoOf(t, page), "back", "/rules")
	if lists := st.list(policy.Allow) + st.list(policy.Block); lists != "a.test" && lists != "b.test" {
		t.Errorf("one undone: %q", lists)
	}
}

func TestRulesOneByOne(t *testing.T) {
	st := testServer(t)
	b := st.browser("admin@acme.test")
	b.says(b.follow("/rules/entries", "do", "add", "list", "block", "entry", "bad.test",
		"note", "<b>spam</b>"), "Added.", "&lt;b&gt;spam&lt;/b&gt;")
	b.says(b.follow("/rules/entries", "do", "add", "list", "block", "entry", "bad.test"),
		"Nothing was changed")
	page, _ := b.post("/rules/entries", http.StatusUnprocessableEntity, "do", "add", "list", "allow",
		"entry", "*.bad.test")
	b.says(page, "write bad.test, it covers subdomains", `value="*.bad.test"`)
	b.post("/rules/entries", http.StatusUnprocessableEntity, "do", "add", "list", "other",
		"entry", "bad.test")
	b.says(b.follow("/rules/entries", "do", "remove", "list", "block", "entry", "bad.test"),
		"Removed.")
	if got := st.list(policy.Block); got != "" {
		t.Errorf("the blocklist is %q", got)
	}
}

func TestErrorsWhileTyping(t *testing.T) {
	st := testServer(t)
	b := st.browser("admin@acme.test")
	part, _ := b.post("/rules/check", http.StatusOK, "list", "block", "text", "ok.test <x@bad.test>")
	b.says(part, "entry 2, character 9", "&lt;x@bad.test&gt;", "write x@bad.test")
	part, _ = b.post("/rules/check", http.StatusOK, "list", "ranges", "text", "192.168.1.77/25")
	b.says(part, "write 192.168.1.0/25")
	part, _ = b.post("/rules/check", http.StatusOK, "list", "allow", "text", "ok.test")
	if strings.TrimSpace(part) != "" {
		t.Errorf("a sound list is answered with %q", part)
	}
	part, _ = b.post("/rules/check", http.StatusOK, "list", "block", "text",
		strings.Repeat("a", policy.MaxField+1))
	b.says(part, "takes 10000")
	b.post("/rules/check", http.StatusUnprocessableEntity, "list", "other", "text", "")
	b.post("/rules/check", http.StatusRequestEntityTooLarge, "list", "block", "text",
		strings.Repeat("a", maxBody))
}

// A list that does not fit into a field is shown in part and never saved as that part.
func TestListTooLongForAField(t *testing.T) {
	st := testServer(t)
	var entries []policy.Entry
	for i := range 3000 {
		e, err := policy.ParseEntry(policy.Block, fmt.Sprintf("number-%d.example", i))
		st.must(err)
		entries = append(entries, e)
	}
	_, err := st.hand().AddRules(t.Context(), policy.Block, entries, "")
	st.must(err)
	before := st.list(policy.Block)
	b := st.browser("admin@acme.test")
	page := b.get("/rules", http.StatusOK)
	b.says(page, "too long for a field", "The first 200 of")
	b.silent(page, `name="block"`)
	b.follow("/rules", "generation", "1", "allow", "")
	if st.list(policy.Block) != before {
		t.Error("the list was changed")
	}
	// Nor is it by a form of before it was so long, which says so.
	page, _ = b.post("/rules", http.StatusUnprocessableEntity, "generation", "0", "allow", "",
		"block", "short.test")
	b.says(page, "Somebody changed the lists", "added number-0.example, ", ">short.test</textarea>")
	page, _ = b.post("/rules", http.StatusUnprocessableEntity, "generation", "0", "allow", "",
		"block", "")
	b.says(page, "Somebody changed the lists")
	if st.list(policy.Block) != before {
		t.Error("the list was changed by an old form")
	}
}

func TestAccessAsksBeforeItBreaksAnything(t *testing.T) {
	st := testServer(t)
	secret, _ := st.token("agent@acme.test")
	st.do(call{method: "GET", path: "/api/v2/users/me", token: secret, client: outside})
	b := st.browser("admin@acme.test")
	save := func(status int, fields ...string) string {
		fields = append(fields, "enabled", "on", "generation", st.accessSeen())
		page, _ := b.post("/access", status, fields...)
		return page
	}
	b.says(save(422, "ranges", ""), "would shut out everybody")
	b.says(save(422, "ranges", "10.0.0.0/0"), "the restrictions stay as they were", "10.0.0.0/0")
	b.says(save(422, "ranges", "192.0.2.0/24"), "shut out the tokens below", outside, "script")
	b.says(save(422, "ranges", "203.0.113.0/24", "anyway", "on"), "This would shut you out", inside,
		`name="force"`)
	access, err := st.db.Access(t.Context())
	st.must(err)
	if access.Enabled {
		t.Fatal("the restrictions were saved")
	}
	page := b.follow("/access", "ranges", "192.0.2.0/24", "enabled", "on", "bypass", "on",
		"anyway", "on", "generation", st.accessSeen())
	b.says(page, "Saved.", "You changed the IP restrictions: turned on, added "+
		"192.0.2.0/24, customers may come from anywhere.", "Undo</button>", "in the ranges below")
	b.says(b.follow(undoOf(t, page), "back", "/access"), "The change was undone.")
	save(http.StatusSeeOther, "ranges", "203.0.113.0/24", "anyway", "on", "force", "on")
	b.says(b.get("/access", http.StatusForbidden), inside+" is in none of the allowed ranges")
}

// accessSeen is the generation that a form about access would send back now.
func (st *site) accessSeen() string {
	st.Helper()
	_, seen, err := st.db.AccessAt(st.Context())
	st.must(err)
	return strconv.FormatInt(seen, 10)
}

// Who saves restrictions that somebody changed meanwhile is told, and nothing is lost.
func TestAccessChangedMeanwhile(t *testing.T) {
	st := testServer(t)
	b := st.browser("admin@acme.test")
	seen := st.accessSeen()
	b.says(b.get("/access", http.StatusOK), `name="generation" value="`+seen+`"`)
	st.restrict(true, "192.0.2.0/28", false)
	page, _ := b.post("/access", http.StatusUnprocessableEntity, "generation", seen, "enabled", "on",
		"ranges", "192.0.2.0/24")
	b.says(page, "Somebody changed the restrictions", "192.0.2.0/28", ">192.0.2.0/24</textarea>",
		`name="generation" value="`+st.accessSeen()+`"`)
	b.post("/access", http.StatusUnprocessableEntity, "enabled", "on", "ranges", "192.0.2.0/24")
	// What stands already may be saved by anybody.
	b.says(b.follow("/access", "generation", seen, "enabled", "on", "ranges", "192.0.2.0/28"),
		"Saved.")
	access, err := st.db.Access(t.Context())
	st.must(err)
	if access.Ranges.String() != "192.0.2.0/28" {
		t.Errorf("the ranges are %s", access.Ranges)
	}
	b.follow("/access", "generation", st.accessSeen(), "enabled", "on", "ranges", "192.0.2.0/24")
}

// Who comes from an address that is not allowed learns that, what would help, and nothing
// else: neither who they are nor what they did.
func TestRestrictedPageSaysNothingElse(t *testing.T) {
	st := testServer(t)
	b := st.browser("admin@acme.test")
	_, to := b.post("/access", http.StatusSeeOther, "generation", st.accessSeen(), "enabled", "on",
		"ranges", "203.0.113.0/24", "force", "on", "anyway", "on")
	page := b.get(to, http.StatusForbidden)
	b.says(page, inside+" is in none of the allowed ranges", "gatepost access set --disable")
	b.silent(page, "admin@acme.test", "Undo", `role="status"`, "data-events", "<nav", "/sign-out",
		`<a href="/"`)
}

func TestAuditSaysWhatBecameOfMail(t *testing.T) {
	st := testServer(t)
	first, second := st.stranger("One"), st.stranger("Two")
	b := st.browser("admin@acme.test")
	b.follow(fmt.Sprintf("/suspended/%d", first), "do", "recover")
	page := b.get(fmt.Sprintf("/audit?subject=%d", first), http.StatusOK)
	b.says(page, "recovered message", "<summary>what was recovered</summary>",
		`aria-label="Recovered as"`)
	b.silent(page, "before and after")
	b.follow(fmt.Sprintf("/suspended/%d", second), "do", "delete")
	page = b.get(fmt.Sprintf("/audit?subject=%d", second), http.StatusOK)
	b.says(page, "<summary>what was deleted</summary>", `aria-label="The message"`)
	b.silent(page, "before and after", "Recovered as")
}

func TestTokensAreShownOnce(t *testing.T) {
	st := testServer(t)
	b := st.browser("admin@acme.test")
	page, _ := b.post("/tokens", http.StatusOK, "owner", "agent@acme.test", "name", "<i>",
		"days", "30")
	m := regexp.MustCompile(`class="secret" tabindex="0">([^<]+)<`).FindStringSubmatch(page)
	if m == nil {
		t.Fatal("the token is not shown")
	}
	me := st.do(call{method: "GET", path: "/api/v2/users/me", token: m[1]})
	st.wants(st.object(me, http.StatusOK), "agent@acme.test", "user", "email")
	again := b.get("/tokens", http.StatusOK)
	b.says(again, "&lt;i&gt;", inside)
	b.silent(again, m[1])
	id := regexp.MustCompile(`/tokens/(\d+)/revoke`).FindStringSubmatch(again)[1]
	b.says(b.follow("/tokens/"+id+"/revoke"), "The token was revoked.", ">revoked<")
	for _, wrong := range [][]string{{"owner", "nobody@acme.test"}, {"owner", "x"},
		{"owner", "agent@acme.test", "days", "-1"}} {
		b.post("/tokens", http.StatusUnprocessableEntity, wrong...)
	}
}

func TestProfiles(t *testing.T) {
	st := testServer(t)
	b := st.browser("admin@acme.test")
	b.says(b.follow("/users", "email", "New+x@Example.org", "name", "<b>", "role", "agent"),
		"Added.", "new+x@example.org", "&lt;b&gt;")
	for _, wrong := range [][]string{{"email", "ann@example.com", "role", "agent"},
		{"email", "no address", "role", "agent"}, {"email", "x@example.org", "role", "king"}} {
		page, _ := b.post("/users", http.StatusUnprocessableEntity, wrong...)
		b.says(page, `role="alert"`, wrong[1])
	}
	for _, wrong := range []string{"two\nlines", "\x1b[2J", strings.Repeat("é", maxUserName+1)} {
		page, _ := b.post("/users", http.StatusUnprocessableEntity, "email", "x@example.org",
			"role", "agent", "name", wrong)
		b.says(page, `role="alert"`, "a name ")
	}
	path := func(email string) string {
		u, err := st.db.User(t.Context(), st.address(email))
		st.must(err)
		return "/users/" + strconv.FormatInt(u.ID, 10)
	}
	ann := path("ann@example.com")
	b.says(b.follow(ann, "do", "role", "role", "agent"), "<option selected>agent")
	b.says(b.follow(ann, "do", "suspend"), "End the suspension")
	b.says(b.follow(ann, "do", "unsuspend"), "Saved.")
	b.says(b.follow(ann, "do", "rename", "name", "Annie"), `value="Annie"`)
	page, _ := b.post(ann, http.StatusUnprocessableEntity, "do", "rename", "name", "An\nnie")
	b.says(page, "a name is one line", `value="Annie"`)
	page, _ = b.post(ann, http.StatusUnprocessableEntity, "do", "password", "password", "short")
	b.says(page, "at least 12 characters")
	b.follow(ann, "do", "password", "password", "correct horse")
	_, err := st.db.SignIn(t.Context(), st.address("ann@example.com"), "correct horse",
		netip.Addr{})
	if err != nil {
		t.Errorf("the new password does not open: %v", err)
	}
	secret, _ := st.token("ann@example.com")
	opens := func(want int) {
		t.Helper()
		if w := st.do(call{method: "GET", path: "/api/v2/users/me", token: secret}); w.Code != want {
			t.Errorf("the token: %d, want %d", w.Code, want)
		}
	}
	b.says(b.get(ann, http.StatusOK), "Revoke its 1 token too")
	b.follow(ann, "do", "password", "password", "correct horse")
	opens(http.StatusOK)
	b.follow(ann, "do", "password", "password", "correct horse", "tokens", "revoke")
	opens(http.StatusUnauthorized)
	b.silent(b.get(ann, http.StatusOK), "too</label>")
	secret, _ = st.token("ann@example.com")
	b.follow(ann, "do", "suspend")
	b.follow(ann, "do", "unsuspend")
	opens(http.StatusUnauthorized)
	own := path("admin@acme.test")
	for _, do := range []string{"suspend", "remove", "role"} {
		page, _ := b.post(own, http.StatusUnprocessableEntity, "do", do, "role", "agent")
		b.says(page, "the last admin")
	}
	b.says(b.follow(ann, "do", "remove"), "Removed.")
	b.get(ann, http.StatusNotFound)
}

func TestAuditShowsAndUndoes(t *testing.T) {
	st := testServer(t)
	st.rules(policy.Block, "one.test two.test three.test four.test")
	b := st.browser("admin@acme.test")
	page := b.get("/audit?subject=block", http.StatusOK)
	b.says(page, "blocklist: added one.test, two.test, three.test and 1 more", "root")
	undo := undoOf(t, page)
	b.says(b.follow(undo, "back", "/audit"), "undid a change of the blocklist", "admin@acme.test",
		inside)
	again, _ := b.post(undo, http.StatusConflict, "back", "/audit")
	b.says(again, `role="alert"`, "cannot be undone")
	last := undoOf(t, b.get("/audit", http.StatusOK))
	_, to := b.post(last, http.StatusSeeOther, "back", "//evil.example/")
	if !strings.HasPrefix(to, "/?") {
		t.Errorf("undoing leads to %q", to)
	}
}

func TestStatusPlots(t *testing.T) {
	st := testServer(t)
	st.stranger("held")
	page := st.browser("agent@acme.test").get("/status", http.StatusOK)
	b := &browser{site: st}
	b.says(page, "<rect class=\"is-suspend\"", "<b>1</b> held", "Mail is accepted")
	p := draw([]store.Point{{Counts: store.Counts{"ticket": 1000, "reject:domain": 1}}, {}})
	if h := p.Bars[0].Parts; h[0].Height < 100 || h[2].Height < 2 || h[2].Y < 0 || p.Most != 1001 {
		t.Errorf("the plot is %+v", p)
	}
}

func TestNoAdminYet(t *testing.T) {
	st := testServer(t) // its admin has no password
	b := &browser{site: st}
	page := b.get("/sign-in", http.StatusOK)
	b.says(page, "No admin yet", "gatepost user add")
	b.silent(page, `type="password"`)
	st.password("admin@acme.test", "correct horse")
	b.says(b.get("/sign-in", http.StatusOK), `type="password"`)
}
