package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gatepost/policy"
	"gatepost/store"
	"gatepost/trial"
)

func newOrgCommand(a *app) *cobra.Command {
	return group("org", "show and change organisations, whose domains count as allowed",
		newOrgList(a), newOrgShow(a), newOrgAdd(a), newOrgRemove(a), newOrgImport(a))
}

func newOrgList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "list the organisations by name",
		Args:  takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				orgs := orNone(a, db.Organizations(cmd.Context()), "there are no organisations")
				return printList(a, orgs, []string{"ID", "NAME", "DOMAINS"},
					func(o store.Organization) []string {
						return []string{strconv.FormatInt(o.ID, 10), o.Name,
							strings.Join(o.Domains, " ")}
					})
			})
		},
	}
}

func newOrgShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME|ID",
		Short: "show one organisation",
		Args:  takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				o, err := findOrg(cmd.Context(), db, args[0])
				if err != nil {
					return err
				}
				return a.printOrg(o)
			})
		},
	}
}

// findOrg is the organisation of a name, or of an id that is no name.
func findOrg(ctx context.Context, db *store.DB, ref string) (store.Organization, error) {
	o, err := db.OrganizationNamed(ctx, ref)
	if !errors.Is(err, store.ErrNotFound) {
		return o, err
	}
	if id, wrong := strconv.ParseInt(ref, 10, 64); wrong == nil {
		o, err = db.Organization(ctx, id)
	}
	return o, notFound(err, "there is no organisation %s: `org list` shows them", ref)
}

func (a *app) printOrg(o store.Organization) error {
	if a.json {
		return a.printJSON(o)
	}
	return a.printFields([][2]string{
		{"Id", strconv.FormatInt(o.ID, 10)},
		{"Name", o.Name},
		{"Domains", strings.Join(o.Domains, " ")},
		{"Created", stamp(o.CreatedAt)},
		{"Updated", stamp(o.UpdatedAt)},
	})
}

func newOrgAdd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add NAME [DOMAIN|ADDRESS]…|-",
		Short: "make an organisation, or give one more domains and addresses",
		Long: "Makes an organisation, or gives one that is there more domains and addresses. They\n" +
			"count as allowed without standing on the allowlist, subdomains too.",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := store.CheckOrganization(args[0]); err != nil {
				return no("%q: %w\nnothing was changed", args[0], err)
			}
			entries, err := a.orgEntries(args[1:])
			if err != nil {
				return err
			}
			return a.addOrg(cmd.Context(), store.NewOrganization{Name: args[0], Entries: entries})
		},
	}
	a.yesFlag(cmd)
	return cmd
}

// orgEntries reads what an organisation has from the arguments, or from stdin.
func (a *app) orgEntries(args []string) ([]policy.Entry, error) {
	words, err := a.words(args)
	if err != nil {
		return nil, err
	}
	entries, err := policy.ParseEntries(policy.Org, strings.Join(words, " "))
	if err != nil {
		return nil, no("%w\nthe organisation stays as it was", err)
	}
	return entries, nil
}

func (a *app) addOrg(ctx context.Context, o store.NewOrganization) error {
	return a.withStore(ctx, true, func(db *store.DB) error {
		did, err := a.editor(db).AddOrganizations(ctx, o)
		if err != nil {
			return err
		}
		is, err := db.OrganizationNamed(ctx, o.Name)
		if err != nil {
			return err
		}
		if a.json {
			err = a.printJSON(is)
		}
		made := ""
		if did.Made > 0 {
			made = "made, "
		}
		a.note("organisation %s: %s%s added, %d there already", o.Name, made,
			count(did.Entries, "entry", "entries"), len(o.Entries)-did.Entries)
		return errors.Join(err, a.noteFindings(ctx, db, trial.Of(o.Name, o.Entries)))
	})
}

func newOrgRemove(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove NAME|ID [DOMAIN|ADDRESS]…|-",
		Short: "remove an organisation, or some of its domains and addresses",
		Long: "Removes an organisation with all that it has; if domains or addresses are named, these\n" +
			"only. `audit undo` brings it back.",
		Args: takes(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			entries, err := a.orgEntries(args[1:])
			if err != nil {
				return err
			}
			if len(args) > 1 && entries == nil {
				return misuse("no domain was given: without any the organisation itself is removed")
			}
			return a.withStore(cmd.Context(), false, func(db *store.DB) error {
				return a.removeOrg(cmd.Context(), db, args[0], entries)
			})
		},
	}
	a.yesFlag(cmd)
	return cmd
}

func (a *app) removeOrg(ctx context.Context, db *store.DB, ref string,
	entries []policy.Entry) error {
	o, err := findOrg(ctx, db, ref)
	if err != nil {
		return err
	}
	removed := count(len(entries), "entry", "entries")
	if entries == nil {
		removed, err = "the organisation", a.editor(db).RemoveOrganization(ctx, o.ID)
	} else {
		var missing []policy.Entry
		missing, err = a.editor(db).TakeFromOrganization(ctx, o.ID, entries)
		if missing != nil {
			return no("%s does not have %s\nnothing was removed", o.Name, namesOf(missing))
		}
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"id": o.ID, "name": o.Name, "removed": len(entries)})
	}
	a.note("organisation %s: %s removed", o.Name, removed)
	return nil
}
