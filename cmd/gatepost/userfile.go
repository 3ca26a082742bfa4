package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/policy"
	"gatepost/store"
)

func newUserImport(a *app) *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:   "import FILE.csv|-",
		Short: "make the profiles of a CSV file",
		Long: "Make the profiles of a CSV file. Its first row names the columns: email, and name\n" +
			"if there is one; others are passed over. One bad row and nothing is imported.\n" +
			"Profiles that are there stay as they are. A role comes only from --role.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			given, err := parseRole(role)
			if err != nil {
				return err
			}
			in, err := a.input(args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			users, err := readUsers(inputName(args[0]), in, given)
			if err != nil {
				return err
			}
			return a.importUsers(cmd.Context(), users)
		},
	}
	a.yesFlag(cmd)
	cmd.Flags().StringVar(&role, "role", "end-user",
		"the role of all of them: end-user, agent or admin")
	return cmd
}

func (a *app) importUsers(ctx context.Context, users []store.NewUser) error {
	return a.withStore(ctx, true, func(db *store.DB) error {
		did, err := a.editor(db).ImportUsers(ctx, users)
		if err != nil {
			return err
		}
		added := did.Added
		kept, repeated := len(users)-added, len(users)-distinct(users)
		if a.json {
			return a.printJSON(map[string]int{"added": added, "kept": kept})
		}
		a.note("%s imported, %d there already%s", count(added, "profile", "profiles"), kept-repeated,
			again(repeated))
		return nil
	})
}

// distinct is how many profiles there are: an address may stand on several lines.
func distinct(users []store.NewUser) int {
	seen := map[string]bool{}
	for _, u := range users {
		seen[u.Email.String()] = true
	}
	return len(seen)
}

func again(repeated int) string {
	if repeated == 0 {
		return ""
	}
	return fmt.Sprintf(", %s repeated in the file", count(repeated, "line", "lines"))
}

// readUsers reads a CSV file (RFC 4180) of profiles. Every bad row is named by the
// line of the file that it starts on.
func readUsers(name string, r io.Reader, role policy.Role) ([]store.NewUser, error) {
	rows := csv.NewReader(withoutMark(r))
	rows.FieldsPerRecord = -1
	header, err := rows.Read()
	if err != nil {
		return nil, badHeader(name, err)
	}
	email, person := column(header, "email"), column(header, "name")
	if email < 0 {
		return nil, no("%s: no column is named email: the first row must name the columns, "+
			"such as email,name", name)
	}
	f := userFile{name: name, email: email, person: person, role: role}
	return f.read(rows)
}

// withoutMark drops the byte order mark that spreadsheets put at the start.
func withoutMark(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if start, _ := b.Peek(3); string(start) == "\ufeff" {
		b.Discard(3)
	}
	return b
}

func badHeader(name string, err error) error {
	if err == io.EOF {
		return no("%s is empty: its first row must name the columns, such as email,name", name)
	}
	return &failure{exitNo, badRow(name, err)}
}

func column(header []string, name string) int {
	return slices.IndexFunc(header, func(s string) bool {
		return strings.EqualFold(strings.TrimSpace(s), name)
	})
}

// A userFile is a CSV file of profiles, once its columns are known.
type userFile struct {
	name          string
	email, person int // columns; person is -1 where there is none
	role          policy.Role
}

// read reads the rows after the first. A row is called by the line it starts on. An address that is repeated is taken once by the store.
func (f userFile) read(rows *csv.Reader) ([]store.NewUser, error) {
	var users []store.NewUser
	var bad []error
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil { // where the next row starts cannot be told
			bad = append(bad, badRow(f.name, err))
			break
		}
		u, err := f.user(row)
		if err != nil {
			line, _ := rows.FieldPos(0)
			bad = append(bad, fmt.Errorf("%s: line %d: %w", f.name, line, err))
		}
		users = append(users, u)
	}
	if len(bad) > 0 {
		return nil, no("%w\nnothing was imported", errors.Join(bad...))
	}
	return users, nil
}

// badRow says what is not CSV about a row and where.
func badRow(name string, err error) error {
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		return fmt.Errorf("%s: line %d, column %d: %w", name, bad.Line, bad.Column, bad.Err)
	}
	return fmt.Errorf("read %s: %w", name, err)
}

func (f userFile) user(row []string) (store.NewUser, error) {
	u := store.NewUser{Role: f.role, MadeBy: "import"}
	if f.email >= len(row) {
		return u, no("it has no email column: it ends after %s", count(len(row), "cell", "cells"))
	}
	var err error
	if u.Email, err = userAddress(strings.TrimSpace(row[f.email])); err != nil {
		return u, err
	}
	if f.person >= 0 && f.person < len(row) {
		u.Name = strings.TrimSpace(row[f.person])
	}
	return u, nil
}
