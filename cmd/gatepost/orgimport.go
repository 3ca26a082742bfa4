package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gatepost/store"
	"gatepost/terminal"
	"gatepost/zendesk"
)

func newOrgImport(a *app) *cobra.Command {
	i := &importing{app: a}
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "make the organisations of CSV or JSON files",
		Long: "Makes organisations, and gives those that are there what they do not have. A CSV file\n" +
			"names its columns in the first row: name and domain_names, in which domains and\n" +
			"addresses are separated by spaces; others are passed over. JSON has objects with the\n" +
			"same names, domain_names being an array. What cannot be taken is left out and named.",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := i.read(args)
			if err != nil {
				return err
			}
			if e.Rows > 0 || e.Allow != nil || e.Block != nil {
				return no("there is more than organisations in it: `import zendesk` takes that\n" +
					"nothing was imported")
			}
			return a.withStore(cmd.Context(), true, func(db *store.DB) error {
				did, err := a.editor(db).AddOrganizations(cmd.Context(), e.Organizations...)
				if err != nil {
					return err
				}
				return a.reportOrgs(e, did)
			})
		},
	}
	a.yesFlag(cmd)
	return cmd
}

func (a *app) reportOrgs(e *zendesk.Export, did store.OrganizationsDone) error {
	if a.json {
		if err := a.printJSON(did); err != nil {
			return err
		}
	} else {
		lines := append(findingLines("mended", e.Mended), findingLines("left out", e.Left)...)
		for _, line := range lines {
			if _, err := fmt.Fprintln(a.stdout, terminal.Visible(line)); err != nil {
				return err
			}
		}
	}
	a.note("%s made, %s added", count(did.Made, "organisation", "organisations"),
		count(did.Entries, "entry", "entries"))
	return leftOut(e.Left)
}

// leftOut is the answer to what was left out, if anything was.
func leftOut(left []zendesk.Finding) error {
	if len(left) == 0 {
		return nil
	}
	return no("%s left out: mend what is named, and import again",
		count(len(left), "place is", "places are"))
}
