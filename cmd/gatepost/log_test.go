package main

import (
	"strings"
	"testing"

	"gatepost/settings"
	"gatepost/terminal"
)

// Whatever the form of the log a terminal obeys nothing that stands in it.
func TestLogShowsEverything(t *testing.T) {
	for _, format := range []string{settings.LogText, settings.LogJSON, settings.LogAuto} {
		var out strings.Builder
		a := &app{stderr: &out}
		a.logger(format).Info("a\x1b[2J", "path", "\u202eb\u200b\u2800\x9b\r\n")
		line, rest, _ := strings.Cut(out.String(), "\n")
		if line == "" || rest != "" || terminal.Visible(line) != line {
			t.Errorf("%s: %q is not one visible line", format, out.String())
		}
	}
}
