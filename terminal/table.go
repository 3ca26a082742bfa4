package terminal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"

	"charm.land/lipgloss/v2"
)

// tableRows is how many rows are laid out together on a terminal: what a person may scroll
// through with columns that line up, and a bound on memory. Longer results are several
// tables under one another.
const tableRows = 1000

// WriteTable prints rows with every cell made visible: under headers in columns that fit the
// width of a terminal, a row a line; elsewhere without headers, cells separated by tabs.
func WriteTable(w io.Writer, headers []string, rows iter.Seq2[[]string, error],
	colour bool) error {
	width, onTerminal := Width(w)
	if !onTerminal {
		return writeTabbed(w, rows)
	}
	var batch [][]string
	var hidden error // what ends the rows, behind those that were read
	for row, err := range rows {
		if hidden = err; err != nil {
			break
		}
		if batch = append(batch, visibleCells(row)); len(batch) == tableRows {
			if err := writeBatch(w, headers, batch, width, colour); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if len(batch) == 0 {
		return hidden
	}
	return errors.Join(writeBatch(w, headers, batch, width, colour), hidden)
}

func writeBatch(w io.Writer, headers []string, rows [][]string, width int, colour bool) error {
	_, err := fmt.Fprintln(w, layOut(headers, rows, width, colour))
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
			out.WriteString(Visible(cell))
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
		cells[i] = Visible(cell)
	}
	return cells
}

// WriteFields prints a single thing: its fields by name, a line each. Empty values are
// left out.
func WriteFields(w io.Writer, fields [][2]string, colour bool) error {
	wide := 0
	for _, f := range fields {
		wide = max(wide, len(f[0]))
	}
	for _, f := range fields {
		if f[1] == "" {
			continue
		}
		name := fmt.Sprintf("%-*s", wide+2, f[0])
		if colour {
			name = lipgloss.NewStyle().Faint(true).Render(name)
		}
		if _, err := fmt.Fprintln(w, name+Visible(f[1])); err != nil {
			return err
		}
	}
	return nil
}
