package main

import (
	"fmt"
	"io"
	"iter"
	"strconv"
	"time"

	"gatepost/terminal"
)

// printJSON writes v as one line of JSON.
func (a *app) printJSON(v any) error { return terminal.WriteJSON(a.stdout, v) }

// print writes one line of a result, with what a stranger may have put into it visible.
func (a *app) print(format string, args ...any) error {
	_, err := fmt.Fprintln(a.stdout, terminal.Visible(fmt.Sprintf(format, args...)))
	return err
}

// note writes a line for the person at the terminal to stderr, unless -q was given.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintln(a.stderr, terminal.Visible(fmt.Sprintf(format, args...)))
	}
}

// progress is a bar on a terminal for what may take over a second, beside results that come
// meanwhile, or nil. What is printed and noted while it is there goes above it.
func (a *app) progress(results io.Writer) *terminal.Progress {
	to := a.stderr
	if a.quiet || a.json {
		to = io.Discard
	}
	p := terminal.NewProgress(to, results)
	a.stdout, a.stderr = p.Over(a.stdout), p.Over(a.stderr)
	return p
}

// withBar says how far a list of a total number of messages is while it is read.
func withBar[T any](p *terminal.Progress, total int64, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		defer p.End()
		var n int64
		for v, err := range seq {
			if n++; !yield(v, err) {
				return
			}
			p.Messages(n, total)
		}
	}
}

// printList prints what seq yields: a JSON object a line with --json, else a table of rows.
func printList[T any](a *app, seq iter.Seq2[T, error], headers []string,
	row func(T) []string) error {
	if !a.json {
		return a.table(headers, func(yield func([]string, error) bool) {
			for v, err := range seq {
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(row(v), nil) {
					return
				}
			}
		})
	}
	for v, err := range seq {
		if err != nil {
			return err
		}
		if err := a.printJSON(v); err != nil {
			return err
		}
	}
	return nil
}

// orNone says in words on a terminal that seq yielded nothing, where an empty screen would
// leave a person in doubt.
func orNone[T any](a *app, seq iter.Seq2[T, error], words string) iter.Seq2[T, error] {
	if a.json || !terminal.Is(a.stdout) {
		return seq
	}
	return func(yield func(T, error) bool) {
		empty := true
		for v, err := range seq {
			empty = false
			if !yield(v, err) {
				return
			}
		}
		if empty {
			a.note("%s", words)
		}
	}
}

// rowsOf turns what is at hand into what table and printList take.
func rowsOf[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// table prints rows in columns that fit a terminal, elsewhere separated by tabs.
func (a *app) table(headers []string, rows iter.Seq2[[]string, error]) error {
	return terminal.WriteTable(a.stdout, headers, rows, a.colour())
}

// printFields prints the fields of a single thing.
func (a *app) printFields(fields [][2]string) error {
	return terminal.WriteFields(a.stdout, fields, a.colour())
}

// colour reports whether results may be coloured: on a terminal, and NO_COLOR is not set
// (no-color.org).
func (a *app) colour() bool {
	return terminal.Is(a.stdout) && a.getenv("NO_COLOR") == ""
}

// when writes a time for a table: how long ago (or ahead) it is on a terminal, else in full.
func (a *app) when(t time.Time) string {
	if !terminal.Is(a.stdout) {
		return stamp(t)
	}
	return age(a.now().Sub(t))
}

// stamp writes t in full: RFC 3339, UTC, whole seconds.
func stamp(t time.Time) string {
	return t.UTC().Format(time.RFC3339)
}

// age writes a length of time in its largest unit: 45s, 3m, 2h, 5d. Of the future, to the
// minute above, so that what was just set to end in 14 days does: in 14d.
func age(d time.Duration) string {
	if d < 0 {
		return "in " + age(time.Minute-d-1)
	}
	for _, u := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= u.length {
			return strconv.FormatInt(int64(d/u.length), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + "s"
}

// count writes a number of things: 1 entry, 2 entries.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
