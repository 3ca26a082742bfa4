package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gatepost/policy"
)

// loadPolicy reads what the lists have become since old, in one snapshot. Old is nil, or
// too old to be caught up with, at the first load: then the lists are read whole.
func (db *DB) loadPolicy(ctx context.Context, settings *policy.Settings, old *ruled) (
	*ruled, error) {
	r, err := db.loadBy(ctx, settings, old, db.text)
	if err != nil && db.engine.stale(err) {
		r, err = db.loadBy(ctx, settings, old, db.text)
	}
	if IsDamaged(err) {
		r, err = db.loadBy(ctx, settings, old, func(query string) string {
			return db.text(unindexed(query))
		})
		db.unindexed.CompareAndSwap(false, err == nil)
	}
	return r, err
}

// loadBy has each query as ask makes it. An entry that was over its time stays so if the clock is
// turned back.
func (db *DB) loadBy(ctx context.Context, settings *policy.Settings, old *ruled,
	ask func(query string) string) (r *ruled, err error) {
	snapshot, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true,
		Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snapshot.Rollback()) }()
	p := &policy.Policy{Settings: *settings}
	r = &ruled{Policy: p, settings: settings, at: db.now().UnixMilli()}
	if old != nil {
		r.at = max(r.at, old.at)
	}
	var floor int64
	err = snapshot.QueryRowContext(ctx, ask(`select
		(select value from meta where name = 'generation'),
		(select value from meta where name = 'rules_floor'),
		(select min(expires_at) from rules where expires_at > $1 and not removed)`),
		r.at).Scan(&p.Generation, &floor, &r.until)
	if err != nil {
		return nil, err
	}
	if old != nil && old.Generation < floor {
		old = nil
	}
	if p.Allow, err = loadList(ctx, snapshot, policy.Allow, old, r.at, ask); err != nil {
		return nil, err
	}
	if p.Block, err = loadList(ctx, snapshot, policy.Block, old, r.at, ask); err != nil {
		return nil, err
	}
	p.Orgs, err = loadOrgs(ctx, snapshot, old, ask)
	return r, err
}

// loadOrgs reads what organisations have: of each target that changed since old the organisation
// that has it, the first by name of several.
func loadOrgs(ctx context.Context, snapshot *sql.Tx, old *ruled,
	ask func(query string) string) (*policy.List, error) {
	var list *policy.List
	since := int64(-1)
	if old != nil {
		list, since = old.Orgs, old.Generation
	}
	rows, err := snapshot.QueryContext(ctx, ask(`select e.target, coalesce((select o.name
			from organization_entries x join organizations o on o.id = x.organization
			where x.target = e.target and not x.removed order by o.name limit 1), '')
		from organization_entries e where e.generation > $1 group by e.target`), since)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var changes []policy.Change
	for rows.Next() {
		var c policy.Change
		if err := rows.Scan(&c.Target, &c.Text); err != nil {
			return nil, err
		}
		c.Removed = c.Text == "" // an organisation has a name
		changes = append(changes, c)
	}
	if changes != nil {
		list = list.With(changes)
	}
	return list, rows.Err()
}

// loadList lays over an old list what was changed since, and what was over its time at now.
// The plus sign keeps SQLite from looking through the whole list.
func loadList(ctx context.Context, snapshot *sql.Tx, name policy.ListName, old *ruled, now int64,
	ask func(query string) string) (*policy.List, error) {
	if old == nil {
		return compileList(ctx, snapshot, name, now, ask)
	}
	rows, err := snapshot.QueryContext(ctx, ask(`select keyword, target, text,
			removed or coalesce(expires_at <= $4, false)
		from rules where +list = $1 and rowid in (select rowid from rules where generation > $2
			union select rowid from rules where expires_at > $3 and expires_at <= $4)
		order by generation, position`), string(name), old.Generation, old.at, now)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var changes []policy.Change
	for rows.Next() {
		var c policy.Change
		if c.Entry, c.Removed, err = scanEntry(rows); err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	list := old.Block
	if name == policy.Allow {
		list = old.Allow
	}
	return list.With(changes), rows.Err()
}

// compileList builds a list as its rows are read: a million of them are held only once. The plus
// sign has the table read from its beginning to its end: the index of the list leads to one row
// after the other, all over it.
func compileList(ctx context.Context, snapshot *sql.Tx, name policy.ListName, now int64,
	ask func(query string) string) (*policy.List, error) {
	var about int
	err := snapshot.QueryRowContext(ctx, ask(`select count(*) from rules where list = $1`),
		string(name)).Scan(&about)
	if err != nil {
		return nil, err
	}
	rows, err := snapshot.QueryContext(ctx, ask(`select keyword, target,
			case when text = target then '' else text end, removed
		from rules where +list = $1 and not removed and (expires_at is null or expires_at > $2)`),
		string(name), now)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := policy.CompileMany(func(yield func(policy.Entry) bool) {
		for rows.Next() {
			var e policy.Entry
			if e, _, err = scanEntry(rows); err != nil || !yield(e) {
				return
			}
		}
	}, about)
	return list, errors.Join(err, rows.Err())
}

func scanEntry(row scanner) (e policy.Entry, removed bool, err error) {
	var keyword string
	if err := row.Scan(&keyword, &e.Target, &e.Text, &removed); err != nil {
		return e, false, err
	}
	for k := policy.Plain; k <= policy.RejectKeyword; k++ {
		if k.String() == keyword {
			e.Keyword = k
			return e, removed, nil
		}
	}
	return e, false, fmt.Errorf("a rule has the unknown keyword %q", keyword)
}
