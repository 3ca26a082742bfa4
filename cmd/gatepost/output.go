package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"golang.org/x/term"
)

// tableRows is how many rows are laid out together on a terminal: what a person may scroll
// through with columns that line up, and a bound on memory. Longer results are several
// tables under one another.
const tableRows = 1000

// printJSON writes v as one line of JSON. Characters that a terminal would obey are escaped.
func (a *app) printJSON(v any) error {
	var line strings.Builder
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err := io.WriteString(a.stdout, escapeJSON(line.String()))
	return err
}

// escapeJSON writes the hidden characters that encoding/json leaves as they are (DEL, C1,
// bidi, zero-width) as JSON escapes, so that the value stays the same.
func escapeJSON(line string) string {
	line = strings.TrimSuffix(line, "\n")
	if strings.IndexFunc(line, isHidden) < 0 {
		return line + "\n"
	}
	var b strings.Builder
	for _, r := range line {
		switch {
		case !isHidden(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default: // a pair of surrogates (RFC 8259, section 7)
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return b.String() + "\n"
}

// print writes one line of a result, with what a stranger may have put into it visible.
func (a *app) print(format string, args ...any) error {
	_, err := fmt.Fprintln(a.stdout, visible(fmt.Sprintf(format, args...)))
	return err
}

// note writes a line for the person at the terminal to stderr, unless -q was given.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintln(a.stderr, visible(fmt.Sprintf(format, args...)))
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
	if a.json || !isTerminal(a.stdout) {
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

// table prints rows with every cell made visible: under headers in columns that fit the
// width of a terminal, a row a line; elsewhere without headers, cells separated by tabs.
func (a *app) table(headers []string, rows iter.Seq2[[]string, error]) error {
	width, onTerminal := terminalWidth(a.stdout)
	if !onTerminal {
		return writeTabbed(a.stdout, rows)
	}
	var batch [][]string
	var hidden error // what ends the rows, behind those that were read
	for row, err := range rows {
		if hidden = err; err != nil {
			break
		}
		if batch = append(batch, visibleCells(row)); len(batch) == tableRows {
			if err := a.writeTable(headers, batch, width); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if len(batch) == 0 {
		return hidden
	}
	return errors.Join(a.writeTable(headers, batch, width), hidden)
}

func (a *app) writeTable(headers []string, rows [][]string, width int) error {
	_, err := fmt.Fprintln(a.stdout, layOut(headers, rows, width, a.colour()))
	return err
}

func writeTabbed(w io.Writer, rows iter.Seq2[[]string, error]) error {
	out := bufio.NewWriter(w)
	for row, err := range rows {
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		for i, cell := range row {
			if i > 0 {
				out.WriteByte('\t')
			}
			out.WriteString(visible(cell))
		}
		if err := out.WriteByte('\n'); err != nil { // as of every write before it
			return err
		}
	}
	return out.Flush()
}

func visibleCells(row []string) []string {
	cells := make([]string, len(row))
	for i, cell := range row {
		cells[i] = visible(cell)
	}
	return cells
}

// printFields prints a single thing: its fields by name, a line each. Empty values are
// left out.
func (a *app) printFields(fields [][2]string) error {
	wide := 0
	for _, f := range fields {
		wide = max(wide, len(f[0]))
	}
	for _, f := range fields {
		if f[1] == "" {
			continue
		}
		name := fmt.Sprintf("%-*s", wide+2, f[0])
		if a.colour() {
			name = lipgloss.NewStyle().Faint(true).Render(name)
		}
		if _, err := fmt.Fprintln(a.stdout, name+visible(f[1])); err != nil {
			return err
		}
	}
	return nil
}

// colour reports whether results may be coloured: on a terminal, and NO_COLOR is not set
// (no-color.org).
func (a *app) colour() bool {
	return isTerminal(a.stdout) && a.getenv("NO_COLOR") == ""
}

// isTerminal reports whether f, a reader or a writer, is a terminal.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// terminalWidth is the width of the terminal w in cells, 80 where it does not say.
func terminalWidth(w io.Writer) (width int, ok bool) {
	if !isTerminal(w) {
		return 0, false
	}
	width, _, err := term.GetSize(int(w.(*os.File).Fd()))
	if err != nil || width <= 0 {
		return 80, true
	}
	return width, true
}

// when writes a time for a table: how long ago (or ahead) it is on a terminal, else in full.
func (a *app) when(t time.Time) string {
	if !isTerminal(a.stdout) {
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
