package console

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gatepost/httpd"
	"gatepost/httpd/httpdtest"
	"gatepost/policy"
	"gatepost/store"
)

func TestRulesAreSavedBothOrNeither(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "old.test")
	b := st.Browser("admin@acme.test")
	generation := func() string {
		page := b.Get("/rules", http.StatusOK)
		return regexp.MustCompile(`name="generation" value="(\d+)"`).FindStringSubmatch(page)[1]
	}
	wrong, _ := b.Post("/rules", http.StatusUnprocessableEntity, "generation", generation(),
		"allow", "good.test", "block", "old.test\r\n@acme.test\r\nreject: x.test")
	b.Says(wrong, "entry 2, character 10", "write acme.test", "write reject:x.test", "good.test",
		"the lists stay as they were")
	if st.List(policy.Allow) != "" || st.List(policy.Block) != "old.test" {
		t.Errorf("the lists are %q and %q", st.List(policy.Allow), st.List(policy.Block))
	}
	page := b.Follow("/rules", "generation", generation(), "allow", "good.test\r\n",
		"block", "old.test\r\nReject:Bad.Test")
	b.Says(page, "Saved.", "You changed the blocklist: added", "Undo</button>", "good.test")
	if st.List(policy.Allow) != "good.test" || st.List(policy.Block) != "old.test reject:Bad.Test" {
		t.Errorf("the lists are %q and %q", st.List(policy.Allow), st.List(policy.Block))
	}
	b.Says(b.Follow("/rules", "generation", generation(), "allow", "good.test",
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
			b := st.Browser("admin@acme.test")
			st.Rules(policy.Block, "theirs.test")
			save := func(status int, generation string) string {
				page, _ := b.Post("/rules", status, "generation", generation,
					"allow", c.allow, "block", c.block)
				return page
			}
			page := save(http.StatusUnprocessableEntity, "0")
			b.Says(page, "Somebody changed the lists", "root: blocklist: added theirs.test",
				">"+c.block+"</textarea>", ">"+c.allow+"</textarea>")
			if allow, block := st.List(policy.Allow), st.List(policy.Block); allow != "" ||
				block != "theirs.test" {
				t.Errorf("the lists are %q and %q", allow, block)
			}
			if name != "malformed" {
				save(http.StatusSeeOther, "1")
				if got := st.List(policy.Block); got != c.block {
					t.Errorf("saved again: the blocklist is %q", got)
				}
			}
		})
	}
}

// Both fields are saved at once, and each list can be put back by itself.
func TestBothListsAreOneChange(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	page := b.Follow("/rules", "generation", "0", "allow", "a.test", "block", "b.test")
	b.Says(page, "changed the allowlist: added a.test", "changed the blocklist: added b.test",
		`name="generation" value="1"`)
	if n := strings.Count(page, "Undo</button>"); n != 2 {
		t.Errorf("%d changes can be undone", n)
	}
	b.Follow(httpdtest.UndoOf(t, page), "back", "/rules")
	if lists := st.List(policy.Allow) + st.List(policy.Block); lists != "a.test" && lists != "b.test" {
		t.Errorf("one undone: %q", lists)
	}
}

func TestRulesOneByOne(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	b.Says(b.Follow("/rules/entries", "do", "add", "list", "block", "entry", "bad.test",
		"note", "<b>spam</b>"), "Added.", "&lt;b&gt;spam&lt;/b&gt;")
	b.Says(b.Follow("/rules/entries", "do", "add", "list", "block", "entry", "bad.test"),
		"Nothing was changed")
	page, _ := b.Post("/rules/entries", http.StatusUnprocessableEntity, "do", "add", "list", "allow",
		"entry", "*.bad.test")
	b.Says(page, "write bad.test, it covers subdomains", `value="*.bad.test"`)
	b.Post("/rules/entries", http.StatusUnprocessableEntity, "do", "add", "list", "other",
		"entry", "bad.test")
	b.Says(b.Follow("/rules/entries", "do", "remove", "list", "block", "entry", "bad.test"),
		"Removed.")
	if got := st.List(policy.Block); got != "" {
		t.Errorf("the blocklist is %q", got)
	}
}

