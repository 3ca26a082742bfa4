package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
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
	s, err := a.readSettings()
	if err != nil {
		return nil, err
	}
	a.loaded = s
	return s, nil
}

// readSettings reads them anew.
func (a *app) readSettings() (*settings, error) {
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

// variables is what the names of our settings in the environment begin with.
const variables = "GATEPOST_"

func variable(key string) string {
	return variables + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// strayVariables are warnings of what is in the environment under our name and is no
// setting. They are no errors: a container's links may be called so, too.
func (a *app) strayVariables() (warnings []string) {
	known := map[string]bool{}
	var names []string
	defaults().each(func(key string, _ reflect.Value) {
		known[variable(key)] = true
		names = append(names, variable(key))
	})
	for _, pair := range a.environ() {
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
		Use:   "show",
		Short: "each setting, its value and where that came from",
		Long: "Prints each setting, its value and where that came from: a flag, the\n" +
			"environment, the configuration file or the default. Takes the flags of serve.",
		Args: takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			s, err := a.settings()
			if err != nil {
				return err
			}
			a.noteStrays()
			return printList(a, s.shown(), []string{"SETTING", "VALUE", "FROM"},
				func(s shownSetting) []string { return []string{s.Setting, s.Value, s.From} })
		},
	}
	check := &cobra.Command{
		Use:   "check",
		Short: "check the settings as serve would; exit 78 if one is wrong",
		Args:  takes(0, 0),
		RunE:  func(*cobra.Command, []string) error { return a.checkConfig() },
	}
	a.serveFlags(show.Flags())
	a.serveFlags(check.Flags())
	return group("config", "show and check the settings", show, check)
}

func (a *app) noteStrays() {
	for _, warning := range a.strayVariables() {
		a.note("%s", warning)
	}
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
		_, err = s.plan(a.logger(s.Log.Format))
	}
	if err != nil {
		return &failure{exitConfig, err}
	}
	a.noteStrays()
	if idle := s.idleFilter(); idle != "" {
		a.note("%s", idle)
	}
	a.note("the settings are sound")
	return nil
}
