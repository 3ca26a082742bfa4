// Package gatepost_test holds the house to its plan: which room may import which, and what
// the ground floor may know of the world.
package gatepost_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// arrows say for each room which of our own it may import. What mail, people and programs come
// in by never imports one another, nor do the API and the console; the ground floor imports
// nobody else, and nothing imports the hall.
var arrows = map[string][]string{
	"limiter":         {},
	"message":         {},
	"policy":          {"message"},
	"lint":            {"message", "policy"},
	"store":           {"message", "policy"},
	"store/storetest": {},

	"store/storetest/place": {"store", "store/storetest"},

	"trial":          {"lint", "message", "policy", "store"},
	"smtpd/mailauth": {"message", "policy"},
	"scanner":        {"message", "policy"},
	"intake":         {"limiter", "message", "policy", "smtpd/mailauth", "store"},
	"smtpd":          {"intake", "limiter", "message", "policy"},
	"courier":        {"message", "store"},
	"httpd":          {"limiter", "message", "policy", "store"},
	"httpd/api":      {"httpd", "lint", "message", "policy", "store", "trial"},
	"httpd/console": {"docs", "httpd", "lint", "message", "policy", "store", "trial",
		"zendesk"},
	"httpd/httpdtest": {"httpd", "message", "policy", "store", "store/storetest",
		"store/storetest/place"},
	"digest":   {"policy", "store", "terminal"},
	"mailfile": {"message"},
	"settings": {"message", "policy", "smtpd"},
	"terminal": {},
	"zendesk":  {"lint", "message", "policy", "store"},
	"docs":     {},
}

// hall is the room that may import every other.
const hall = "cmd/gatepost"

// testArrows lead on from the tests of a room to what really stands behind it.
var testArrows = map[string][]string{
	"store":         {"store/storetest"},
	"courier":       {"intake", "mailfile", "policy", "store/storetest/place"},
	"intake":        {"store/storetest/place"},
	"smtpd":         {"courier", "smtpd/mailauth", "store", "store/storetest/place"},
	"trial":         {"intake", "mailfile", "store/storetest/place"},
	"zendesk":       {"store/storetest/place"},
	"httpd":         {"httpd/api", "httpd/console", "httpd/httpdtest", "store/storetest"}, // both parts
	"httpd/api":     {"httpd/httpdtest"},
	"httpd/console": {"httpd/httpdtest"},
}

// groundFloor is what the pure rooms may import from elsewhere. A word ending in / stands
// for everything below it.
var groundFloor = map[string][]string{
	"message": {
		"bytes", "bufio", "encoding/base64", "errors", "fmt", "io", "mime", "net/netip", "slices",
		"strconv", "strings",
		"time", "unicode", "unicode/utf8",
		"github.com/arran4/golang-ical",
		"github.com/emersion/go-message", "github.com/emersion/go-message/",
		"golang.org/x/net/html", "golang.org/x/net/html/", "golang.org/x/net/idna",
		"golang.org/x/net/publicsuffix", "golang.org/x/text/",
	},
	"lint": {"cmp", "fmt", "iter", "slices", "strings", "github.com/mtibben/confusables"},
	"policy": {
		"cmp", "encoding/binary", "encoding/json", "fmt", "io", "iter", "maps", "math/bits", "net/netip", "slices",
		"strconv", "strings", "unicode", "unicode/utf8",
		"github.com/gaissmai/bart", "golang.org/x/net/publicsuffix",
	},
}

// forbidden is what the ground floor never names: it does not know the time, and gives the
// same answer twice.
var forbidden = []string{"time.Now", "time.Since", "time.Until", "mail.GenerateMessageID"}

// module is the path that our own imports begin with.
const module = "gatepost/"

