package console

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
	"gatepost/store"
)

// What is typed is tried on the newest messages before it is saved, with the script and without.
func TestListsAreTried(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "suspend:example.net")
	for i, from := range []string{"sam@example.net", "sam@example.net", "una@example.org"} {
		st.Receive(httpdtest.Message(from, fmt.Sprint("Copy ", i), "x"))
	}
	b := st.Browser("admin@acme.test")
	const words = "3 of the last 3 messages would change: 2 held → ticket, 1 ticket → held."
	typed := []string{"generation", "1", "allow", "", "block", "suspend:example.org"}
	page, _ := b.Post("/rules", http.StatusOK, append(typed, "try", "yes")...)
	b.Says(page, words, "sam@example.net", "ticket → held", ">suspend:example.org</textarea>")
	if got := st.List(policy.Block); got != "suspend:example.net" {
		t.Errorf("to try it set the list to %q", got)
	}
	part, _ := b.Post("/rules/try", http.StatusOK, typed...)
	b.Says(part, words, `<a href="/find?q=sam%40example.net">`)
	part, _ = b.Post("/rules/try", http.StatusOK, "block", "suspend:example.net good.test")
	b.Says(part, "Of the last 3 messages none would change.")
	part, _ = b.Post("/rules/try", http.StatusOK, "block", "@example.org")
	if part != "" {
		t.Errorf("what cannot be taken is tried: %s", part)
	}
	page, _ = b.Post("/rules", http.StatusUnprocessableEntity, "generation", "1", "allow", "",
		"block", "@example.org", "try", "yes")
	b.Says(page, "write example.org")
}

func TestManySendersAreTried(t *testing.T) {
	st := testServer(t)
	for i := range 12 {
		st.Receive(httpdtest.Message(fmt.Sprintf("sam%d@example.net", i), "Hello", "x"))
	}
	part, _ := st.Browser("admin@acme.test").Post("/rules/try", http.StatusOK, "block", "example.net")
	st.Browser("admin@acme.test").Says(part, "12 of the last 12 messages", "And 2 more senders.")
}

// What is odd about the lists is shown, and mended by one click that can be undone.
func TestOddEntriesAreMended(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Allow, "acme.test ann@acme.test")
	_, err := st.Editor().AddRules(t.Context(), policy.Block, []policy.Entry{
		{Target: policy.Everyone, Text: "*"},
		{Keyword: policy.RejectKeyword, Target: "spam.test", Text: "reject:spam.test"}},
		store.Life{Note: "since May"})
	st.Must(err)
	b := st.Browser("admin@acme.test")
	page := b.Get("/rules", http.StatusOK)
	b.Says(page, "What is odd about the lists", "never decides: acme.test on the allowlist does already what it would do",
		"rejects nothing: beside * on the blocklist it holds", "Write suspend:spam.test")
	b.Says(b.Follow("/rules/fix", "list", "allow", "entry", "ann@acme.test", "finding", "covered"),
		"Saved.")
	page = b.Follow("/rules/fix", "list", "block", "entry", "reject:spam.test", "finding", "muted")
	b.Says(page, "Saved.", "since May", "Undo</button>")
	if allow, block := st.List(policy.Allow), st.List(policy.Block); allow != "acme.test" ||
		block != "* suspend:spam.test" {
		t.Errorf("the lists are %q and %q", allow, block)
	}
	b.Follow(httpdtest.UndoOf(t, page), "back", "/rules")
	if got := st.List(policy.Block); got != "* reject:spam.test" && got != "reject:spam.test *" {
		t.Errorf("undone, the blocklist is %q", got)
	}
	b.Says(b.Follow("/rules/fix", "list", "allow", "entry", "acme.test", "finding", "covered"),
		"Nothing was changed")
	b.Post("/rules/fix", http.StatusUnprocessableEntity, "list", "other", "entry", "a.test")
	b.Post("/rules/fix", http.StatusUnprocessableEntity, "list", "allow", "entry", "@a.test")
}

// TestEntriesEnd: an entry is added for a while, and a button removes it once that is over.
func TestEntriesEnd(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	day := st.Clock.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	b.Follow("/rules/entries", "list", "block", "entry", "junk.test", "expires", day)
	page, _ := b.Post("/rules/entries", http.StatusUnprocessableEntity, "list", "block", "entry",
		"old.test", "expires", "2020-01-31")
	b.Says(page, "cannot expire in the past", `value="2020-01-31"`)
	page, _ = b.Post("/rules/entries", http.StatusUnprocessableEntity, "list", "block", "entry",
		"old.test", "expires", "soon")
	b.Says(page, "is no date")
	b.Silent(b.Get("/rules", http.StatusOK), "expired</span>", "old.test")
	st.Clock.Move(3 * 24 * time.Hour)
	b = st.Browser("admin@acme.test")
	b.Says(b.Get("/rules", http.StatusOK), "expired</span>", "is over its time")
	b.Follow("/rules/fix", "list", "block", "entry", "junk.test", "finding", "expired")
	if got := st.List(policy.Block); got != "" {
		t.Errorf("the blocklist is %q", got)
	}
}

// What is typed is set as a shadow, which decides nothing; promoted it is saved, and undone as a
// whole.
func TestShadowOfLists(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "suspend:example.net")
	b := st.Browser("admin@acme.test")
	typed := []string{"generation", "1", "allow", "example.com", "block", "suspend:example.org",
		"shadow", "yes"}
	page := b.Follow("/rules", typed...)
	b.Says(page, "The shadow is set: it decides nothing.", "No message came since it was set.",
		"add <code>suspend:example.org</code>", "remove <code>suspend:example.net</code>")
	st.Receive(httpdtest.Message("una@example.org", "Hello", "x"))
	b.Says(b.Get("/rules", http.StatusOK),
		"1 of the last 1 message since it was set would have changed: 1 ticket → held.", "Promote</button>")
	if got := st.List(policy.Block); got != "suspend:example.net" {
		t.Errorf("the list is %q", got)
	}
	wrong, _ := b.Post("/rules", http.StatusUnprocessableEntity, "generation", "1", "allow", "",
		"block", "@example.org", "shadow", "yes")
	b.Says(wrong, "write example.org")
	page = b.Follow("/rules/shadow", "number", "1", "do", "promote")
	b.Says(page, "The shadow was promoted.", "You changed the lists: added")
	if allow, block := st.List(policy.Allow), st.List(policy.Block); allow != "example.com" ||
		block != "suspend:example.org" {
		t.Errorf("the lists are %q and %q", allow, block)
	}
	b.Follow(httpdtest.UndoOf(t, page), "back", "/rules")
	if allow, block := st.List(policy.Allow), st.List(policy.Block); allow != "" ||
		block != "suspend:example.net" {
		t.Errorf("undone, the lists are %q and %q", allow, block)
	}
	b.Says(b.Follow("/rules/shadow", "number", "1", "do", "promote"), "Nothing was changed")
	b.Follow("/rules", "generation", "3", "allow", "", "block", "", "shadow", "yes")
	st.Rules(policy.Allow, "example.net")
	page = b.Get("/rules", http.StatusOK)
	b.Says(page, "it cannot be promoted", "example.net was put on the allowlist since")
	b.Says(b.Follow("/rules/shadow", "number", "2", "do", "drop"), "The shadow was dropped")
}
