package httpd

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gatepost/policy"
)

// Of a pasted list with many entries that cannot be taken ten are shown, and how many there are;
// where each has one fix all are fixed at once, to be looked at before they are saved.
func TestProblemsAreFewAndFixed(t *testing.T) {
	st := testServer(t)
	st.rules(policy.Block, "stays.test")
	b := st.browser("admin@acme.test")
	var pasted []string
	for i := range 400 {
		pasted = append(pasted, fmt.Sprintf("@d%d.test", i))
	}
	fields := func(text string, more ...string) []string {
		return append([]string{"block", text, "generation", st.generation()}, more...)
	}
	text := strings.Join(pasted, "\n")
	page, _ := b.post("/rules", http.StatusUnprocessableEntity, fields(text)...)
	b.says(page, "400 entries cannot be taken; the other 390 are not shown.", "Fix these 400</button>",
		"write d9.test")
	b.silent(page, "write d10.test")
	page, _ = b.post("/rules", http.StatusOK, fields(text, "mend", "block")...)
	b.says(page, "rewritten as they were meant", "\nd1.test\n", "d399.test</textarea>")
	b.silent(page, "cannot be taken")
	if got := st.list(policy.Block); got != "stays.test" {
		t.Errorf("the list became %.50s", got)
	}
	page, _ = b.post("/rules", http.StatusUnprocessableEntity, fields("@a.test two@@b.test")...)
	b.silent(page, "Fix ")
	page, _ = b.post("/rules", http.StatusOK, fields("@a.test two@@b.test", "mend", "block")...)
	b.says(page, "@a.test two@@b.test</textarea>", "write a.test")
	b.post("/rules", http.StatusUnprocessableEntity, fields("a.test", "mend", "x")...)
	part := b.do(call{method: "POST", path: "/rules/check", session: b.session,
		body: "list=block&text=%40a.test", header: http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}}})
	b.says(part.Body.String(), "Fix this</button>")
	page, _ = b.post("/access", http.StatusOK, "generation", st.accessSeen(), "ranges",
		"10.0.0.1,10.0.0.2", "mend", "ranges")
	b.says(page, "The ranges were rewritten", "10.0.0.1 10.0.0.2</textarea>")
}

func (st *site) generation() string {
	st.Helper()
	n, err := st.db.Generation(st.Context())
	st.must(err)
	return fmt.Sprint(n)
}