// TestArrows reads the import clauses of every Go file, tests too.
func TestArrows(t *testing.T) {
	for file, imported := range imports(t) {
		room := path.Dir(filepath.ToSlash(file))
		if room == "." || room == hall {
			continue
		}
		allowed, known := arrows[room]
		if !known {
			t.Errorf("%s: %s is not a room of the house", file, room)
		}
		for _, to := range imported {
			ours, found := strings.CutPrefix(to, module)
			tested := strings.HasSuffix(file, "_test.go") &&
				(ours == room || slices.Contains(testArrows[room], ours))
			if found && !tested && !slices.Contains(allowed, ours) {
				t.Errorf("%s: no arrow leads from %s to %s", file, room, ours)
			}
		}
	}
}

// TestGroundFloor holds the list of what the pure rooms import directly, and that they
// never name what is forbidden.
func TestGroundFloor(t *testing.T) {
	all := imports(t)
	for room, allowed := range groundFloor {
		files := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(file string) bool {
			return filepath.Dir(file) != room || strings.HasSuffix(file, "_test.go")
		})
		if len(files) == 0 {
			t.Errorf("%s has no files", room)
		}
		for _, file := range files {
			for _, to := range all[file] {
				if !strings.HasPrefix(to, module) && !listed(allowed, to) {
					t.Errorf("%s: %s may not import %s", file, room, to)
				}
			}
			for _, name := range named(t, file) {
				if slices.Contains(forbidden, name) {
					t.Errorf("%s: %s may not name %s", file, room, name)
				}
			}
		}
	}
}

// TestFilesAreShort holds what a person reads at once: no file has more than 400 lines, and half of
// them 130 at most; nine of ten functions have fewer than 45.
func TestFilesAreShort(t *testing.T) {
	var files, functions []int
	for file := range imports(t) {
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		lines := set.Position(f.FileEnd).Line - 1
		if files = append(files, lines); lines > 400 {
			t.Errorf("%s has %d lines: make two of it", file, lines)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				functions = append(functions,
					set.Position(fn.End()).Line-set.Position(fn.Pos()).Line+1)
			}
		}
	}
	slices.Sort(files)
	slices.Sort(functions)
	if n := files[len(files)/2]; n > 130 {
		t.Errorf("half of the files have %d lines or more", n)
	}
	if n := functions[len(functions)*9/10]; n >= 45 {
		t.Errorf("one function of ten has %d lines or more", n)
	}
	t.Logf("%d files, half of up to %d lines; %d functions, nine of ten of up to %d", len(files),
		files[len(files)/2], len(functions), functions[len(functions)*9/10])
}

// TestNoRoomIsEmpty keeps the laws from holding because nothing was read.
func TestNoRoomIsEmpty(t *testing.T) {
	seen := map[string]bool{}
	for file := range imports(t) {
		seen[path.Dir(filepath.ToSlash(file))] = true
	}
	for _, room := range append(slices.Collect(maps.Keys(arrows)), hall) {
		if !seen[room] {
			t.Errorf("no Go file was found in %s", room)
		}
	}
}

func listed(allowed []string, to string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		return to == a || strings.HasSuffix(a, "/") && strings.HasPrefix(to, a)
	})
}

// imports are the import paths of every Go file, by its path from here.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && hidden(file):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(file) != ".go":
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			all[file] = append(all[file], to)
		}
		if all[file] == nil {
			all[file] = []string{}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// hidden reports whether the go command passes over a folder of that name.
func hidden(folder string) bool {
	name := filepath.Base(folder)
	return name == "testdata" || len(name) > 1 && (name[0] == '.' || name[0] == '_')
}

// named are the names that a file takes from packages: each as the last part of the import
// path, a dot and the name, whatever the file calls the package.
func named(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]string{}
	for _, spec := range parsed.Imports {
		to, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		name := path.Base(to)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "." {
			t.Errorf("%s: a dot import hides what is named", file)
		}
		packages[name] = path.Base(to)
	}
	var names []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && packages[x.Name] != "" {
				names = append(names, packages[x.Name]+"."+s.Sel.Name)
			}
		}
		return true
	})
	return names
}
