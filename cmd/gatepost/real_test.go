package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// No second server has a database that another serves, whatever name it is given.
func TestSecondServerByAnotherName(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	other := t.TempDir()
	path := filepath.Join(g.dir, "gatepost.db")
	for _, c := range []struct {
		name string
		link func(old, new string) error
		want string
	}{
		{"symbolic.db", os.Symlink, "another server has " + path + " open"},
		{"hard.db", os.Link, filepath.Join(other, "hard.db") + " has 2 hard links"},
	} {
		name := filepath.Join(other, c.name)
		if err := c.link(path, name); err != nil {
			t.Fatal(err)
		}
		cmd := g.command("serve", "--smtp", "127.0.0.1:0", "--db", name)
		var out bytes.Buffer
		cmd.Stderr = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		serving := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		serving.Stop()
		if cmd.ProcessState.ExitCode() != exitConfig || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %s: %s", c.name, cmd.ProcessState, &out)
		}
	}
}
