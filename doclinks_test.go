package gatepost_test

import (
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// link is a link or a picture in Markdown.
var link = regexp.MustCompile(`\]\(([^()\s]+)\)`)

// largestPicture is how large a picture of a document may be, in octets.
const largestPicture = 200_000

// TestDocsLinks: what a document links to within the project is there, and so is the heading
// that it means.
func TestDocsLinks(t *testing.T) {
	found := 0
	for _, file := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(readText(t, file), ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			found++
			to := file
			if target != "" {
				to = path.Join(path.Dir(file), target)
			}
			if info, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			} else if path.Ext(to) == ".png" && info.Size() > largestPicture {
				t.Errorf("%s has %d octets, more than a page should wait for", to, info.Size())
			} else if anchor != "" && !anchors(readText(t, to))[anchor] {
				t.Errorf("%s links to %s, and there is no such heading", file, m[1])
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d links were found", found)
	}
}

// anchors are what a heading is linked to by: in lower case, with hyphens for blanks, and
// without what is neither letter nor digit.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for line := range strings.Lines(fenced.ReplaceAllString(text, "")) {
		marks, title, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found || strings.Trim(marks, "#") != "" {
			continue
		}
		all[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, title)] = true
	}
	return all
}

// TestDocsLeadEverywhere: no document is where no link leads to.
func TestDocsLeadEverywhere(t *testing.T) {
	linked := map[string]bool{"README.md": true}
	for _, file := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(readText(t, file), -1) {
			target, _, _ := strings.Cut(m[1], "#")
			linked[path.Join(path.Dir(file), target)] = true
		}
	}
	for _, file := range documents(t) {
		beside := strings.HasPrefix(file, "testdata/") || strings.HasPrefix(file, "findings/")
		if !linked[file] && !beside {
			t.Errorf("no link leads to %s", file)
		}
	}
}

// TestDocsNameWhatIs: the tests, folders and files of the project that the documents for its
// authors name are there.
func TestDocsNameWhatIs(t *testing.T) {
	out, err := exec.Command("git", "grep", "--untracked", "-hoE", "^func Test[A-Za-z0-9_]+", "--", "*_test.go").Output()
	if err != nil {
		t.Fatal(err)
	}
	tests := strings.Fields(string(out))
	known := map[string]bool{}
	for _, name := range tests {
		known[name] = true
	}
	name := regexp.MustCompile("`(Test[A-Z]\\w+)`|`((?:[a-z]+/)+[a-z_.-]*)`")
	for _, file := range []string{"README.md", "docs/design.md", "CONTRIBUTING.md"} {
		for _, m := range name.FindAllStringSubmatch(readText(t, file), -1) {
			if m[1] != "" && !known[m[1]] {
				t.Errorf("%s names %s, and there is no such test", file, m[1])
			}
			if m[2] != "" {
				if _, err := os.Stat(m[2]); err != nil {
					t.Errorf("%s names %s: %v", file, m[2], err)
				}
			}
		}
	}
}
