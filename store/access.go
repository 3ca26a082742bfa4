package store

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"gatepost/policy"
)

var (
	// ErrLockout says that a change would shut out the person who makes it.
	ErrLockout = errors.New("this would shut you out")
	// ErrNoRanges says that restrictions were to be enabled without a range to come from.
	ErrNoRanges = errors.New("without a range this would shut everybody out: " +
		"name the ranges to allow")
	// ErrAccessChanged says that somebody else changed the restrictions meanwhile.
	ErrAccessChanged = errors.New("the IP restrictions were changed meanwhile: " +
		"read them again, then save")
)

// accessRow is how IP restrictions are kept, and shown in the audit log.
type accessRow struct {
	Enabled         bool   `json:"enabled"`
	Ranges          string `json:"ranges"`
	CustomersBypass bool   `json:"customers_bypass"`
}

// accessAt is what was read of the restrictions last.
type accessAt struct {
	policy.Access
	generation int64
}

const (
	accessQuery   = `select generation from access`
	accessColumns = `select generation, enabled, ranges, customers_bypass from access`
)

// Access is the IP restrictions as they stand now. It is cheap enough to be asked at every
// request.
func (db *DB) Access(ctx context.Context) (policy.Access, error) {
	a, _, err := db.AccessAt(ctx)
	return a, err
}

// AccessAt is Access with its generation, which every change moves: what SetAccess
// compares.
func (db *DB) AccessAt(ctx context.Context) (a policy.Access, generation int64, err error) {
	if err := db.access.QueryRowContext(ctx).Scan(&generation); err != nil {
		return a, 0, fmt.Errorf("access: %w", damaged(err))
	}
	if known := db.restrictions.Load(); known != nil && known.generation == generation {
		return known.Access, generation, nil
	}
	read, err := one(ctx, db, scanAccess, accessColumns)
	if err != nil {
		return a, 0, fmt.Errorf("access: %w", err)
	}
	db.restrictions.Store(&read)
	return read.Access, read.generation, nil
}

func scanAccess(row scanner) (at accessAt, err error) {
	var r accessRow
	err = row.Scan(&at.generation, &r.Enabled, &r.Ranges, &r.CustomersBypass)
	if err == nil {
		at.Access, err = r.access()
	}
	return at, err
}

func (r accessRow) access() (policy.Access, error) {
	ranges, err := policy.ParseRanges(r.Ranges)
	return policy.Access{Enabled: r.Enabled, Ranges: ranges,
		CustomersBypass: r.CustomersBypass}, err
}

// SetAccess replaces the IP restrictions. It is refused as ChangeAccess is.
func (h *Editor) SetAccess(ctx context.Context, since int64, a policy.Access, from netip.Addr,
	role policy.Role, force bool) error {
	_, _, err := h.ChangeAccess(ctx, since, func(policy.Access) policy.Access { return a },
		from, role, force)
	return err
}

// ChangeAccess lays a change over the IP restrictions that stand, and gives what they have
// become, with their generation. Since is the generation of AccessAt at which the author saw
// them, or AnyGeneration: if they were changed since it is refused (ErrAccessChanged), unless
// it changes nothing. Enabled ones without a range are refused (ErrNoRanges), and, unless
// force is set, what would shut out its author, who comes from that address in that role
// (ErrLockout). The command line is never shut out.
func (h *Editor) ChangeAccess(ctx context.Context, since int64,
	change func(policy.Access) policy.Access, from netip.Addr, role policy.Role, force bool) (
	a policy.Access, generation int64, err error) {
	err = h.do(ctx, func(t *tx) error {
		stands, err := t.accessAt()
		if err != nil {
			return err
		}
		a = change(stands.Access)
		if a.Enabled && a.Ranges.Empty() {
			return ErrNoRanges
		}
		row := rowOf(a)
		if since != AnyGeneration && since != stands.generation && row != rowOf(stands.Access) {
			return ErrAccessChanged
		}
		if !force {
			if err := h.checkLockout(a, from, role); err != nil {
				return err
			}
		}
		generation = stands.generation
		if row == rowOf(stands.Access) {
			return nil
		}
		generation++
		_, err = h.writeAccess(t, rowOf(stands.Access), row, event{action: AccessSet})
		return err
	})
	return a, generation, err
}

func (h *Editor) checkLockout(a policy.Access, from netip.Addr, role policy.Role) error {
	if h.actor.Via == machine {
		return nil
	}
	passage := a.Decide(policy.Visit{Client: from, Known: true, Role: role})
	if !passage.Allowed {
		return fmt.Errorf("%w: %s", ErrLockout, passage.Why())
	}
	return nil
}

// writeAccess makes a the restrictions, under the next generation, and notes it.
func (h *Editor) writeAccess(t *tx, before, a accessRow, e event) (id int64, err error) {
	err = t.exec(`update access set generation = generation + 1, enabled = $1, ranges = $2,
		customers_bypass = $3`, a.Enabled, a.Ranges, a.CustomersBypass)
	if err != nil {
		return 0, fmt.Errorf("access: %w", err)
	}
	e.subject, e.before, e.after, e.undoable = "access", before, a, true
	return h.note(t, e)
}

func rowOf(a policy.Access) accessRow {
	return accessRow{a.Enabled, a.Ranges.String(), a.CustomersBypass}
}

func (t *tx) accessAt() (accessAt, error) {
	at, err := scanAccess(t.row(accessColumns))
	if err != nil {
		return at, fmt.Errorf("access: %w", damaged(err))
	}
	return at, nil
}
