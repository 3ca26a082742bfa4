package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode"

	"gatepost/message"
	"gatepost/policy"
)

// An Organization is a name, and the domains and addresses that count as allowed for its sake.
type Organization struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	Domains   []string  `json:"domain_names"` // domains and addresses, as they were written
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

const organizationColumns = `id, name, domains, created_at, updated_at`

func scanOrganization(row scanner) (o Organization, err error) {
	var domains string
	var created, updated int64
	if err := row.Scan(&o.ID, &o.Name, &domains, &created, &updated); err != nil {
		return o, err
	}
	o.CreatedAt, o.UpdatedAt = fromMillis(created), fromMillis(updated)
	o.Domains, err = domainsOf(domains)
	return o, err
}

// domainsOf are the entries of a field as they are shown: a quoted local part may hold spaces.
func domainsOf(field string) ([]string, error) {
	entries, err := policy.ParseEntries(policy.Org, field)
	if err != nil {
		return nil, fmt.Errorf("domains of an organisation: %w", err)
	}
	domains := make([]string, len(entries))
	for i, e := range entries {
		domains[i] = e.String()
	}
	return domains, nil
}

// Organizations are all of them, by name.
func (db *DB) Organizations(ctx context.Context) iter.Seq2[Organization, error] {
	return each(ctx, db, scanOrganization, `select `+organizationColumns+`
		from organizations order by name`)
}

// Organization is the organisation of that id, or ErrNotFound.
func (db *DB) Organization(ctx context.Context, id int64) (Organization, error) {
	return one(ctx, db, scanOrganization, `select `+organizationColumns+`
		from organizations where id = $1`, id)
}

// OrganizationNamed is the organisation of that name, or ErrNotFound.
func (db *DB) OrganizationNamed(ctx context.Context, name string) (Organization, error) {
	return one(ctx, db, scanOrganization, `select `+organizationColumns+`
		from organizations where name = $1`, name)
}

// maxName is how long the name of an organisation may be, in octets.
const maxName = 255

// CheckOrganization refuses a name that cannot be told from another, or does not fit a line.
func CheckOrganization(name string) error {
	switch {
	case name == "":
		return errors.New("an organisation needs a name")
	case len(name) > maxName:
		return fmt.Errorf("the name has %d octets, and may have %d", len(name), maxName)
	case name != CleanName(name):
		return errors.New("the name has control characters, or spaces that cannot be seen: " +
			"leave them out")
	}
	return nil
}

// CleanName is a name without what cannot be seen, and with one space where there are more.
func CleanName(name string) string {
	seen := strings.Map(func(r rune) rune {
		if message.Invisible(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, message.Clean(name))
	return strings.Join(strings.Fields(seen), " ")
}

// A NewOrganization is what an organisation is to be, or to have beside what it has.
type NewOrganization struct {
	Name    string
	Entries []policy.Entry
}

// OrganizationsDone is what adding organisations did.
type OrganizationsDone struct {
	Made    int `json:"made"`    // organisations that were not there
	Entries int `json:"entries"` // that these have, and that others have now
}

// AddOrganizations makes those that are not there and gives the others what they do not have,
// all or none, as one change that can be undone.
func (h *Editor) AddOrganizations(ctx context.Context, orgs ...NewOrganization) (
	did OrganizationsDone, err error) {
	err = h.changeOrganizations(ctx, OrganizationAdded, func(c *orgChange) error {
		did = OrganizationsDone{}
		for _, o := range orgs {
			if err := c.add(o, &did); err != nil {
				return err
			}
		}
		return nil
	})
	return did, err
}

// SetOrganization gives an organisation another name, and other entries in the place of those it
// has. ErrNotFound if there is none of that id; ErrExists if another has the name.
func (h *Editor) SetOrganization(ctx context.Context, id int64, o NewOrganization) error {
	return h.changeOrganizations(ctx, OrganizationSet, func(c *orgChange) error {
		if err := c.mustHave(id); err != nil {
			return err
		}
		return c.put(id, &orgState{Name: o.Name, Domains: fieldOf(o.Entries)})
	})
}

// TakeFromOrganization takes entries from an organisation. If it has not all of them nothing is
// taken, missing says which, and the error is ErrNotFound.
func (h *Editor) TakeFromOrganization(ctx context.Context, id int64, entries []policy.Entry) (
	missing []policy.Entry, err error) {
	err = h.changeOrganizations(ctx, OrganizationSet, func(c *orgChange) error {
		if err := c.mustHave(id); err != nil {
			return err
		}
		missing, err = c.take(id, entries)
		return err
	})
	return missing, err
}

// RemoveOrganization removes an organisation and what it has.
func (h *Editor) RemoveOrganization(ctx context.Context, id int64) error {
	return h.changeOrganizations(ctx, OrganizationRemoved, func(c *orgChange) error {
		if err := c.mustHave(id); err != nil {
			return err
		}
		return c.put(id, nil)
	})
}
