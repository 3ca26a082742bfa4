package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gatepost/policy"
)

// An orgState is what can be changed of an organisation, and undone.
type orgState struct {
	Name    string `json:"name"`
	Domains string `json:"domain_names"` // a field: entries separated by spaces
}

func fieldOf(entries []policy.Entry) string {
	texts := make([]string, len(entries))
	for i, e := range entries {
		texts[i] = e.String()
	}
	return strings.Join(texts, " ")
}

func (o *orgState) same(p *orgState) bool {
	return o == p || o != nil && p != nil && *o == *p
}

func (o *orgState) entries() ([]policy.Entry, error) {
	if o == nil {
		return nil, nil
	}
	return policy.ParseEntries(policy.Org, o.Domains)
}

// An orgChange is one change of organisations, under a generation of its own.
type orgChange struct {
	*change
	done []orgDone
}

// An orgDone is what became of one organisation. Nil is none.
type orgDone struct {
	id            int64
	before, after *orgState
}

func (h *Editor) changeOrganizations(ctx context.Context, action Action,
	do func(*orgChange) error) error {
	return h.do(ctx, func(t *tx) error {
		_, err := h.changeOrgs(t, event{action: action}, do)
		return err
	})
}

// changeOrgs makes a change and notes it; the id of the event is 0 if nothing was changed.
func (h *Editor) changeOrgs(t *tx, e event, do func(*orgChange) error) (id int64, err error) {
	changed, err := h.newChange(t, "")
	if err != nil {
		return 0, err
	}
	c := &orgChange{change: changed}
	if err := do(c); err != nil {
		return 0, err
	}
	if len(c.done) == 0 {
		return 0, c.giveBack()
	}
	return h.noteOrgs(c, e)
}

// state is an organisation as it stands, nil if there is none.
func (c *orgChange) state(id int64) (*orgState, error) {
	var o orgState
	err := c.t.row(`select name, domains from organizations where id = $1`, id).
		Scan(&o.Name, &o.Domains)
	switch err = absent(err); {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &o, nil
}

func (c *orgChange) mustHave(id int64) error {
	was, err := c.state(id)
	if err == nil && was == nil {
		err = fmt.Errorf("organisation %d: %w", id, ErrNotFound)
	}
	return err
}

// idOf is the id of the organisation of that name, 0 if there is none.
func (c *orgChange) idOf(name string) (id int64, err error) {
	err = c.t.row(`select coalesce(max(id), 0) from organizations where name = $1`, name).Scan(&id)
	return id, damaged(err)
}

func (c *orgChange) add(o NewOrganization, did *OrganizationsDone) error {
	id, err := c.idOf(o.Name)
	if err != nil {
		return err
	}
	if id == 0 {
		did.Made++
		err = c.t.row(`update meta set value = value + 1 where name = 'organizations'
			returning value`).Scan(&id)
		if err != nil {
			return damaged(err)
		}
	}
	was, err := c.state(id)
	if err != nil {
		return err
	}
	has, err := was.entries()
	if err != nil {
		return err
	}
	entries, there := slices.Clone(has), targetsOf(has)
	for _, e := range o.Entries {
		if !there[e.Target] {
			there[e.Target] = true
			entries = append(entries, e)
			did.Entries++
		}
	}
	if was != nil && len(entries) == len(has) {
		return nil
	}
	return c.put(id, &orgState{Name: o.Name, Domains: fieldOf(entries)})
}

func targetsOf(entries []policy.Entry) map[string]bool {
	targets := make(map[string]bool, len(entries))
	for _, e := range entries {
		targets[e.Target] = true
	}
	return targets
}

func (c *orgChange) take(id int64, entries []policy.Entry) (missing []policy.Entry, err error) {
	was, err := c.state(id)
	if err != nil {
		return nil, err
	}
	has, err := was.entries()
	if err != nil {
		return nil, err
	}
	there, taken := targetsOf(has), targetsOf(entries)
	for _, e := range entries {
		if !there[e.Target] {
			missing = append(missing, e)
		}
	}
	has = slices.DeleteFunc(has, func(e policy.Entry) bool { return taken[e.Target] })
	if missing != nil {
		return missing, fmt.Errorf("%w: %s", ErrNotFound, missing[0])
	}
	return nil, c.put(id, &orgState{Name: was.Name, Domains: fieldOf(has)})
}

// put makes an organisation what it is to be. Nil removes it.
func (c *orgChange) put(id int64, is *orgState) error {
	was, err := c.state(id)
	if err != nil || was.same(is) {
		return err
	}
	if is == nil {
		err = c.t.exec(`delete from organizations where id = $1`, id)
	} else {
		err = c.write(id, is)
	}
	if err == nil {
		err = c.putEntries(id, was, is)
	}
	c.done = append(c.done, orgDone{id, was, is})
	return err
}

func (c *orgChange) write(id int64, is *orgState) error {
	other, err := c.idOf(is.Name)
	if err != nil {
		return err
	}
	if other != 0 && other != id {
		return fmt.Errorf("an organisation %s: %w", is.Name, ErrExists)
	}
	return c.t.exec(`insert into organizations (id, name, domains, created_at, updated_at)
		values ($1, $2, $3, $4, $4) on conflict (id) do update set name = excluded.name,
			domains = excluded.domains, updated_at = excluded.updated_at`,
		id, is.Name, is.Domains, c.now)
}

// putEntries writes what the policy is built from. Of another name each entry has to be told.
func (c *orgChange) putEntries(id int64, was, is *orgState) error {
	before, err := was.entries()
	after, err2 := is.entries()
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	renamed := was != nil && is != nil && was.Name != is.Name
	had, has := targetsOf(before), targetsOf(after)
	for target := range had {
		if !has[target] {
			err = errors.Join(err, c.putEntry(target, id, true))
		}
	}
	for target := range has {
		if renamed || !had[target] {
			err = errors.Join(err, c.putEntry(target, id, false))
		}
	}
	return err
}

func (c *orgChange) putEntry(target string, id int64, removed bool) error {
	return c.t.exec(`insert into organization_entries (target, organization, generation, removed)
		values ($1, $2, $3, $4) on conflict (target, organization) do update set
			generation = excluded.generation, removed = excluded.removed`,
		target, id, c.generation, removed)
}