func TestErrorsWhileTyping(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	part, _ := b.Post("/rules/check", http.StatusOK, "list", "block", "text", "ok.test <x@bad.test>")
	b.Says(part, "entry 2, character 9", "&lt;x@bad.test&gt;", "write x@bad.test")
	part, _ = b.Post("/rules/check", http.StatusOK, "list", "ranges", "text", "192.168.1.77/25")
	b.Says(part, "write 192.168.1.0/25")
	part, _ = b.Post("/rules/check", http.StatusOK, "list", "allow", "text", "ok.test")
	if strings.TrimSpace(part) != "" {
		t.Errorf("a sound list is answered with %q", part)
	}
	part, _ = b.Post("/rules/check", http.StatusOK, "list", "block", "text",
		strings.Repeat("a", policy.MaxField+1))
	b.Says(part, "takes 10000")
	b.Post("/rules/check", http.StatusUnprocessableEntity, "list", "other", "text", "")
	b.Post("/rules/check", http.StatusRequestEntityTooLarge, "list", "block", "text",
		strings.Repeat("a", httpd.MaxBody))
}

// A list that does not fit into a field is shown in part and never saved as that part.
func TestListTooLongForAField(t *testing.T) {
	st := testServer(t)
	st.BlockMany(3000, "number-%d.example")
	before := st.List(policy.Block)
	b := st.Browser("admin@acme.test")
	page := b.Get("/rules", http.StatusOK)
	b.Says(page, "too long for a field", "The first 200 of")
	b.Silent(page, `name="block"`)
	b.Follow("/rules", "generation", "1", "allow", "")
	if st.List(policy.Block) != before {
		t.Error("the list was changed")
	}
	// Nor is it by a form of before it was so long, which says so.
	page, _ = b.Post("/rules", http.StatusUnprocessableEntity, "generation", "0", "allow", "",
		"block", "short.test")
	b.Says(page, "Somebody changed the lists", "added number-0.example, ", ">short.test</textarea>")
	page, _ = b.Post("/rules", http.StatusUnprocessableEntity, "generation", "0", "allow", "",
		"block", "")
	b.Says(page, "Somebody changed the lists")
	if st.List(policy.Block) != before {
		t.Error("the list was changed by an old form")
	}
}

func TestAccessAsksBeforeItBreaksAnything(t *testing.T) {
	st := testServer(t)
	secret, _ := st.Token("agent@acme.test")
	st.Do(call{Method: "GET", Path: "/api/v2/users/me", Token: secret, Client: outside})
	b := st.Browser("admin@acme.test")
	save := func(status int, fields ...string) string {
		fields = append(fields, "enabled", "on", "generation", accessSeen(st))
		page, _ := b.Post("/access", status, fields...)
		return page
	}
	b.Says(save(422, "ranges", ""), "would shut out everybody")
	b.Says(save(422, "ranges", "10.0.0.0/0"), "the restrictions stay as they were", "10.0.0.0/0")
	b.Says(save(422, "ranges", "192.0.2.0/24"), "shut out the tokens below", outside, "script")
	b.Says(save(422, "ranges", "203.0.113.0/24", "anyway", "on"), "This would shut you out", inside,
		`name="force"`)
	access, err := st.DB.Access(t.Context())
	st.Must(err)
	if access.Enabled {
		t.Fatal("the restrictions were saved")
	}
	page := b.Follow("/access", "ranges", "192.0.2.0/24", "enabled", "on", "bypass", "on",
		"anyway", "on", "generation", accessSeen(st))
	b.Says(page, "Saved.", "You changed the IP restrictions: turned on, added "+
		"192.0.2.0/24, customers may come from anywhere.", "Undo</button>", "in the ranges below")
	b.Says(b.Follow(httpdtest.UndoOf(t, page), "back", "/access"), "The change was undone.")
	save(http.StatusSeeOther, "ranges", "203.0.113.0/24", "anyway", "on", "force", "on")
	b.Says(b.Get("/access", http.StatusForbidden), inside+" is in none of the allowed ranges")
}

// accessSeen is the generation that a form about access would send back now.
func accessSeen(st *httpdtest.Site) string {
	st.Helper()
	_, seen, err := st.DB.AccessAt(st.Context())
	st.Must(err)
	return strconv.FormatInt(seen, 10)
}

