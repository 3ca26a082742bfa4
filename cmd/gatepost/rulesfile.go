package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"gatepost/policy"
)

func newRulesImport(a *app) *cobra.Command {
	var of lifeFlags
	cmd := &cobra.Command{
		Use:   "import allow|block FILE|-",
		Short: "add the entries of a file to a list, without a limit",
		Long: "Add the entries of a file to a list: separated by white space, of any number.\n" +
			"What follows a # at the start of a word, to the end of its line, is a comment.\n" +
			"One malformed entry and nothing is imported.",
		Args: takes(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := listName(args[0])
			if err != nil {
				return err
			}
			life, err := of.life(a.now())
			if err != nil {
				return err
			}
			in, err := a.input(args[1])
			if err != nil {
				return err
			}
			defer in.Close()
			entries, err := readEntries(list, inputName(args[1]), in)
			if err != nil {
				return err
			}
			return a.addRules(cmd.Context(), list, entries, life)
		},
	}
	a.yesFlag(cmd)
	of.add(cmd)
	return cmd
}

// readEntries reads entries until r ends. All that are malformed are named with their line.
// An entry that is repeated is taken once.
func readEntries(list policy.ListName, name string, r io.Reader) ([]policy.Entry, error) {
	var entries []policy.Entry
	var bad []error
	lines := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, end := lines.ReadString('\n')
		if end != nil && end != io.EOF {
			return nil, no("read %s: %w", name, end)
		}
		found, err := policy.ParseEntries(list, uncommented(line, number))
		bad = append(bad, onLine(name, number, err)...)
		entries = append(entries, found...)
		if end == io.EOF {
			break
		}
	}
	if len(bad) > 0 {
		return nil, refused(list, errors.Join(bad...))
	}
	return unrepeated(entries), nil
}

// uncommented is a line without its comment, the first line without the byte order mark
// that some editors leave there. A comment starts with a # at the start of a word.
func uncommented(line string, number int) string {
	if number == 1 {
		line = strings.TrimPrefix(line, "\ufeff")
	}
	before := ' '
	for i, r := range line {
		if r == '#' && unicode.IsSpace(before) {
			return line[:i]
		}
		before = r
	}
	return line
}

// onLine says of each problem on which line of the file it is.
func onLine(name string, number int, err error) []error {
	var problems policy.Problems
	if !errors.As(err, &problems) {
		return nil
	}
	bad := make([]error, len(problems))
	for i, p := range problems {
		bad[i] = fmt.Errorf("%s:%d: %w", name, number, p)
	}
	return bad
}

func unrepeated(entries []policy.Entry) []policy.Entry {
	type rule struct {
		keyword policy.Keyword
		target  string
	}
	seen := make(map[rule]bool, len(entries))
	return slices.DeleteFunc(entries, func(e policy.Entry) bool {
		key := rule{e.Keyword, e.Target}
		again := seen[key]
		seen[key] = true
		return again
	})
}
