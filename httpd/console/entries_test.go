package console

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"gatepost/policy"
)

// The lists as a table: sorted, filtered, page by page; a note and a day are set in it, and one undo
// takes both back.
func TestEntriesPage(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("shop-%02d.test", i))
	}
	st.Rules(policy.Block, strings.Join(append(many, "reject:junk.test"), " "))
	b.Says(b.Follow("/rules/entries", "list", "allow", "entry", "fine.test", "note",
		"<script>alert(1)</script>"), "Added.")
	first := b.Get("/rules/entries", http.StatusOK)
	b.Says(first, "Blocklist <span class=\"n\">61</span>", "shop-48.test", `aria-sort="ascending"`)
	b.Silent(first, "shop-50.test", "fine.test")
	next := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(first)
	if next == nil {
		t.Fatal("there is no next page")
	}
	second := b.Get(strings.ReplaceAll(next[1], "&amp;", "&"), http.StatusOK)
	b.Says(second, "shop-59.test", `rel="prev"`)
	b.Says(b.Get("/rules/entries?sort=entry&order=desc", http.StatusOK), "shop-59.test",
		`aria-sort="descending"`)
	b.Says(b.Get("/rules/entries?keyword=reject", http.StatusOK), "reject:junk.test")
	b.Silent(b.Get("/rules/entries?keyword=reject", http.StatusOK), "shop-01.test")
	b.Says(b.Get("/rules/entries?q=shop-07", http.StatusOK), "shop-07.test")
	b.Says(b.Get("/rules/entries?sort=hits", http.StatusOK), "Only entries that decided", "No entry matches")
	b.Says(b.Get("/rules/entries?list=allow", http.StatusOK), "fine.test", "&lt;script&gt;",
		"admin@acme.test")
	b.Get("/rules/entries?after=nonsense", http.StatusUnprocessableEntity)
	b.Get("/rules/entries?sort=hits&after=eyJzIjoiZW50cnkiLCJpIjoxfQ", http.StatusUnprocessableEntity)

	day := time.Now().AddDate(0, 1, 0).UTC().Format(time.DateOnly)
	const page = "/rules/entries?q=shop-07"
	changed := b.Follow("/rules/entries", "list", "block", "entry", "shop-07.test", "do", "change",
		"note", "they asked", "expires", day, "was", "", "back", page)
	b.Says(changed, "Changed.", "they asked", day, `action="/rules/revert"`)
	seen := regexp.MustCompile(`name="generation" value="(\d+)"><input type="hidden" name="seen" ` +
		`value="(\d+)"`).FindStringSubmatch(changed)
	if seen == nil {
		t.Fatalf("no undo is offered: %s", changed)
	}
	same := b.Follow("/rules/entries", "list", "block", "entry", "shop-07.test", "do", "change",
		"note", "they asked", "expires", day, "was", day, "back", page)
	b.Says(same, "Nothing was changed")
	refused, _ := b.Post("/rules/entries", http.StatusUnprocessableEntity, "list", "block", "entry",
		"shop-07.test", "do", "change", "note", "", "expires", "2020-01-01", "was", day)
	b.Says(refused, "cannot expire in the past")
	none, _ := b.Post("/rules/entries", http.StatusUnprocessableEntity, "list", "block", "entry", " ",
		"do", "change")
	b.Says(none, "Write an address or a domain.")
	undone := b.Follow("/rules/revert", "generation", seen[1], "seen", seen[2], "back", page)
	b.Says(undone, "The lists are as they were then.", "shop-07.test")
	b.Silent(undone, "they asked")
	conflict, _ := b.Post("/rules/revert", http.StatusConflict, "generation", seen[1], "seen", seen[2])
	b.Says(conflict, "Somebody changed the lists meanwhile")
}

// What the lists were, and making them so again.
func TestHistoryPages(t *testing.T) {
	st := testServer(t)
	b := st.Browser("admin@acme.test")
	b.Says(b.Get("/rules/history", http.StatusOK), "No change matches")
	for i := range shownHistory + 2 {
		b.Follow("/rules/entries", "list", "block", "entry", fmt.Sprintf("s%d.test", i), "note",
			"<i>why</i>")
	}
	page := b.Get("/rules/history", http.StatusOK)
	b.Says(page, "s26.test", "&lt;i&gt;why&lt;/i&gt;", "1 added", "Older")
	b.Silent(page, "+s1.test")
	older := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(page)
	b.Says(b.Get(strings.ReplaceAll(older[1], "&amp;", "&"), http.StatusOK), "s0.test", "Newest")
	b.Silent(b.Get("/rules/history?entry=s3.test", http.StatusOK), "s26.test")
	b.Get("/rules/history?entry=@x", http.StatusUnprocessableEntity)
	b.Get("/rules/history/x", http.StatusNotFound)
	b.Get("/rules/history/4711", http.StatusNotFound)
	b.Says(b.Get("/rules/history/5", http.StatusOK), "22 entries came, 0 entries went", "s26.test")
	back := b.Follow("/rules/revert", "generation", "5", "seen", fmt.Sprint(shownHistory+2))
	b.Says(back, "The lists are as they were then.", `action="/rules/revert"`)
	if got := st.List(policy.Block); got != "s0.test s1.test s2.test s3.test s4.test" {
		t.Errorf("the blocklist is %s", got)
	}
	b.Follow("/rules/revert", "generation", fmt.Sprint(shownHistory+2), "seen",
		fmt.Sprint(shownHistory+3))
	if got := st.List(policy.Block); !strings.Contains(got, "s26.test") {
		t.Errorf("undone: the blocklist is %s", got)
	}
	b.Post("/rules/revert", http.StatusUnprocessableEntity, "generation", "x", "seen", "1")
}
