package main

import (
	"os"
	"testing"
)

// What is to be pasted calls the program as it was called.
func TestPastedProgram(t *testing.T) {
	for called, want := range map[string]string{
		"gatepost": "gatepost", "./gatepost": "./gatepost", "../bin/gatepost": "../bin/gatepost",
		"/opt/odd place/gatepost": "'/opt/odd place/gatepost'", "": "gatepost", "-bash": "gatepost",
		"./$(reboot)": "'./$(reboot)'",
	} {
		if got := program(called); got != want {
			t.Errorf("called as %q: %s, want %s", called, got, want)
		}
	}
	a := &app{configPath: "gate.toml"}
	want := program(os.Args[0]) + " --config gate.toml loop reset una@example.com"
	if got := a.command("loop", "reset", "una@example.com"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	want = program(os.Args[0]) + " --config gate.toml org remove -- '-x $(reboot)' acme.test"
	if got := a.command("org", "remove", "-x $(reboot)", "acme.test"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
