package zendesk

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Columns of a CSV file by the names that exports give them, in small letters and with spaces.
const (
	emailColumns     = "email, e mail, email address, user email, primary email"
	nameColumns      = "name, user name, full name, organization name"
	roleColumns      = "role, user role"
	suspendedColumns = "suspended, is suspended, suspended user, user suspended"
	activeColumns    = "active, is active, active user, user active"
	domainColumns    = "domain names, domains, domain, default"
)

// A sheet is a CSV file whose columns are known; -1 is a column that is not there.
type sheet struct {
	name                                           string
	email, person, role, suspended, active, domain int
}

// readCSV reads a file whose first row names its columns. A row that is no CSV is left out, if it
// can be told where the next begins.
func (e *Export) readCSV(name string, text []byte) error {
	comma, skipped := separator(text)
	rows := csv.NewReader(bytes.NewReader(text[skipped:]))
	rows.Comma, rows.FieldsPerRecord, rows.ReuseRecord = comma, -1, true
	first := 1 + bytes.Count(text[:skipped], []byte("\n"))
	header, err := rows.Read()
	if err != nil {
		return fmt.Errorf("%s: the first row cannot be read: %w", name, err)
	}
	s := sheet{name, find(header, emailColumns), find(header, nameColumns),
		find(header, roleColumns), find(header, suspendedColumns), find(header, activeColumns),
		find(header, domainColumns)}
	read := e.readUserRow
	switch {
	case s.email < 0 && s.domain >= 0 && s.person >= 0:
		read = e.readOrgRow
	case s.email < 0:
		return fmt.Errorf("%s: no column is named email, as those of users are, nor name and "+
			"domain_names, as those of organisations are", name)
	}
	for {
		row, err := rows.Read()
		var bad *csv.ParseError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &bad) && bad.Err == csv.ErrBareQuote:
			e.Left = append(e.Left, Finding{File: name, Line: first - 1 + bad.Line,
				Why: "a quotation mark stands in a cell that has none around it: double it and put the " +
					"cell in quotation marks"})
			continue
		case errors.As(err, &bad):
			return fmt.Errorf("%s: line %d: %w: where the row ends that begins there cannot be told",
				name, first-1+bad.StartLine, bad.Err)
		case err != nil:
			return fmt.Errorf("read %s: %w", name, err)
		}
		line, _ := rows.FieldPos(0)
		read(s, row, first-1+line)
	}
}

// separator is what stands between cells, and how many octets a first line takes that says so
// (sep=; of a spreadsheet).
func separator(text []byte) (comma rune, skipped int) {
	line, _, found := bytes.Cut(text, []byte("\n"))
	said := strings.TrimRight(string(line), "\r")
	if rest, ok := strings.CutPrefix(strings.ToLower(said), "sep="); ok && found && len(rest) == 1 {
		return rune(rest[0]), len(line) + 1
	}
	comma, most := ',', 0
	for _, c := range ",;\t" {
		if n := strings.Count(said, string(c)); n > most {
			comma, most = c, n
		}
	}
	return comma, 0
}

// find is the first column with one of the names, -1 if there is none.
func find(header []string, names string) int {
	return slices.IndexFunc(header, func(cell string) bool {
		cell = strings.NewReplacer("_", " ", "-", " ").Replace(strings.ToLower(cell))
		return slices.Contains(strings.Split(names, ", "), strings.Join(strings.Fields(cell), " "))
	})
}

func cell(row []string, column int) string {
	if column < 0 || column >= len(row) {
		return ""
	}
	return strings.TrimSpace(row[column])
}

func (e *Export) readUserRow(s sheet, row []string, line int) {
	r := record{file: s.name, line: line, name: cell(row, s.person), role: cell(row, s.role),
		emails: []string{cell(row, s.email)}}
	var sure bool
	text := cell(row, s.suspended)
	if r.suspended, sure = truth(text); !sure {
		r.suspended = true
		e.mend(r, text, "suspended")
	}
	text = cell(row, s.active)
	if active, sure := truth(text); text != "" && sure {
		r.deleted = !active
	}
	e.addUser(r)
}

func (e *Export) readOrgRow(s sheet, row []string, line int) {
	e.addOrg(record{file: s.name, line: line, name: cell(row, s.person)}, cell(row, s.domain))
}

// truth reads a cell that says yes or no, as far as that is sure.
func truth(s string) (is, sure bool) {
	switch strings.ToLower(s) {
	case "true", "yes", "y", "1", "t", "suspended", "active":
		return true, true
	case "false", "no", "n", "0", "f", "", "null", "not suspended", "-":
		return false, true
	}
	return false, false
}
