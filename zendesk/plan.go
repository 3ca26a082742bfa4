package zendesk

import (
	"context"
	"slices"

	"gatepost/lint"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// A Plan is what an export would change of a store as it stands. What is there stays: profiles
// keep their names, and entries and organisations that the export does not have are left alone.
type Plan struct {
	Users         UserPlan  `json:"users"`
	Organizations OrgPlan   `json:"organizations"`
	Allow         ListPlan  `json:"allowlist"`
	Block         ListPlan  `json:"blocklist"`
	Mended        []Finding `json:"mended"`
	Left          []Finding `json:"left_out"`
	Findings      []string  `json:"findings"` // what would be odd about the lists that is not now

	users []store.NewUser // that are not there, or are to be suspended
	roles []store.NewUser // who are to have another role
	orgs  []store.NewOrganization
}

// A UserPlan counts what becomes of users.
type UserPlan struct {
	Rows      int      `json:"rows"`
	New       int      `json:"new"`
	Suspended int      `json:"new_suspended"` // of the new ones
	Suspend   int      `json:"suspend"`       // that are there, and are to be suspended
	There     int      `json:"there"`         // that are there already
	Nowhere   int      `json:"without_address"`
	Deleted   int      `json:"deleted"` // or merged into another
	Twice     int      `json:"repeated"`
	Staff     []string `json:"staff"`         // who get their role
	Unnamed   []string `json:"unnamed_staff"` // who have one there, and come as end-users
	Admins    []string `json:"kept_admins"`   // whom nothing suspends, since no other can sign in
}

// An OrgPlan counts what becomes of organisations.
type OrgPlan struct {
	Read    int `json:"read"`
	New     int `json:"new"`
	Entries int `json:"new_entries"` // of new ones, and of others
}

// A ListPlan counts what becomes of a list.
type ListPlan struct {
	Read  int `json:"read"`
	New   int `json:"new"`
	There int `json:"there"`

	entries []policy.Entry // that are new
}

// mostFindings is how many findings are told.
const mostFindings = 20

// Plan compares an export with a store. Staff are the users who get the role that they have
// there; nobody else becomes one.
func (e *Export) Plan(ctx context.Context, db *store.DB, staff []message.Address) (*Plan, error) {
	p := &Plan{Mended: orEmpty(e.Mended), Left: orEmpty(e.Left), Findings: []string{}}
	rules, err := db.Policy(ctx)
	if err != nil {
		return nil, err
	}
	p.Allow = planList(rules.Allow, e.Allow)
	p.Block = planList(rules.Block, e.Block)
	if err := e.planUsers(ctx, db, p, staff); err != nil {
		return nil, err
	}
	if err := e.planOrgs(ctx, db, p); err != nil {
		return nil, err
	}
	known, err := db.SenderDomains(ctx)
	p.lint(*rules, known)
	return p, err
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func planList(list *policy.List, entries []policy.Entry) (p ListPlan) {
	p.Read = len(entries)
	for _, e := range entries {
		if list.Has(e) {
			p.There++
		} else {
			p.entries = append(p.entries, e)
		}
	}
	p.New = len(p.entries)
	return p
}

func (e *Export) planUsers(ctx context.Context, db *store.DB, p *Plan,
	staff []message.Address) error {
	there := map[string]store.User{}
	for u, err := range db.Users(ctx, "") {
		if err != nil {
			return err
		}
		there[u.Email] = u
	}
	p.Users = UserPlan{Rows: e.Rows, Nowhere: e.Nowhere, Deleted: e.Deleted, Twice: e.Twice,
		Staff: []string{}, Unnamed: []string{}, Admins: []string{}}
	for _, u := range e.Users {
		n := store.NewUser{Email: u.Email, Name: u.Name, MadeBy: "import", Suspended: u.Suspended}
		if u.Role != policy.EndUser && slices.Contains(staff, u.Email) {
			n.Role = u.Role
		}
		is, known := there[u.Email.String()]
		p.user(u, n, is, known)
	}
	for _, a := range staff {
		if at, read := e.byEmail[a]; !read || e.Users[at].Role == policy.EndUser {
			p.Left = append(p.Left, Finding{Was: a.String(),
				Why: "it is named as staff, and no agent or admin of the export"})
		}
	}
	return nil
}

// user plans for one: n is the profile to be, and is the one that is there, if it is known.
func (p *Plan) user(u User, n store.NewUser, is store.User, known bool) {
	counts := &p.Users
	switch {
	case !known:
		counts.New++
		p.users = append(p.users, n)
		if u.Suspended {
			counts.Suspended++
		}
	case u.Suspended && !is.Suspended:
		counts.Suspend++
		p.users = append(p.users, n)
	default:
		counts.There++
	}
	switch {
	case u.Role == policy.EndUser:
	case n.Role != policy.EndUser && (!known || is.Role != n.Role.String()):
		counts.Staff = append(counts.Staff, u.Email.String())
		if known {
			p.roles = append(p.roles, n)
		}
	case n.Role == policy.EndUser && (!known || is.Role == policy.EndUser.String()):
		counts.Unnamed = append(counts.Unnamed, u.Email.String())
	}
}

func (e *Export) planOrgs(ctx context.Context, db *store.DB, p *Plan) error {
	there := map[string]map[string]bool{} // targets by name
	for o, err := range db.Organizations(ctx) {
		if err != nil {
			return err
		}
		there[o.Name] = map[string]bool{}
		for _, text := range o.Domains {
			entry, err := policy.ParseEntry(policy.Org, text)
			if err != nil {
				return err
			}
			there[o.Name][entry.Target] = true
		}
	}
	p.Organizations.Read = len(e.Organizations)
	for _, o := range e.Organizations {
		has, known := there[o.Name]
		if !known {
			p.Organizations.New++
			has = map[string]bool{}
		}
		added := 0
		for _, entry := range o.Entries {
			if !has[entry.Target] {
				has[entry.Target] = true
				added++
			}
		}
		if p.Organizations.Entries += added; !known || added > 0 {
			p.orgs = append(p.orgs, o)
		}
	}
	return nil
}

// lint tells what will be worth a warning about what comes, and about others by it.
func (p *Plan) lint(rules policy.Policy, known []message.Domain) {
	var these []lint.Entry
	for _, e := range p.Allow.entries {
		these = append(these, lint.Entry{List: policy.Allow, Entry: e})
	}
	for _, e := range p.Block.entries {
		these = append(these, lint.Entry{List: policy.Block, Entry: e})
	}
	var changes []policy.Change
	for _, o := range p.orgs {
		for _, e := range o.Entries {
			changes = append(changes, policy.Change{Entry: policy.Entry{Target: e.Target, Text: o.Name}})
			these = append(these, lint.Entry{List: policy.Org, Entry: e, Organization: o.Name})
		}
	}
	rules.Allow = rules.Allow.With(additions(p.Allow.entries))
	rules.Block = rules.Block.With(additions(p.Block.entries))
	rules.Orgs = rules.Orgs.With(changes)
	for f := range lint.New(&rules, slices.Values(known)).Around(these) {
		if len(p.Findings) == mostFindings {
			break
		}
		if f.Kind.Severity() == lint.Warning {
			p.Findings = append(p.Findings, f.String())
		}
	}
}

func additions(entries []policy.Entry) []policy.Change {
	changes := make([]policy.Change, len(entries))
	for i, e := range entries {
		changes[i] = policy.Change{Entry: e}
	}
	return changes
}
