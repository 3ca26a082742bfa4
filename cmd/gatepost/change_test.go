package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gatepost/policy"
	"gatepost/settings"
)

// A cause has a switch exactly if the policy says so: what it offers can be done.
func TestChangeOfCauses(t *testing.T) {
	keys := settingKeys()
	for c := range policy.EachCause() {
		if there := slices.Contains(keys, settings.CauseSwitch(c.String())); there != c.HasSwitch() {
			t.Errorf("%v has a setting: %v, and a switch: %v", c, there, c.HasSwitch())
		}
	}
}

// Every change that the policy offers is a command that there is, or a setting that takes
// the value.
func TestChangesCanBeMade(t *testing.T) {
	kinds := 0
	for r := (policy.Remedy{}); r.Words() != ""; r.Kind++ {
		kinds++
		if r.Cause = policy.NoCause; r.Kind == policy.TurnOff {
			r.Cause = policy.Spam
		}
		check := checkCommand
		if _, ok := r.Setting(); ok {
			check = checkSetting
		}
		if err := check(r); err != nil {
			t.Errorf("%s: %v", r.Words(), err)
		}
	}
	if kinds < 10 {
		t.Errorf("only %d kinds of changes", kinds)
	}
}

func checkCommand(r policy.Remedy) error {
	words := append(strings.Fields(r.Command()), "una@example.com")
	cmd, args, err := newRootCommand(&app{}).Find(words)
	if err != nil {
		return err
	}
	if !cmd.Runnable() || cmd.HasSubCommands() {
		return fmt.Errorf("%q is no command", words)
	}
	return cmd.ValidateArgs(args)
}

func checkSetting(r policy.Remedy) error {
	setting, _ := r.Setting()
	section, line, _ := strings.Cut(setting.String(), ".")
	s := settings.Defaults()
	if err := s.Parse("changed.toml", []byte("["+section+"]\n"+line+"\n")); err != nil {
		return err
	}
	_, err := s.Policy()
	return err
}

func settingKeys() (keys []string) {
	settings.Defaults().Each(func(key string, _ reflect.Value) { keys = append(keys, key) })
	return keys
}
