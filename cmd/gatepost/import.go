package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/terminal"
	"gatepost/zendesk"
)

func newImportCommand(a *app) *cobra.Command {
	return group("import", "move over from another help desk", newImportZendesk(a))
}

// An importing is how an export is imported.
type importing struct {
	*app
	dryRun bool
	staff  []string
}

func newImportZendesk(a *app) *cobra.Command {
	i := &importing{app: a}
	cmd := &cobra.Command{
		Use:   "zendesk DIR|FILE…",
		Short: "users, organisations and the two lists, as Zendesk exports them",
		Long: "Reads users and organisations from CSV or JSON, of an export or of the API, and the two\n" +
			"lists as they were pasted into text files. The name of a file says what is in it:\n" +
			"users, organizations, allowlist or blocklist has to be a part of it; of a folder other\n" +
			"files are passed over.\n\n" +
			"Who is suspended stays so. Everybody else becomes an end-user, but those whom --staff\n" +
			"names get the role they have there. What is here already stays, so that an import can be\n" +
			"done again. What has one right reading is mended and told; what has none is left out and\n" +
			"named with its line, and then the exit code is 1. Users without an address are counted.",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error { return i.run(cmd.Context(), args) },
	}
	a.yesFlag(cmd)
	cmd.Flags().BoolVar(&i.dryRun, "dry-run", false, "say what would change, and change nothing")
	cmd.Flags().StringSliceVar(&i.staff, "staff", nil,
		"`addresses` of agents and admins who keep their role, separated by commas")
	return cmd
}

func (i *importing) run(ctx context.Context, args []string) error {
	staff, err := i.staffAddresses()
	if err != nil {
		return err
	}
	bar := i.progress(nil)
	defer bar.End()
	bar.Wait("read")
	e, err := i.read(args)
	if err != nil {
		return err
	}
	todo := func(db *store.DB) error {
		bar.Wait("compare")
		p, err := e.Plan(ctx, db, staff)
		if err == nil && !i.dryRun {
			bar.Wait("import")
			err = p.Apply(ctx, i.editor(db))
		}
		bar.End()
		if err != nil {
			return err
		}
		return i.report(p)
	}
	err = i.withStore(ctx, !i.dryRun, todo)
	if i.dryRun && errors.Is(err, store.ErrNotFound) { // no database yet, and none is to be made
		return withEmptyStore(todo)
	}
	return err
}

// withEmptyStore lends f a new database.
func withEmptyStore(f func(*store.DB) error) (err error) {
	dir, err := os.MkdirTemp("", "gatepost-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := store.Open(filepath.Join(dir, "gatepost.db"), store.Options{Create: true})
	if err != nil {
		return err
	}
	return errors.Join(f(db), db.Close())
}

func (i *importing) staffAddresses() (staff []message.Address, err error) {
	for _, s := range i.staff {
		a, wrong := userAddress(strings.TrimSpace(s))
		staff, err = append(staff, a), errors.Join(err, wrong)
	}
	return staff, err
}

// read reads all files before anything is changed.
func (i *importing) read(args []string) (*zendesk.Export, error) {
	e := &zendesk.Export{}
	for _, arg := range args {
		files, err := i.filesOf(arg)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err == nil {
				err = e.Read(file, data)
			}
			if err != nil {
				return nil, no("%w\nnothing was imported", err)
			}
		}
	}
	return e, nil
}

// filesOf is a file, or what is read of a folder.
func (i *importing) filesOf(arg string) (files []string, err error) {
	entries, err := os.ReadDir(arg)
	if err != nil {
		return []string{arg}, nil // which says what is wrong with it when it is read
	}
	for _, entry := range entries {
		name := filepath.Join(arg, entry.Name())
		switch {
		case !entry.Type().IsRegular():
		case zendesk.Known(entry.Name()):
			files = append(files, name)
		default:
			i.note("%s is passed over: its name says none of users, organizations, allowlist and "+
				"blocklist", name)
		}
	}
	if files == nil {
		return nil, no("%s has no file to import: name them users.csv or users.json, "+
			"organizations.csv or organizations.json, allowlist.txt and blocklist.txt", arg)
	}
	return files, nil
}

// report says what was done, or would be.
func (i *importing) report(p *zendesk.Plan) (err error) {
	if i.json {
		err = i.printJSON(struct {
			DryRun bool `json:"dry_run"`
			*zendesk.Plan
		}{i.dryRun, p})
	} else {
		err = writeReport(i.stdout, p)
	}
	for _, f := range p.Findings {
		i.note("warning: %s", f)
	}
	i.noteEnd(p)
	if err != nil {
		return err
	}
	return leftOut(p.Left)
}

func (i *importing) noteEnd(p *zendesk.Plan) {
	switch {
	case i.dryRun && p.Changes():
		i.note("this is what would change: nothing was")
	case !p.Changes():
		i.note("all of it is here already: nothing was changed")
	}
	if admins := p.Users.Admins; len(admins) > 0 {
		i.note("warning: %s is suspended there, and not here: no other admin could sign in",
			strings.Join(admins, " "))
	}
	if staff := p.Users.Unnamed; len(staff) > 0 {
		i.note("%s there, and end-users here; to have them keep their role: --staff %s",
			count(len(staff), "user is an agent or admin", "users are agents or admins"),
			quote(strings.Join(staff, ",")))
	}
}

// mostFindings is how many findings of each sort are shown; JSON has all.
const mostFindings = 50

func writeReport(w io.Writer, p *zendesk.Plan) error {
	u, o := p.Users, p.Organizations
	lines := []string{
		fmt.Sprintf("users          %d rows: %d new, %d of them suspended; %d here already, "+
			"%d of them suspended now", u.Rows, u.New, u.Suspended, u.There+u.Suspend, u.Suspend),
		fmt.Sprintf("               %d without an address, %d deleted or merged, %d repeated, "+
			"%d keep a role", u.Nowhere, u.Deleted, u.Twice, len(u.Staff)),
		fmt.Sprintf("organisations  %d: %d new; %s new", o.Read, o.New,
			count(o.Entries, "entry", "entries")),
	}
	for _, l := range []struct {
		name policy.ListName
		zendesk.ListPlan
	}{{policy.Allow, p.Allow}, {policy.Block, p.Block}} {
		lines = append(lines, fmt.Sprintf("%-15s%s: %d new", l.name+"list",
			count(l.Read, "entry", "entries"), l.New))
	}
	lines = append(lines, findingLines("mended", p.Mended)...)
	lines = append(lines, findingLines("left out", p.Left)...)
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, terminal.Visible(line)); err != nil {
			return err
		}
	}
	return nil
}

func findingLines(what string, all []zendesk.Finding) (lines []string) {
	for _, f := range all[:min(len(all), mostFindings)] {
		line := what + "  "
		if f.File != "" {
			line += fmt.Sprintf("%s:%d: ", f.File, f.Line)
		}
		switch line += f.Was; {
		case f.Why != "":
			line += ": " + f.Why
		case f.Is == "":
			line += " is there already"
		default:
			line += " → " + f.Is
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	if more := len(all) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("%s  and %d more: --json has all of them", what, more))
	}
	return lines
}
