package terminal

import (
	"path"
	"slices"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
	"github.com/charmbracelet/x/ansi"
)

// columnGap is how many cells are left free between two columns.
const columnGap = 2

// FileColumn is the header of a column of paths. They are cut at their start, since it is
// the name of the file that tells one from another.
const FileColumn = "FILE"

// layOut makes a table at most width cells wide, a row a line. What is cut has an ellipsis
// in its place; narrow columns are not cut, and the wide ones share what is left.
func layOut(headers []string, rows [][]string, width int, colour bool) string {
	room := width - columnGap*(len(headers)-1)
	widths := share(columnWidths(headers, rows, room), room)
	style := func(row, col int) lipgloss.Style {
		s := lipgloss.NewStyle().Bold(row == table.HeaderRow && colour)
		if col == len(headers)-1 {
			return s.Width(widths[col])
		}
		return s.Width(widths[col] + columnGap).PaddingRight(columnGap)
	}
	t := table.New().Headers(cutCells(headers, headers, widths)...).StyleFunc(style).Wrap(false).
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).
		BorderHeader(false).BorderColumn(false)
	for _, row := range rows {
		t.Row(cutCells(headers, row, widths)...)
	}
	return t.String()
}

// columnWidths are what the columns would like to have: all of it, but of paths that do
// not fit into the room as they are the name only.
func columnWidths(headers []string, rows [][]string, room int) []int {
	widths, sum := make([]int, len(headers)), 0
	for i, header := range headers {
		widths[i] = lipgloss.Width(header)
		for _, row := range rows {
			widths[i] = max(widths[i], lipgloss.Width(row[i]))
		}
		sum += widths[i]
	}
	if i := slices.Index(headers, FileColumn); i >= 0 && sum > room {
		names := len(FileColumn)
		for _, row := range rows {
			names = max(names, min(lipgloss.Width(row[i]), lipgloss.Width("…/"+path.Base(row[i]))))
		}
		widths[i] = max(names, room-(sum-widths[i]))
	}
	return widths
}

// share divides the room between columns: those that want less than an equal part get what
// they want, and leave the rest to the others. The last of these gets what cannot be
// divided.
func share(wants []int, room int) []int {
	widths := make([]int, len(wants))
	for open := len(wants); open > 0; {
		part, settled := max(room/open, 1), 0
		for i, want := range wants {
			if widths[i] == 0 && want <= part {
				widths[i] = max(want, 1)
				room, settled = room-widths[i], settled+1
			}
		}
		if open -= settled; settled > 0 {
			continue
		}
		for i := range widths {
			if widths[i] == 0 {
				widths[i] = max(room/open, 1)
				room, open = room-widths[i], open-1
			}
		}
	}
	return widths
}

// cutCells cuts each cell of a row to the width of its column.
func cutCells(headers, row []string, widths []int) []string {
	cells := make([]string, len(row))
	for i, cell := range row {
		if over := lipgloss.Width(cell) - widths[i]; over > 0 && headers[i] == FileColumn {
			cells[i] = ansi.TruncateLeft(cell, over+1, "…")
		} else {
			cells[i] = ansi.Truncate(cell, widths[i], "…")
		}
	}
	return cells
}
