package settings

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Files are where a configuration file is looked for. None is needed.
func Files() []string { return []string{"gatepost.toml", "/etc/gatepost/gatepost.toml"} }

// readFile lays the configuration file at path over s or, if that is empty, the first of Files
// that there is.
func (s *Settings) readFile(path string) error {
	paths := Files()
	if path != "" {
		paths = []string{path}
	}
	for _, name := range paths {
		text, err := os.ReadFile(name)
		switch missing := errors.Is(err, os.ErrNotExist); {
		case missing && path == "":
			continue
		case missing:
			return fmt.Errorf("the configuration file %s: there is no such file", name)
		case err != nil:
			return fmt.Errorf("read the configuration: %w", err)
		}
		s.File = name
		return s.Parse(name, text)
	}
	return nil
}

// Parse lays the text of a configuration file over s; path is what errors call it. A key
// that does not exist is an error.
func (s *Settings) Parse(path string, text []byte) error {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var tree map[string]any
	err := toml.Unmarshal(text, &tree)
	if err == nil {
		err = s.addHandoffs(path, text, tree)
	}
	if err == nil {
		err = s.takeScalars(path, text, tree)
	}
	if err == nil {
		err = toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(s.decodable())
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

// decodable is s as go-toml takes it: a struct with a pointer to each setting in its section.
// What has no place in it is no setting.
func (s *Settings) decodable() any {
	var all section
	s.eachName(func(name, _ string, v reflect.Value) { all.add(strings.Split(name, "."), v.Addr()) })
	return all.pointer().Interface()
}

// A section is the fields of a struct, and what is in them.
type section struct {
	fields []reflect.StructField
	values []reflect.Value
	inside map[string]*section
}

func (s *section) add(key []string, v reflect.Value) {
	if len(key) > 1 {
		if s.inside == nil {
			s.inside = map[string]*section{}
		}
		if s.inside[key[0]] == nil {
			s.inside[key[0]] = &section{}
		}
		s.inside[key[0]].add(key[1:], v)
		return
	}
	s.fields = append(s.fields, reflect.StructField{Name: fmt.Sprint("Field", len(s.fields)),
		Type: v.Type(), Tag: reflect.StructTag(fmt.Sprintf("toml:%q", key[0]))})
	s.values = append(s.values, v)
}

// pointer leads to a new struct of those fields.
func (s *section) pointer() reflect.Value {
	for _, name := range slices.Sorted(maps.Keys(s.inside)) {
		s.add([]string{name}, s.inside[name].pointer())
	}
	p := reflect.New(reflect.StructOf(s.fields))
	for i, v := range s.values {
		p.Elem().Field(i).Set(v)
	}
	return p
}

// takeScalars remembers which settings the file holds, and reads those that are written
// without quotation marks as their text would be read: go-toml puts an integer into a
// length of time as nanoseconds, and a 0 where there must be a number above 0.
func (s *Settings) takeScalars(path string, text []byte, tree map[string]any) error {
	var errs []error
	s.eachName(func(name, key string, v reflect.Value) {
		value := held(tree, strings.Split(name, "."))
		if value == nil {
			return
		}
		if s.from[key] != "" {
			line, column := place(text, oldNames[key])
			errs = append(errs, fmt.Errorf("%s:%d:%d: %s is the old name of %s, which is set, too: "+
				"leave it out", path, line, column, oldNames[key], key))
			return
		}
		s.takeFrom(name, key, path)
		switch value.(type) {
		case string, []any, map[string]any:
			return
		}
		if _, ok := v.Addr().Interface().(encoding.TextUnmarshaler); !ok {
			return
		}
		if err := assign(v, fmt.Sprint(value)); err != nil {
			line, column := place(text, name)
			errs = append(errs, fmt.Errorf("%s:%d:%d: %s: %w", path, line, column, name, err))
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
