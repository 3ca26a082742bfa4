package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// plainFolder has the plain program, and a command gatepost that is it. TestMain makes and
// removes the folder.
var plainFolder string

// plainProgram is the program as people have it, without the race detector, under which most of
// the time of a command is the start of its process: a tenth of a second and more. What commands
// do is under it in the tests of the packages, and so is what a console shows; servers are under it
// unless a browser looks at them, or with -short. With GATEPOST_LONG all is.
var plainProgram = sync.OnceValues(func() (string, error) {
	program := filepath.Join(plainFolder, "program")
	build := exec.Command("go", "build", "-trimpath", "-o", program, ".")
	build.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return strings.HasPrefix(pair, "GOFLAGS=") || strings.HasPrefix(pair, "CGO_CFLAGS=")
	})
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", build, err, out)
	}
	// By its name alone, as if found in PATH: it says so in the commands that it prints.
	command := "#!/bin/bash\nexec -a gatepost '" + program + "' \"$@\"\n"
	return program, os.WriteFile(filepath.Join(plainFolder, "gatepost"), []byte(command), 0o700)
})

// bePlain has a command run the plain program, unless all is to be under the race detector.
func bePlain(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if allUnderRace() {
		return
	}
	program, err := plainProgram()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path = program
}

func allUnderRace() bool { return os.Getenv("GATEPOST_LONG") != "" }

// plainPath is PATH with the plain program before others.
func plainPath() (string, error) {
	path := os.Getenv("PATH")
	if allUnderRace() {
		return path, nil
	}
	_, err := plainProgram()
	return plainFolder + string(filepath.ListSeparator) + path, err
}

// commandOf is a command of the program, with settings as NAME=value. A server but with -short, what goes
// by a clock of the test, and what gets its arguments later, is the program that TestMain makes of this
// test.
func commandOf(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("gatepost", args...)
	cmd.Env = bare(env...)
	byClock := slices.ContainsFunc(env, func(pair string) bool {
		return strings.HasPrefix(pair, clockFile+"=")
	})
	if len(args) > 0 && (args[0] != "serve" || testing.Short()) && !byClock {
		bePlain(t, cmd)
	}
	return cmd
}
