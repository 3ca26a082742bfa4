package settings

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A documented is settings that share a comment in Defaults, and what it says.
type documented struct {
	keys    []string
	meaning string
}

// section is the table of the file that the settings are in, "" for the top.
func (d documented) section() string {
	section, _, found := strings.Cut(d.keys[0], ".")
	if !found {
		return ""
	}
	return section
}

// generated is where in docs/settings.md the part begins that is made of the defaults.
const generated = "<!-- From here on made from settings/settings.go: scripts/generate -->\n"

// TestDocuments: docs has each setting with its default and its meaning, as they are in
// Defaults. With GATEPOST_UPDATE=1 it is written.
func TestDocuments(t *testing.T) {
	all := documentation(t)
	upToDate(t, "../docs/settings.md", generated, tables(all))
	upToDate(t, "../docs/gatepost.toml", "", annotated(all))
}

// upToDate compares what follows marker in a file, all of it if that is "", with want.
func upToDate(t *testing.T, path, marker, want string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	above, got, found := strings.Cut(string(text), marker)
	switch {
	case os.Getenv("GATEPOST_UPDATE") != "":
		if err := os.WriteFile(path, []byte(above+marker+want), 0o644); err != nil {
			t.Fatal(err)
		}
	case !found || got != want:
		t.Errorf("%s is not what Defaults says: scripts/generate writes it", path)
	}
}

// TestAnnotatedFile: docs/gatepost.toml is read as it stands, and with every line uncommented
// it sets each setting to its default.
func TestAnnotatedFile(t *testing.T) {
	text, err := os.ReadFile("../docs/gatepost.toml")
	if err != nil {
		t.Fatal(err)
	}
	commented := regexp.MustCompile(`(?m)^#(\w+ = )`)
	for _, file := range []string{string(text), commented.ReplaceAllString(string(text), "$1")} {
		s, all := Defaults(), file != string(text)
		if err := s.Parse("gatepost.toml", []byte(file)); err != nil {
			t.Fatal(err)
		}
		defaults := map[string]string{}
		Defaults().Each(func(key string, v reflect.Value) { defaults[key] = fmt.Sprint(v) })
		s.Each(func(key string, v reflect.Value) {
			if _, set := s.from[key]; set != all {
				t.Errorf("%s is in the file: %v, want %v", key, set, all)
			}
			if got := fmt.Sprint(v); got != defaults[key] {
				t.Errorf("%s is %s, and the default is %s", key, got, defaults[key])
			}
		})
	}
}

// tables are the settings as Markdown, a table for each section.
func tables(all []documented) string {
	var b strings.Builder
	values := valuesOf(Defaults())
	for i, d := range all {
		if i == 0 || all[i-1].section() != d.section() {
			title := d.section()
			if title == "" {
				title = "At the top"
			}
			b.WriteString("\n## " + title + "\n\n| setting | default | meaning |\n| --- | --- | --- |\n")
		}
		var defaults []string
		for _, key := range d.keys {
			if v := values[key].text; v != "" && !slices.Contains(defaults, "`"+v+"`") {
				defaults = append(defaults, "`"+v+"`")
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.Join(d.keys, "`, `"),
			strings.Join(defaults, ", "), d.meaning)
	}
	return strings.ReplaceAll(b.String(), "|  |", "| |")
}

// annotated is a configuration file with each setting at its default, commented out.
func annotated(all []documented) string {
	var b strings.Builder
	b.WriteString("# Every setting of Gatepost with its default. A line without the # before it applies.\n" +
		"# docs/settings.md says how values are written, and what else can set them.\n")
	values := valuesOf(Defaults())
	for i, d := range all {
		if section := d.section(); section != "" && (i == 0 || all[i-1].section() != section) {
			fmt.Fprintf(&b, "\n[%s]\n", section)
		}
		b.WriteString("\n" + comment(d.meaning))
		for _, key := range d.keys {
			fmt.Fprintf(&b, "#%s = %s\n", key[strings.LastIndex(key, ".")+1:], values[key].toml)
		}
	}
	return b.String()
}

// comment is Markdown as comment lines of a file.
func comment(meaning string) string {
	text := regexp.MustCompile(`\[([^]]+)\]\((\S+?)\)`).ReplaceAllString(meaning, "$1 (docs/$2)")
	const width = 90
	var b strings.Builder
	line := "#"
	for word := range strings.FieldsSeq(strings.ReplaceAll(text, "`", "")) {
		if len(line)+1+len(word) > width {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}

// A value is a setting as people write it: by itself and in the file.
type value struct{ text, toml string }

func valuesOf(s *Settings) map[string]value {
	all := map[string]value{}
	s.Each(func(key string, v reflect.Value) {
		text := fmt.Sprint(v)
		quoted := fmt.Sprintf("%q", text)
		switch v.Interface().(type) {
		case Number, Limit, Toggle:
			quoted = text
		}
		all[key] = value{text, quoted}
	})
	return all
}

// documentation reads the comments in Defaults. Each setting has one.
func documentation(t *testing.T) (all []documented) {
	t.Helper()
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "settings.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	r := &commentReader{files: files, ends: map[int]string{}}
	for _, group := range parsed.Comments {
		r.ends[files.Position(group.End()).Line] = strings.Join(strings.Fields(group.Text()), " ")
	}
	for _, decl := range parsed.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Name.Name == "Defaults" {
			ast.Inspect(f, func(n ast.Node) bool {
				lit, ok := n.(*ast.CompositeLit)
				if ok {
					r.walk("", reflect.TypeFor[Settings](), lit)
				}
				return !ok
			})
		}
	}
	var told []string
	for _, d := range r.all {
		told = append(told, d.keys...)
		if d.meaning == "" || strings.Contains(d.meaning, "|") {
			t.Errorf("%q have no comment in Defaults that can stand in a table", d.keys)
		}
	}
	Defaults().Each(func(key string, _ reflect.Value) {
		if !slices.Contains(told, key) {
			t.Errorf("%s is not in Defaults", key)
		}
	})
	return r.all
}

// A commentReader collects the comments in front of the fields of a literal.
type commentReader struct {
	files *token.FileSet
	ends  map[int]string // comments by their last line
	all   []documented
}

func (r *commentReader) walk(prefix string, of reflect.Type, lit *ast.CompositeLit) {
	last := 0
	for _, e := range lit.Elts {
		kv := e.(*ast.KeyValueExpr)
		field, _ := of.FieldByName(kv.Key.(*ast.Ident).Name)
		key, line := prefix+field.Tag.Get("toml"), r.files.Position(kv.Pos()).Line
		inner, nested := kv.Value.(*ast.CompositeLit)
		switch {
		case key == prefix && field.Type != reflect.TypeFor[Switches]():
		case nested && field.Type.Kind() == reflect.Struct:
			r.walk(key+".", field.Type, inner)
		case line == last:
			d := &r.all[len(r.all)-1]
			d.keys = append(d.keys, key)
		case key == prefix:
			r.all = append(r.all, documented{causeKeys(), r.ends[line-1]})
		default:
			r.all = append(r.all, documented{[]string{key}, r.ends[line-1]})
		}
		last = line
	}
}

// causeKeys are the switches of causes.
func causeKeys() (keys []string) {
	s := &Settings{}
	walkCauses("causes.", reflect.ValueOf(s).Elem().FieldByName("Causes").FieldByName("On"),
		func(key string, _ reflect.Value) { keys = append(keys, key) })
	return keys
}
