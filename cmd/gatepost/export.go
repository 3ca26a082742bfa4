package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"gatepost/mailfile"
	"gatepost/store"
	"gatepost/terminal"
)

// An export is how messages are written: as CSV or, with --json, as JSON lines, to an mbox
// file or into a folder.
type export struct {
	csv       bool
	mbox, eml string
}

func newExport(cmd *cobra.Command) *export {
	e, flags := &export{}, cmd.Flags()
	flags.BoolVar(&e.csv, "csv", false, "write what is known of each as CSV to stdout (the default)")
	flags.StringVar(&e.mbox, "mbox", "", "write the messages to this `FILE`; - is stdout")
	flags.StringVar(&e.eml, "eml", "", "write a file for each message into this `DIR`")
	cmd.PreRunE = oneOf("json", "csv", "mbox", "eml")
	return e
}

// files reports whether the messages themselves are written.
func (e *export) files() bool { return e.mbox != "" || e.eml != "" }

// exportMessages writes all that can be read. What cannot is an error in the end.
func (a *app) exportMessages(ctx context.Context, db *store.DB, all iter.Seq2[storedMessage, error],
	e export) (err error) {
	var left []error
	bodies := contents{db: db, all: all, leave: func(err error) { left = append(left, err) }}
	switch {
	case e.eml != "":
		err = a.writeFolder(ctx, bodies, e.eml)
	case e.mbox == "-":
		_, err = writeMbox(ctx, bodies, a.stdout)
	default:
		err = a.writeMboxFile(ctx, bodies, e.mbox)
	}
	return errors.Join(append(left, err)...)
}

// contents are messages that are to be written out.
type contents struct {
	db    *store.DB
	all   iter.Seq2[storedMessage, error]
	leave func(error) // told of each that cannot be read
}

// writeRecords writes what is known of each message.
func writeRecords[T any](a *app, seq iter.Seq2[T, error], columns []string,
	cells func(T) []string) error {
	if a.json {
		return printList(a, seq, columns, cells)
	}
	return writeCSV(a.stdout, seq, columns, cells)
}

// writeCSV writes a line of columns and a line for each record (RFC 4180).
func writeCSV[T any](w io.Writer, seq iter.Seq2[T, error], columns []string,
	cells func(T) []string) error {
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
		return err
	}
	for v, err := range seq {
		if err != nil {
			return err
		}
		if err := out.Write(harmless(cells(v))); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// harmless puts a quote before what a spreadsheet would run as a formula, and makes visible
// what a terminal would obey, a tab too. Where a comma is the decimal point a spreadsheet takes
// semicolons for the ends of cells, and quotes that do not begin one for text.
func harmless(cells []string) []string {
	for i, cell := range cells {
		pieces := strings.SplitAfter(cell, ";")
		for j, piece := range pieces {
			if pieces[j] = terminal.Visible(piece); isFormula(piece) {
				pieces[j] = "'" + pieces[j]
			}
		}
		cells[i] = strings.Join(pieces, "")
	}
	return cells
}

// isFormula reports whether a spreadsheet may take text for a formula, before which some pass
// over spaces and quotes.
func isFormula(text string) bool {
	text = strings.TrimLeftFunc(text, func(r rune) bool {
		return r == '"' || unicode.IsSpace(r) && r != '\t' && r != '\r'
	})
	return strings.IndexAny(text, "=+-@\t\r＝＋－＠") == 0
}

// writeMboxFile writes a new mbox file. One that is there is never written over, and one
// that could not be finished is removed.
func (a *app) writeMboxFile(ctx context.Context, c contents, name string) error {
	n := 0
	err := mailfile.Create(name, func(f io.Writer) (err error) {
		n, err = writeMbox(ctx, c, f)
		return err
	})
	if errors.Is(err, os.ErrExist) {
		return no("%s exists already and is not written over: name another file", name)
	}
	if err != nil {
		return err
	}
	a.note("%s written to %s", count(n, "message", "messages"), name)
	return nil
}

// writeMbox writes messages one after another, quoted as mboxrd has it, with LF line ends
// (RFC 4155, appendix A), and says how many.
func writeMbox(ctx context.Context, c contents, w io.Writer) (n int, err error) {
	err = c.each(ctx, func(l storedMessage, raw io.Reader) error {
		n++
		return mailfile.WriteMbox(w, mboxSender(l.from), l.created, raw)
	})
	return n, err
}

// each visits messages with their bytes. One that is deleted meanwhile is left out.
func (c contents) each(ctx context.Context, visit func(storedMessage, io.Reader) error) error {
	for l, err := range c.all {
		if err != nil {
			return err
		}
		raw, err := c.db.Raw(ctx, l.id)
		switch {
		case errors.Is(err, store.ErrNotFound):
			continue
		case errors.Is(err, store.ErrDamaged), errors.Is(err, store.ErrContentGone):
			c.leave(no("message %d was left out: %w", l.id, err))
			continue
		case err != nil:
			return err
		}
		if err := errors.Join(visit(l, raw), raw.Close()); err != nil {
			return fmt.Errorf("export message %d: %w", l.id, err)
		}
	}
	return nil
}

// mboxSender is the address for a From line, which ends at the first space.
func mboxSender(address string) string {
	if address == "" || strings.ContainsAny(terminal.Visible(address), " \\") {
		return "MAILER-DAEMON"
	}
	return address
}

// writeFolder writes each message to a file that is named by its id. A file that is there
// is the same message and stays; another file of that name is an error.
func (a *app) writeFolder(ctx context.Context, c contents, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return no("%w", err)
	}
	written, kept := 0, 0
	err := c.each(ctx, func(l storedMessage, raw io.Reader) error {
		isNew, err := mailfile.WriteFile(filepath.Join(dir, strconv.FormatInt(l.id, 10)+".eml"), raw)
		if err == nil && isNew {
			written++
		} else if err == nil {
			kept++
		}
		return err
	})
	a.note("%s written to %s, %d there already", count(written, "message", "messages"), dir, kept)
	return err
}
