package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gatepost/settings"
)

// settings are the values that apply: of a flag, else of the environment, else of the
// file, else the default. They are read once.
func (a *app) settings() (*settings.Settings, error) {
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
func (a *app) readSettings() (*settings.Settings, error) {
	return settings.Read(settings.Source{Path: a.configPath, Getenv: a.getenv, Flags: a.flags})
}

// settingFlag adds a flag that overrides a setting.
func (a *app) settingFlag(flags *pflag.FlagSet, name, key, usage string) {
	flags.Func(name, usage, func(text string) error {
		a.flags[key] = settings.Flag{Name: name, Text: text}
		return nil
	})
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
			return printList(a, rowsOf(s.Lines()), []string{"SETTING", "VALUE", "FROM"},
				func(l settings.Line) []string { return []string{l.Setting, l.Value, l.From} })
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
	for _, warning := range a.loaded.Strays(a.environ()) {
		a.note("%s", warning)
	}
}

func (a *app) checkConfig() error {
	s, err := a.settings()
	if err == nil {
		_, err = newPlan(s, a.logger(s.Log.Format))
	}
	if err != nil {
		return &failure{exitConfig, err}
	}
	a.noteStrays()
	if idle := s.IdleFilter(); idle != "" {
		a.note("%s", idle)
	}
	a.note("the settings are sound")
	return nil
}
