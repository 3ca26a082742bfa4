package settings

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// A Source is where settings are read from: a configuration file, over that the environment,
// and over that flags.
type Source struct {
	Path   string // of the file; empty for the first of Files that there is, if there is one
	Getenv func(name string) string
	Flags  map[string]Flag // by the key of the setting
}

// A Flag is a setting that was given as a flag.
type Flag struct{ Name, Text string }

// Read gives the values that apply: of a flag, else of the environment, else of the
// file, else the default.
func Read(from Source) (*Settings, error) {
	s := Defaults()
	if err := s.readFile(from.Path); err != nil {
		return nil, err
	}
	var errs []error
	s.eachName(func(name, key string, v reflect.Value) {
		errs = append(errs, s.overlay(from, name, key, v))
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// overlay sets one setting from the environment, and over that from a flag. A variable
// that is empty counts as not set.
func (s *Settings) overlay(from Source, name, key string, v reflect.Value) error {
	variable := Variable(name)
	if text := from.Getenv(variable); text != "" {
		if err := assign(v, text); err != nil {
			return fmt.Errorf("%s: %w", variable, err)
		}
		s.takeFrom(name, key, variable)
	}
	if f, ok := from.Flags[key]; ok {
		if err := assign(v, f.Text); err != nil {
			return fmt.Errorf("--%s: %w", f.Name, err)
		}
		s.from[key] = "--" + f.Name
	}
	return nil
}

// takeFrom notes where a setting was found, and that it stood there by its old name.
func (s *Settings) takeFrom(name, key, where string) {
	s.from[key] = where
	if name != key {
		s.renamed = append(s.renamed, fmt.Sprintf("%s: %s is called %s now", where, name, key))
	}
}

// variables is what the names of our settings in the environment begin with.
const variables = "GATEPOST_"

// Variable is the name of a setting in the environment.
func Variable(key string) string {
	return variables + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
}

// Strays are warnings of settings that were found by their old names, and of what is in the
// environment, NAME=value, under our name and is no setting. They are no errors: a container's
// links may be called so, too.
func (s *Settings) Strays(environ []string) (warnings []string) {
	warnings = slices.Clone(s.renamed)
	known := map[string]bool{}
	var names []string
	s.eachName(func(name, key string, _ reflect.Value) {
		known[Variable(name)] = true
		names = append(names, Variable(key))
	})
	for _, pair := range environ {
		name, text, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, variables) || known[name] || text == "" {
			continue
		}
		warning := name + " is no setting"
		if near := closest(name, names); near != "" {
			warning += ": did you mean " + near + "?"
		}
		warnings = append(warnings, warning)
	}
	return warnings
}

// closest is the name that differs from word by two characters at most, or "".
func closest(word string, names []string) (best string) {
	least := 3
	for _, name := range names {
		if d := levenshtein.ComputeDistance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// A Line is what can be said of one setting.
type Line struct {
	Setting string `json:"setting"`
	Value   string `json:"value"`
	From    string `json:"from"` // a flag, a variable, a file, or default
}

// Lines are all settings as they are, in the order of the configuration file; of targets those of
// their kind.
func (s *Settings) Lines() (all []Line) {
	s.Each(func(key string, v reflect.Value) {
		if s.from[key] == "" && !s.Handoff.shows(key) {
			return
		}
		all = append(all, Line{key, fmt.Sprint(v.Interface()), cmp.Or(s.from[key], "default")})
	})
	return all
}

// From is where a setting has its value from: the name of a flag or of a variable, the path of
// the file; empty for the default.
func (s *Settings) From(key string) string { return s.from[key] }

// Value is what a setting has, as its text.
func (s *Settings) Value(key string) (text string) {
	s.Each(func(name string, v reflect.Value) {
		if name == key {
			text = fmt.Sprint(v.Interface())
		}
	})
	return text
}
