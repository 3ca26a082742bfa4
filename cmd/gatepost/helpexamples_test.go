package main

import (
	"regexp"
	"strings"
	"testing"

	"gatepost/settings"
)

// TestHelpExamples: --help of every command has an example, of that command, with flags and a
// number of arguments that it takes.
func TestHelpExamples(t *testing.T) {
	for _, path := range commandPaths(newRootCommand(&app{})) {
		args := strings.Fields(path)[1:]
		code, out, _ := runWith(t, "absent.db", "", append(args, "--help")...)
		_, shown, found := strings.Cut(out, "\nExamples:\n")
		if code != exitDone || !found {
			t.Errorf("%s --help has no example", path)
			continue
		}
		shown, _, _ = strings.Cut(shown, "\n\n")
		for line := range strings.Lines(shown) {
			if !strings.Contains(line, path) {
				t.Errorf("%s --help shows %q", path, line)
			}
			for command := range strings.SplitSeq(line, "|") {
				if command = strings.TrimSpace(command); !strings.HasPrefix(command, "grep ") {
					checkLine(t, command)
				}
			}
		}
	}
}

// checkLine reports a command line that its command does not take.
func checkLine(t *testing.T, line string) {
	t.Helper()
	line, _, _ = strings.Cut(line, " >")
	line, _, _ = strings.Cut(line, " <")
	var words []string
	for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, m[1]+m[2])
	}
	if len(words) == 0 || words[0] != "gatepost" {
		t.Errorf("%q is no command of ours", line)
		return
	}
	root := newRootCommand(&app{flags: map[string]settings.Flag{}})
	cmd, rest, err := root.Find(words[1:])
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil {
		t.Errorf("%q: %v", line, err)
	}
}
