package main

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/agnivade/levenshtein"
)

// A source is where settings are read from: a configuration file, over that the environment,
// and over that flags.
type source struct {
	path   string // of the file; empty for the first of files that there is, if there is one
	getenv func(name string) string
	flags  map[string]givenFlag // by the key of the setting
}

// A givenFlag is a setting that was given as a flag.
type givenFlag struct{ name, text string }

// readSettings gives the values that apply: of a flag, else of the environment, else of the
// file, else the default.
func readSettings(from source) (*settings, error) {
	s := defaults()
	if err := s.readFile(from.path); err != nil {
		return nil, err
	}
	var errs []error
	s.each(func(key string, v reflect.Value) {
		errs = append(errs, s.overlay(from, key, v))
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// overlay sets one setting from the environment, and over that from a flag. A variable
// that is empty counts as not set.
func (s *settings) overlay(from source, key string, v reflect.Value) error {
	name := variable(key)
	if text := from.getenv(name); text != "" {
		if err := assign(v, text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.from[key] = name
	}
	if f, ok := from.flags[key]; ok {
		if err := assign(v, f.text); err != nil {
			return fmt.Errorf("--%s: %w", f.name, err)
		}
		s.from[key] = "--" + f.name
	}
	return nil
}

// variables is what the names of our settings in the environment begin with.
const variables = "GATEPOST_"

// variable is the name of a setting in the environment.
func variable(key string) string {
	return variables + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// strays are warnings of what is in the environment, NAME=value, under our name and is no
// setting. They are no errors: a container's links may be called so, too.
func strays(environ []string) (warnings []string) {
	known := map[string]bool{}
	var names []string
	defaults().each(func(key string, _ reflect.Value) {
		known[variable(key)] = true
		names = append(names, variable(key))
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

// A shownSetting is what can be said of one setting.
type shownSetting struct {
	Setting string `json:"setting"`
	Value   string `json:"value"`
	From    string `json:"from"` // a flag, a variable, a file, or default
}

// lines are all settings as they are, in the order of the configuration file.
func (s *settings) lines() (all []shownSetting) {
	s.each(func(key string, v reflect.Value) {
		all = append(all, shownSetting{key, fmt.Sprint(v.Interface()), cmp.Or(s.from[key], "default")})
	})
	return all
}

// value is what a setting has, as its text.
func (s *settings) value(key string) (text string) {
	s.each(func(name string, v reflect.Value) {
		if name == key {
			text = fmt.Sprint(v.Interface())
		}
	})
	return text
}
