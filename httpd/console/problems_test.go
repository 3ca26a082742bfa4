package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gatepost/httpd/httpdtest"
	"gatepost/policy"
)

// Of a pasted list with many entries that cannot be taken ten are shown, and how many there are;
// where each has one fix all are fixed at once, to be looked at before they are saved.
func TestProblemsAreFewAndFixed(t *testing.T) {
	st := testServer(t)
	st.Rules(policy.Block, "stays.test")
	b := st.Browser("admin@acme.test")
	var pasted []string
	for i := range 400 {
		pasted = append(pasted, fmt.Sprintf("@d%d.test", i))
	}
	fields := func(text string, more ...string) []string {
		return append([]string{"block", text, "generation", generation(st)}, more...)
	}
	text := strings.Join(pasted, "\n")
	page, _ := b.Post("/rules", http.StatusUnprocessableEntity, fields(text)...)
	b.Says(page, "400 entries cannot be taken; the other 390 are not shown.", "Fix these 400</button>",
		"write d9.test")
	b.Silent(page, "write d10.test")
	page, _ = b.Post("/rules", http.StatusOK, fields(text, "mend", "block")...)
	b.Says(page, "rewritten as they were meant", "\nd1.test\n", "d399.test</textarea>")
	b.Silent(page, "cannot be taken")
	if got := st.List(policy.Block); got != "stays.test" {
		t.Errorf("the list became %.50s", got)
	}
	page, _ = b.Post("/rules", http.StatusUnprocessableEntity, fields("@a.test two@@b.test")...)
	b.Silent(page, "Fix ")
	page, _ = b.Post("/rules", http.StatusOK, fields("@a.test two@@b.test", "mend", "block")...)
	b.Says(page, "@a.test two@@b.test</textarea>", "write a.test")
	b.Post("/rules", http.StatusUnprocessableEntity, fields("a.test", "mend", "x")...)
	part := b.Do(call{Method: "POST", Path: "/rules/check", Session: b.Session,
		Body: "list=block&text=%40a.test", Header: http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}}})
	b.Says(part.Body.String(), "Fix this</button>")
	page, _ = b.Post("/access", http.StatusOK, "generation", accessSeen(st), "ranges",
		"10.0.0.1,10.0.0.2", "mend", "ranges")
	b.Says(page, "The ranges were rewritten", "10.0.0.1 10.0.0.2</textarea>")
}

func generation(st *httpdtest.Site) string {
	st.Helper()
	n, err := st.DB.Generation(st.Context())
	st.Must(err)
	return fmt.Sprint(n)
}
