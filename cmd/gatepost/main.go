// Command gatepost is an inbound mail filter: it takes each message over SMTP and makes it
// a ticket, an entry of the suspended queue or a silent rejection. This package builds
// the rooms and opens the listeners; it never judges a message itself.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // for a machine that has no time zones

	"gatepost/settings"
	"gatepost/terminal"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program from its arguments to its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return newApp(stdin, stdout, stderr).run(ctx, args)
}

// newApp goes by this machine's clock and environment.
func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{stdin: stdin, stdout: stdout, stderr: stderr, getenv: os.Getenv,
		environ: os.Environ, now: time.Now, flags: map[string]settings.Flag{}}
}

func (a *app) run(ctx context.Context, args []string) int {
	root := newRootCommand(a)
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !a.started {
		err = fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())
		if cmd == root && slices.Contains(args, "ingest") {
			err = tryAgain(err) // a wrong flag in front of the verb hides it
		}
	}
	a.report(err)
	return a.exitCode(err)
}

// report says what went wrong, each line of it under our name.
func (a *app) report(err error) {
	if err == nil || err.Error() == "" {
		return
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(a.stderr, "gatepost:", terminal.Visible(strings.TrimRight(line, "\r\n")))
	}
}
