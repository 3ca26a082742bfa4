package main

import (
	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
)

// layOut makes a table at most width cells wide, a row a line. What is cut ends in an
// ellipsis; wide columns are cut first, and the first (an id, an address) last.
func layOut(headers []string, rows [][]string, width int, colour bool) string {
	fixed := fixedWidths(columnWidths(headers, rows), width)
	style := func(row, col int) lipgloss.Style {
		s := lipgloss.NewStyle().Width(fixed[col]).Bold(row == table.HeaderRow && colour)
		if col < len(headers)-1 {
			s = s.PaddingRight(columnGap)
		}
		return s
	}
	t := table.New().Headers(headers...).Rows(rows...).StyleFunc(style).Wrap(false).
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).
		BorderHeader(false).BorderColumn(false)
	text := t.String()
	if lipgloss.Width(text) > width {
		text = t.Width(width).String()
	}
	return text
}

// columnGap is how many cells are left free between two columns.
const columnGap = 2

// columnWidths are the widths of the columns with nothing cut and the gap after them.
func columnWidths(headers []string, rows [][]string) []int {
	widths := make([]int, len(headers))
	for i, header := range headers {
		widths[i] = lipgloss.Width(header)
		for _, row := range rows {
			widths[i] = max(widths[i], lipgloss.Width(row[i]))
		}
		if i < len(headers)-1 {
			widths[i] += columnGap
		}
	}
	return widths
}

// fixedWidths are the widths of the columns that are not to be cut, 0 for the others: as
// many of the narrow ones as leave a third of the width, else the first if it leaves half.
func fixedWidths(widths []int, width int) []int {
	for _, narrow := range []int{22, 12} {
		fixed, sum := make([]int, len(widths)), 0
		for i, w := range widths {
			if w <= narrow {
				fixed[i], sum = w, sum+w
			}
		}
		if sum <= width*2/3 {
			return fixed
		}
	}
	fixed := make([]int, len(widths))
	if widths[0] <= width/2 {
		fixed[0] = widths[0]
	}
	return fixed
}
