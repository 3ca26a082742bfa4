package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// headEnd is where what the table says of a cause ends in its page, and a person goes on.
const headEnd = "\n## What matches\n"

// TestCausePages: docs has a page for each cause and for nothing else. Its head is what the
// table says, and somebody wrote the rest.
func TestCausePages(t *testing.T) {
	pages, err := filepath.Glob("../docs/causes/*.md")
	if err != nil {
		t.Fatal(err)
	}
	if causes := CauseCount - 1; len(pages) != causes {
		t.Errorf("%d pages, and there are %d causes: %q", len(pages), causes, pages)
	}
	for c := range EachCause() {
		path := "../docs/causes/" + c.String() + ".md"
		text, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%v has no page: %v", c, err)
			continue
		}
		head, rest, found := strings.Cut(string(text), headEnd)
		matches, todo, both := strings.Cut(rest, "\n## What to do\n")
		if !found || !both || len(matches) < 40 || len(todo) < 40 {
			t.Errorf("%s: write what matches, and what to do", path)
		}
		upToDate(t, path, head, causeHead(c))
	}
}

// upToDate compares a part of a file with what it is made from. With GATEPOST_UPDATE=1 it is
// written (scripts/generate).
func upToDate(t *testing.T, path, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	if os.Getenv("GATEPOST_UPDATE") == "" {
		t.Errorf("%s has\n%s\nwant\n%s\nscripts/generate writes it", path, got, want)
		return
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(strings.Replace(string(text), got, want, 1)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestCausesOfDocs: the table of docs/rules.md has the causes that are asked, in their order,
// each with the first sentence of its page.
func TestCausesOfDocs(t *testing.T) {
	const path, end = "../docs/rules.md", "<!-- end -->\n"
	_, after, _ := strings.Cut(read(t, path), "| id | cause | when | lifted |\n")
	got, _, found := strings.Cut(after, end)
	if !found {
		t.Fatalf("%s has no table of causes that ends with %s", path, end)
	}
	want := "| --- | --- | --- | --- |\n"
	for c := firstAsked; c < causeEnd; c++ {
		id, _ := c.ID()
		want += fmt.Sprintf("| %d | %s | %s | %s |\n", id, tick(c), firstSentence(t, c),
			map[bool]string{true: "yes"}[causes[c].lifted])
	}
	upToDate(t, path, got, strings.ReplaceAll(want, "|  |", "| |"))
}

// firstSentence is how the page of a cause begins that people wrote, without its full stop.
func firstSentence(t *testing.T, c Cause) string {
	_, text, _ := strings.Cut(read(t, "../docs/causes/"+c.String()+".md"), headEnd+"\n")
	paragraph, _, _ := strings.Cut(text, "\n\n")
	sentence, _, _ := strings.Cut(strings.ReplaceAll(paragraph, "\n", " ")+" ", ". ")
	return sentence
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// causeHead is what the table says of a cause.
func causeHead(c Cause) string {
	row := causes[c]
	number := "none, `null` in the API"
	if id, ok := c.ID(); ok {
		number = fmt.Sprint(id, ", `cause_id` in the API")
	}
	lines := []string{"# " + c.String(), "", row.label + ": " + row.says + ".", "",
		"- Number: " + number, "- Switch: " + switchOf(c),
		"- An entry on the allowlist: " + liftOf(c),
		"- To recover such a message: " + map[bool]string{true: "gives its sender a profile",
			false: "gives nobody a profile"}[row.profile]}
	if names := fieldNames(row); names != "" {
		lines = append(lines, "- Header fields that no other cause looks at: "+names)
	}
	return strings.Join(lines, "\n") + "\n"
}

// switchOf is what an operator sets so that the cause holds nothing.
func switchOf(c Cause) string {
	switch {
	case c.HasSwitch():
		return "`causes." + c.String() + " = false`"
	case c == ServerLock:
		return "`smtp.only_relays = false`, which is the default"
	case c == Blocklisted || c == NotOnAllowlist:
		return "none but the entry itself"
	}
	return "none"
}

// liftOf is what an entry on the allowlist does to the cause.
func liftOf(c Cause) string {
	switch {
	case c == Blocklisted:
		return "lifts it, unless one with `suspend:` or `reject:` matches too"
	case c == NotOnAllowlist || causes[c].lifted:
		return "lifts it"
	}
	return "does not lift it"
}

func fieldNames(row causeRow) string {
	var names []string
	for _, f := range row.fields {
		for name := range strings.FieldsSeq(f.names) {
			names = append(names, "`"+name+"`")
		}
	}
	return strings.Join(names, ", ")
}
