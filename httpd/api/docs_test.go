package api

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gatepost/httpd"
)

// TestRoutesOfDocs: docs/api.md lists each operation. With GATEPOST_UPDATE=1 it is written.
func TestRoutesOfDocs(t *testing.T) {
	const path, head, end = "../../docs/api.md", "| request | for | what it does | query |\n", "<!-- end -->\n"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	above, rest, _ := strings.Cut(string(text), head)
	got, below, found := strings.Cut(rest, end)
	if !found {
		t.Fatalf("%s has no table of requests that ends with %s", path, end)
	}
	want := "| --- | --- | --- | --- |\n"
	for _, o := range (&handlers{Server: &httpd.Server{}}).operations() {
		want += tableRow(o)
	}
	switch {
	case os.Getenv("GATEPOST_UPDATE") != "":
		if err := os.WriteFile(path, []byte(above+head+want+end+below), 0o644); err != nil {
			t.Fatal(err)
		}
	case got != want:
		t.Errorf("%s does not have the operations as they are: scripts/generate writes it", path)
	}
}

// tableRow names what of a query is the operation's own: how lists are paged is said once.
func tableRow(o operation) string {
	var query []string
	for _, p := range o.parameters() {
		if p.In == "query" && !strings.Contains(p.Name, "page") {
			query = append(query, "`"+p.Name+"`")
		}
	}
	row := fmt.Sprintf("| `%s` | %s | %s | %s |\n", o.pattern, o.role, o.summary, strings.Join(query, " "))
	return strings.ReplaceAll(row, "|  |", "| |")
}
