package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// configFiles are where a configuration file is looked for. None is needed.
func configFiles() []string { return []string{"gatepost.toml", "/etc/gatepost/gatepost.toml"} }

// settings are the values that apply: of a flag, else of the environment, else of the
// file, else the default. They are read once.
func (a *app) settings() (*settings, error) {
	if a.loaded != nil {
		return a.loaded, nil
	}
	s := defaults()
	if err := a.readFile(s); err != nil {
		return nil, err
	}
	var errs []error
	s.each(func(key string, v reflect.Value) {
		errs = append(errs, a.overlay(s, key, v))
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	a.loaded = s
	return s, nil
}

// overlay sets one setting from the environment, and over that from a flag. A variable
// that is empty counts as not set.
func (a *app) overlay(s *settings, key string, v reflect.Value) error {
	name := variable(key)
	if text := a.getenv(name); text != "" {
		if err := assign(v, text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.from[key] = name
	}
	if o, ok := a.overrides[key]; ok {
		if err := assign(v, o.text); err != nil {
			return fmt.Errorf("--%s: %w", o.flag, err)
		}
		s.from[key] = "--" + o.flag
	}
	return nil
}

func variable(key string) string {
	return "GATEPOST_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

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
		return s.parse(path, text)
	}
	return nil
}

// parse reads the text of a configuration file. A key that does not exist is an error.
func (s *settings) parse(path string, text []byte) error {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(s)
	var unknown *toml.StrictMissingError
	var bad *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		return s.unknownKeys(path, unknown)
	case errors.As(err, &bad):
		return misread(path, bad)
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	}
	return s.markFile(path, text)
}

// markFile remembers which settings the file holds.
func (s *settings) markFile(path string, text []byte) error {
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	s.each(func(key string, _ reflect.Value) {
		if holds(tree, strings.Split(key, ".")) {
			s.from[key] = path
		}
	})
	return nil
}

func holds(tree map[string]any, key []string) bool {
	v, ok := tree[key[0]]
	if !ok || len(key) == 1 {
		return ok
	}
	sub, ok := v.(map[string]any)
	return ok && holds(sub, key[1:])
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

// nearest suggests the setting, or the section, that is spelt most like key.
func (s *settings) nearest(key string) string {
	best, least := "", len(key)/2+1
	try := func(name string) {
		if d := distance(key, name); d < least {
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
		return ": `gatepost config show` lists them"
	}
	return fmt.Sprintf(": did you mean %q?", best)
}

// distance counts the single-character changes between two words (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// An override is a setting that was given as a flag.
type override struct{ flag, text string }

// settingFlag adds a flag that overrides a setting.
func (a *app) settingFlag(flags *pflag.FlagSet, name, key, usage string) {
	flags.Func(name, usage, func(text string) error {
		a.overrides[key] = override{name, text}
		return nil
	})
}

// A shownSetting is one line of `config show`.
type shownSetting struct {
	Setting string `json:"setting"`
	Value   string `json:"value"`
	From    string `json:"from"` // a flag, a variable, a file, or default
}

func newConfigCommand(a *app) *cobra.Command {
	show := &cobra.Command{
		Use: "show", Short: "each setting, its value and where that came from",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			return printList(a, s.shown(), []string{"SETTING", "VALUE", "FROM"},
				func(s shownSetting) []string { return []string{s.Setting, s.Value, s.From} })
		},
	}
	check := &cobra.Command{
		Use: "check", Short: "check the settings as serve would; exit 78 if one is wrong",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.checkConfig() },
	}
	return group("config", "show and check the settings", show, check)
}

func (s *settings) shown() func(yield func(shownSetting, error) bool) {
	var all []shownSetting
	s.each(func(key string, v reflect.Value) {
		from := s.from[key]
		if from == "" {
			from = "default"
		}
		all = append(all, shownSetting{key, fmt.Sprint(v.Interface()), from})
	})
	return func(yield func(shownSetting, error) bool) {
		for _, line := range slices.All(all) {
			if !yield(line, nil) {
				return
			}
		}
	}
}

func (a *app) checkConfig() error {
	s, err := a.settings()
	if err == nil {
		_, err = s.server(a.logger(s.Log.Format))
	}
	if err != nil {
		return &failure{exitConfig, err}
	}
	a.note("the settings are sound")
	return nil
}
