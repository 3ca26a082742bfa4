package gatepost_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// plainWords are words that a native reader would stop at, with what is said in their place in
// pages, help and documents.
var plainWords = map[string]string{
	"by which door":     "through which interface",
	"by what door":      "through which interface",
	"nobody is asked":   "no DNS look-ups are made",
	"octets a second":   "a minimum transfer rate",
	"under way":         "in progress",
	"run the gate":      "run the server",
	"runs the gate":     "runs the server",
	"taken from it":     "append-only",
	"owner of the gate": "the operator",
	"is like that":      "matches",
	"tokens stand":      "tokens remain valid",
	"shows a cause":     "a message that matches",
	"as is likeliest":   "in the most likely way",
	"read anew":         "read again",
	"by another way":    "by another path",
}

// TestPlainWords reads what people read: the documents, the pages, and the texts of the commands and
// of the console.
func TestPlainWords(t *testing.T) {
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*.toml", "docs/causes/*.md",
		"docs/man/*.1", "httpd/console/templates/*.html", "httpd/console/templates/part/*.html",
		"httpd/console/static/*.js", "cmd/gatepost/*.go", "httpd/*.go", "httpd/api/*.go",
		"httpd/console/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				texts[file] = spoken(t, file)
			}
		}
	}
	for file, text := range texts {
		text = strings.ToLower(strings.Join(strings.Fields(text), " "))
		for word, plain := range plainWords {
			if strings.Contains(text, word) {
				t.Errorf("%s says %q: say %q", file, word, plain)
			}
		}
	}
}

// spoken is what a file says to people: of Go its strings, of a script no comments.
func spoken(t *testing.T, file string) string {
	t.Helper()
	switch filepath.Ext(file) {
	case ".go":
		return literals(t, file)
	case ".js":
		return withoutComments(t, file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func withoutComments(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		code, _, _ := strings.Cut(line, "// ")
		lines = append(lines, code)
	}
	return strings.Join(lines, "\n")
}

func literals(t *testing.T, file string) string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	ast.Inspect(parsed, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			b.WriteString(strings.ReplaceAll(strings.Trim(lit.Value, "`\""), `\n`, " ") + " ")
		}
		return true
	})
	return b.String()
}
