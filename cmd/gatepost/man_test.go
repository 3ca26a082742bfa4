package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestManPages: docs/man has a page for each command, as `gatepost man` writes it, and no
// other.
func TestManPages(t *testing.T) {
	dir := t.TempDir()
	if code, _, stderr := runWith(t, "absent.db", "", "man", dir); code != exitDone {
		t.Fatal(stderr)
	}
	want, have := pagesIn(t, dir), pagesIn(t, "../../docs/man")
	for name, page := range want {
		if have[name] != page {
			t.Errorf("docs/man/%s is not what the command says: scripts/generate writes it", name)
		}
	}
	for name := range have {
		if want[name] == "" {
			t.Errorf("docs/man/%s is of no command", name)
		}
	}
	for _, command := range commandPaths(newRootCommand(&app{})) {
		page, flag := want[strings.ReplaceAll(command, " ", "-")+".1"], "--help"
		if !strings.Contains(page, ".SH SYNOPSIS") || !strings.Contains(page, flag) {
			t.Errorf("%s has no man page", command)
		}
	}
}

// commandPaths are a command and all below it that people are shown.
func commandPaths(cmd *cobra.Command) []string {
	paths := []string{cmd.CommandPath()}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			paths = slices.Concat(paths, commandPaths(sub))
		}
	}
	return paths
}

func pagesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%s has %d pages, %v", dir, len(files), err)
	}
	pages := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.Base(file)] = string(text)
	}
	return pages
}
