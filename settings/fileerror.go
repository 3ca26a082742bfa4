package settings

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// place is where a sound file sets key: the line and the column of its value, or of the
// inline table that holds it.
func place(text []byte, key string) (line, column int) {
	p, section := &unstable.Parser{}, ""
	p.Reset(text)
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table:
			section = dotted(e) + "."
		case unstable.KeyValue:
			name := section + dotted(e)
			if name == key || strings.HasPrefix(key, name+".") {
				start := p.Shape(e.Value().Raw).Start
				return start.Line, start.Column
			}
		}
	}
	return 1, 1
}

// dotted is the key of a table or of a value as it is in the file.
func dotted(e *unstable.Node) string {
	var parts []string
	for key := e.Key(); key.Next(); {
		parts = append(parts, string(key.Node().Data))
	}
	return strings.Join(parts, ".")
}

func (s *Settings) unknownKeys(path string, unknown *toml.StrictMissingError) error {
	errs := make([]error, len(unknown.Errors))
	for i := range unknown.Errors {
		e := &unknown.Errors[i]
		line, column := e.Position()
		key := strings.Join(e.Key(), ".")
		errs[i] = fmt.Errorf("%s:%d:%d: there is no setting %q%s", path, line, column, key,
			s.nearest(key))
	}
	return errors.Join(errs...)
}

// misread is an error in the text of the file, in words without Go types in them.
func misread(path string, e *toml.DecodeError) error {
	line, column := e.Position()
	reason := strings.TrimPrefix(e.Error(), "toml: ")
	if kind, ok := strings.CutPrefix(reason, "cannot decode TOML "); ok {
		kind, _, _ = strings.Cut(kind, " into ")
		reason = "its value cannot be of the kind " + kind
	}
	if key := strings.Join(e.Key(), "."); key != "" {
		reason = key + ": " + reason
	}
	return fmt.Errorf("%s:%d:%d: %s", path, line, column, reason)
}

// nearest suggests the setting, or the section, that is spelt most like key; else it names
// those that there are.
func (s *Settings) nearest(key string) string {
	best, least := "", len(key)/2+1
	if strings.Count(key, ".") > 1 { // the names of target and section are right, and long
		least = len(key[strings.LastIndexByte(key, '.'):]) / 2
	}
	try := func(name string) {
		if d := levenshtein.ComputeDistance(key, name); d < least {
			best, least = name, d
		}
	}
	try("handoff") // which may have no settings yet
	s.Each(func(name string, _ reflect.Value) {
		try(name)
		if section, last, ok := strings.Cut(name, "."); ok {
			try(section)
			if last == key && least > 0 {
				best, least = name, 0
			}
		}
	})
	if best == "" {
		return ": " + s.keysBeside(key)
	}
	return fmt.Sprintf(": did you mean %q?", best)
}

// keysBeside names the settings of the section that key is in, or the sections.
func (s *Settings) keysBeside(key string) string {
	in, _, _ := strings.Cut(key, ".")
	if at := strings.LastIndexByte(key, '.'); at > 0 {
		in = key[:at]
	}
	var inside, sections []string
	s.Each(func(name string, _ reflect.Value) {
		first, _, _ := strings.Cut(name, ".")
		if last, ok := strings.CutPrefix(name, in+"."); ok {
			inside = append(inside, last)
		}
		if !slices.Contains(sections, first) {
			sections = append(sections, first)
		}
	})
	if !slices.Contains(sections, "handoff") {
		sections = append(sections, "handoff")
	}
	if len(inside) > 0 {
		return in + " has " + strings.Join(inside, ", ")
	}
	return "there are " + strings.Join(sections, ", ")
}
