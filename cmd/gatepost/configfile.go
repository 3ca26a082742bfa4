package main

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// readFile lays the configuration file over s, if there is one.
func (a *app) readFile(s *settings) error {
	paths := configFiles()
	if a.configPath != "" {
		paths = []string{a.configPath}
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) && a.configPath == "" {
			continue
		}
		if err != nil {
			return fmt.Errorf("read the configuration: %w", err)
		}
		s.file = path
		return s.parse(path, text)
	}
	return nil
}

// parse reads the text of a configuration file. A key that does not exist is an error.
func (s *settings) parse(path string, text []byte) error {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var tree map[string]any
	err := toml.Unmarshal(text, &tree)
	if err == nil {
		err = s.takeScalars(path, text, tree)
	}
	if err == nil {
		err = toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(s)
	}
	var unknown *toml.StrictMissingError
	var bad *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		return s.unknownKeys(path, unknown)
	case errors.As(err, &bad):
		return misread(path, bad)
	}
	return err
}

// takeScalars remembers which settings the file holds, and reads those that are written
// without quotation marks as their text would be read: go-toml puts an integer into a
// length of time as nanoseconds, and a 0 where there must be a number above 0.
func (s *settings) takeScalars(path string, text []byte, tree map[string]any) error {
	var errs []error
	s.each(func(key string, v reflect.Value) {
		value := held(tree, strings.Split(key, "."))
		if value == nil {
			return
		}
		s.from[key] = path
		switch value.(type) {
		case string, []any, map[string]any:
			return
		}
		if _, ok := v.Addr().Interface().(encoding.TextUnmarshaler); !ok {
			return
		}
		if err := assign(v, fmt.Sprint(value)); err != nil {
			line, column := place(text, key)
			errs = append(errs, fmt.Errorf("%s:%d:%d: %s: %w", path, line, column, key, err))
		}
	})
	return errors.Join(errs...)
}

// held is the value of a key, nil if it is not there.
func held(tree map[string]any, key []string) any {
	v := tree[key[0]]
	if len(key) == 1 {
		return v
	}
	sub, _ := v.(map[string]any)
	return held(sub, key[1:])
}

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

func (s *settings) unknownKeys(path string, unknown *toml.StrictMissingError) error {
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
func (s *settings) nearest(key string) string {
	best, least := "", len(key)/2+1
	try := func(name string) {
		if d := levenshtein.ComputeDistance(key, name); d < least {
			best, least = name, d
		}
	}
	s.each(func(name string, _ reflect.Value) {
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
func (s *settings) keysBeside(key string) string {
	section, _, _ := strings.Cut(key, ".")
	var inside, sections []string
	s.each(func(name string, _ reflect.Value) {
		first, last, _ := strings.Cut(name, ".")
		if first == section {
			inside = append(inside, last)
		}
		if !slices.Contains(sections, first) {
			sections = append(sections, first)
		}
	})
	if len(inside) > 0 {
		return section + " has " + strings.Join(inside, ", ")
	}
	return "there are " + strings.Join(sections, ", ")
}
