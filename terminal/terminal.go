// Package terminal writes to the terminal of a person, and asks there: tables that fit its width,
// fields, JSON, a log. It never lets a terminal obey what a stranger wrote: what does not show as
// itself is written in letters.
package terminal

import (
	"io"

	"golang.org/x/term"
)

// Is reports whether f, a reader or a writer, is a terminal.
func Is(f any) bool {
	file, ok := f.(descriptor)
	return ok && term.IsTerminal(int(file.Fd()))
}

// A descriptor is an *os.File, or one that a Progress writes over.
type descriptor interface{ Fd() uintptr }

// Width is the width of the terminal w in cells, 80 where it does not say.
func Width(w io.Writer) (width int, ok bool) {
	if !Is(w) {
		return 0, false
	}
	width, _, err := term.GetSize(int(w.(descriptor).Fd()))
	if err != nil || width <= 0 {
		return 80, true
	}
	return width, true
}
