package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/store"
	"gatepost/terminal"
)

// doomedShown is how many of the things that would go are named before the question.
const doomedShown = 10

// confirm asks on a terminal before something is destroyed, and names what will go. With
// --yes it does not ask; where nobody can be asked, --yes is required.
func (a *app) confirm(what string, doomed ...string) error {
	what = terminal.Visible(what)
	if a.yes {
		return nil
	}
	if !terminal.Is(a.stdin) {
		return misuse("to %s, give --yes: there is no terminal to ask on", what)
	}
	for _, line := range doomed[:min(len(doomed), doomedShown)] {
		fmt.Fprintln(a.stderr, "  "+terminal.Visible(line))
	}
	if more := len(doomed) - doomedShown; more > 0 {
		fmt.Fprintf(a.stderr, "  and %d more\n", more)
	}
	yes, err := terminal.Ask(a.stdin, a.stderr, what)
	if err == nil && !yes {
		err = no("not confirmed: nothing was changed")
	}
	return err
}

// words returns args, or the words of stdin, separated by white space, if args is a lone -.
func (a *app) words(args []string) ([]string, error) {
	if len(args) != 1 || args[0] != "-" {
		return args, nil
	}
	text, err := io.ReadAll(a.stdin)
	if err != nil {
		return nil, fmt.Errorf("read stdin: %w", err)
	}
	return strings.Fields(string(text)), nil
}

// withIDs is a command about what its arguments name, in a database that is there.
func (a *app) withIDs(do func(context.Context, *store.DB, []int64) error) func(*cobra.Command,
	[]string) error {
	return func(cmd *cobra.Command, args []string) error {
		ids, err := a.ids(args)
		if err != nil {
			return err
		}
		return a.withStore(cmd.Context(), false, func(db *store.DB) error {
			return do(cmd.Context(), db, ids)
		})
	}
}

// ids reads the ids of held messages, tickets or tokens from args or stdin. A repeated id is taken
// once; what is no id is a usage error.
func (a *app) ids(args []string) ([]int64, error) {
	words, err := a.words(args)
	if err != nil {
		return nil, err
	}
	ids, seen := make([]int64, 0, len(words)), make(map[int64]bool, len(words))
	for _, word := range words {
		id, err := parseID(word)
		if err != nil {
			return nil, err
		}
		if !seen[id] {
			ids, seen[id] = append(ids, id), true
		}
	}
	return ids, nil
}

func parseID(s string) (int64, error) {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id < 1 {
		return 0, misuse("%q is no id: ids are whole numbers, as `list` shows them", s)
	}
	return id, nil
}

// input opens the file that is named, or stdin for -.
func (a *app) input(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(a.stdin), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, no("%w", err)
	}
	return f, nil
}

// inputName is how a file is called in what is said about it.
func inputName(name string) string {
	if name == "-" {
		return "stdin"
	}
	return name
}

// readPassword takes a password from stdin if fromStdin is set, and else asks for it twice
// on a terminal, without echo.
func (a *app) readPassword(fromStdin bool) (string, error) {
	if fromStdin {
		text, err := io.ReadAll(io.LimitReader(a.stdin, store.MaxPassword+3))
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
		return line, checkPassword(line)
	}
	file, ok := a.stdin.(*os.File)
	if !ok || !terminal.Is(file) {
		return "", misuse("there is no terminal to ask on: give the password with --password-stdin")
	}
	first, err := a.ask(file, "Password: ")
	if err != nil {
		return "", err
	}
	if err := checkPassword(first); err != nil {
		return "", err
	}
	again, err := a.ask(file, "Once more: ")
	if err == nil && again != first {
		err = no("the two passwords differ: nothing was changed")
	}
	return first, err
}

func (a *app) ask(file *os.File, prompt string) (string, error) {
	text, err := terminal.AskHidden(file, a.stderr, prompt)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return text, nil
}

func checkPassword(s string) error {
	if err := store.CheckPassword(s); err != nil {
		return no("%w", err)
	}
	return nil
}
