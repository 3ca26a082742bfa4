package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestCauses(t *testing.T) {
	for c := NoCause; int(c) < len(causes); c++ {
		again, ok := ParseCause(c.String())
		if ok != (c != NoCause) || again != c {
			t.Errorf("%d is called %q, which is %d", c, c, again)
		}
		if id, ok := c.ID(); ok != (causes[c].id >= 0) || id < 0 {
			t.Errorf("%v has the number %d", c, id)
		}
	}
	if _, ok := ParseCause("no such cause"); ok {
		t.Error("a cause of no such name was found")
	}
	if none := causeEnd; none.String() != "" || none.Label() != "" || none.HasSwitch() ||
		none.ProfileOnRecover() || NoCause.ProfileOnRecover() {
		t.Errorf("there is no such cause, and it is called %q", none)
	}
}

// TestCauseRows: each row says all that people are shown of a cause, and no two say the same.
func TestCauseRows(t *testing.T) {
	said := map[string]Cause{}
	for c := range EachCause() {
		id := fmt.Sprint("the number ", causes[c].id)
		if causes[c].id == noID {
			id = fmt.Sprint("no number as ", c)
		}
		for what, words := range map[string]string{"name": c.String(), "label": c.Label(),
			"says": causes[c].says, "id": id} {
			if other, twice := said[what+words]; words == "" || twice {
				t.Errorf("cause %d, %v: its %s is %q, which is that of %v", c, c, what, words, other)
			}
			said[what+words] = c
		}
		if asked := c >= firstAsked; !asked && (causes[c].ask != nil || causes[c].lifted) {
			t.Errorf("%v stands before what is asked, and says how it is", c)
		}
	}
}

// TestCheckedFields: each field has one reader, and a name that fold takes.
func TestCheckedFields(t *testing.T) {
	all := sharedChecks
	for c := range EachCause() {
		all = append(all, causes[c].fields...)
	}
	names := 0
	for _, one := range all {
		for name := range strings.FieldsSeq(one.names) {
			var buffer [longestName]byte
			key := string(buffer[:fold(&buffer, []byte(name))])
			if known := checkedFields[key]; known.name != name || known.read == nil {
				t.Errorf("%s is looked for as %q, which is %q", name, key, known.name)
			}
			names++
		}
	}
	if names != len(checkedFields) || names < 20 {
		t.Errorf("%d names of %d fields: one has two readers", names, len(checkedFields))
	}
}

// moreThanAFile are the causes that no message shows by itself: what else it takes. Each is
// in a case of testdata that has that.
var moreThanAFile = map[Cause]string{
	Blocklisted:           "a list",
	NotOnAllowlist:        "a list",
	FailedAuthentication:  "the DNS",
	ServerLock:            "a client",
	FromSupportAddress:    "a setting that says who we are",
	ToNoReply:             "a setting that says who we are",
	OtherUpdate:           "a ticket",
	UnknownUpdate:         "a ticket",
	UnauthenticatedUpdate: "a ticket",
	Malware:               "a scanner",
	Spam:                  "a relay of ours",
}

// TestEveryCauseIsShown: a message of testdata/eml/causes or a case of testdata/policy is held by
// each cause that needs nothing else, and for the others there are cases that have it.
func TestEveryCauseIsShown(t *testing.T) {
	cases := texts(t, "policy/*.txtar")
	fixtures := texts(t, "eml/causes.jsonl") + cases
	cases += texts(t, "script/*.txtar")
	for c := range EachCause() {
		shown := fmt.Sprintf(`(?m)"decision":"suspend","cause":"%s"|^cause: %[1]s$`, c)
		where := fixtures
		if _, more := moreThanAFile[c]; more {
			shown, where = `(?m)"cause":"`+c.String()+`"|^cause: `+c.String()+"$", cases
		}
		if !regexp.MustCompile(shown).MatchString(where) {
			t.Errorf("%v: no message of testdata/eml/causes is held by it, nor a case: %q", c,
				moreThanAFile[c])
		}
	}
}

// texts are the files of testdata of such names.
func texts(t *testing.T, pattern string) (all string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "testdata", filepath.FromSlash(pattern)))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v, %v", pattern, paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all += string(text)
	}
	return all
}

// TestCausesAbove: the table of docs/rules.md of what decides before other causes are asked
// has a row for each cause that is found there, with its number.
func TestCausesAbove(t *testing.T) {
	told := map[string]bool{"": true}
	rows := tableRows(t, read(t, "../docs/rules.md"), "| | what is found | outcome | cause |")
	for _, cells := range rows {
		told[cells[3]] = true
	}
	for c := range EachCause() {
		cell := tick(c)
		if id, ok := c.ID(); ok {
			cell = fmt.Sprintf("%d %s", id, cell)
		}
		if c < firstAsked && !told[cell] {
			t.Errorf("docs/rules.md has no row for %s", cell)
		}
		delete(told, cell)
	}
	delete(told, "")
	if len(told) > 0 {
		t.Errorf("docs/rules.md has rows for %v, which are no causes", told)
	}
}

// tick is a cause as a table has it: a link to its page.
func tick(c Cause) string { return fmt.Sprintf("[`%s`](causes/%[1]s.md)", c) }

// tableRows are the cells of the table that begins with the heading.
func tableRows(t *testing.T, text, heading string) (rows [][]string) {
	t.Helper()
	_, table, _ := strings.Cut(text, "\n"+heading+"\n")
	table, _, found := strings.Cut(table, "\n\n")
	width := strings.Count(heading, "|") - 1
	for _, line := range strings.Split(table, "\n")[1:] {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != width {
			t.Fatalf("%s: not %d cells", line, width)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	if !found || len(rows) < 5 {
		t.Fatalf("docs/rules.md has no table %q", heading)
	}
	return rows
}

// TestSwitchesOfDocs: what docs/settings.md calls the switch of a cause is one.
func TestSwitchesOfDocs(t *testing.T) {
	raw, err := os.ReadFile("../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	told := regexp.MustCompile("`causes\\.(\\w+)`").FindAllSubmatch(raw, -1)
	for _, m := range told {
		if c, _ := ParseCause(string(m[1])); !c.HasSwitch() && string(m[1]) != "mailing_list" {
			t.Errorf("docs/settings.md has causes.%s, which is no cause that can be switched off", m[1])
		}
	}
	if len(told) < 10 {
		t.Errorf("docs/settings.md has only %d switches of causes", len(told))
	}
}