// Who saves restrictions that somebody changed meanwhile is told, and nothing is lost.
func TestAccessChangedMeanwhile(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	seen := accessSeen(st)
	b.Says(b.Get("/access", http.StatusOK), `name="generation" value="`+seen+`"`)
	st.Restrict(true, "192.0.2.0/28", false)
	page, _ := b.Post("/access", http.StatusUnprocessableEntity, "generation", seen, "enabled", "on",
		"ranges", "192.0.2.0/24")
	b.Says(page, "Somebody changed the restrictions", "192.0.2.0/28", ">192.0.2.0/24</textarea>",
		`name="generation" value="`+accessSeen(st)+`"`)
	b.Post("/access", http.StatusUnprocessableEntity, "enabled", "on", "ranges", "192.0.2.0/24")
	// What stands already may be saved by anybody.
	b.Says(b.Follow("/access", "generation", seen, "enabled", "on", "ranges", "192.0.2.0/28"),
		"Nothing was changed: it is as it was.")
	access, err := st.DB.Access(t.Context())
	st.Must(err)
	if access.Ranges.String() != "192.0.2.0/28" {
		t.Errorf("the ranges are %s", access.Ranges)
	}
	b.Follow("/access", "generation", accessSeen(st), "enabled", "on", "ranges", "192.0.2.0/24")
}

// Who comes from an address that is not allowed learns that, what would help, and nothing
// else: neither who they are nor what they did.
func TestRestrictedPageSaysNothingElse(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	_, to := b.Post("/access", http.StatusSeeOther, "generation", accessSeen(st), "enabled", "on",
		"ranges", "203.0.113.0/24", "force", "on", "anyway", "on")
	page := b.Get(to, http.StatusForbidden)
	b.Says(page, inside+" is in none of the allowed ranges", "gatepost access set --disable")
	b.Silent(page, "admin@acme.test", "Undo", `role="status"`, "data-events", "<nav", "/sign-out",
		`<a href="/"`)
}

func TestAuditSaysWhatBecameOfMail(t *testing.T) {
	st := testServer(t)
	first, second := st.Stranger("One"), st.Stranger("Two")
	b := st.Browser("admin@acme.test")
	b.Follow(fmt.Sprintf("/suspended/%d", first), "do", "recover")
	page := b.Get(fmt.Sprintf("/audit?subject=%d", first), http.StatusOK)
	b.Says(page, "recovered message", "<summary>what was recovered</summary>",
		`aria-label="Recovered as"`)
	b.Silent(page, "before and after")
	b.Follow(fmt.Sprintf("/suspended/%d", second), "do", "delete")
	page = b.Get(fmt.Sprintf("/audit?subject=%d", second), http.StatusOK)
	b.Says(page, "<summary>what was deleted</summary>", `aria-label="The message"`)
	b.Silent(page, "before and after", "Recovered as")
}

func TestAuditShowsAndUndoes(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "one.test two.test three.test four.test")
	b := st.Browser("admin@acme.test")
	page := b.Get("/audit?subject=block", http.StatusOK)
	b.Says(page, "blocklist: added one.test, two.test, three.test and 1 more", "root")
	undo := httpdtest.UndoOf(t, page)
	b.Says(b.Follow(undo, "back", "/audit"), "undid a change of the blocklist", "admin@acme.test",
		inside)
	again, _ := b.Post(undo, http.StatusConflict, "back", "/audit")
	b.Says(again, `role="alert"`, "cannot be undone")
	last := httpdtest.UndoOf(t, b.Get("/audit", http.StatusOK))
	_, to := b.Post(last, http.StatusSeeOther, "back", "//evil.example/")
	if !strings.HasPrefix(to, "/?") {
		t.Errorf("undoing leads to %q", to)
	}
}

func TestStatusPlots(t *testing.T) {
	st := testServer(t)
	st.Stranger("held")
	page := st.Browser("agent@acme.test").Get("/status", http.StatusOK)
	b := &httpdtest.Browser{Site: st}
	b.Says(page, "<rect class=\"is-suspend\"", "<b>1</b> held", "Mail is accepted")
	p := draw([]store.Point{{Counts: store.Counts{"ticket": 1000, "reject:domain": 1}}, {}})
	if h := p.Bars[0].Parts; h[0].Height < 100 || h[3].Height < 2 || h[3].Y < 0 || p.Most != 1001 {
		t.Errorf("the plot is %+v", p)
	}
}

func TestNoAdminYet(t *testing.T) {
	st := testServer(t) // its admin has no password
	b := &httpdtest.Browser{Site: st}
	page := b.Get("/sign-in", http.StatusOK)
	b.Says(page, "No admin yet", "gatepost user add")
	b.Silent(page, `type="password"`)
	st.Password("admin@acme.test", "correct horse")
	b.Says(b.Get("/sign-in", http.StatusOK), `type="password"`)
}
