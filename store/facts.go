package store

import (
	"context"
	"database/sql"
	"fmt"

	"gatepost/message"
	"gatepost/policy"
)

// factsQuery asks what is known of an address, which generation of the rules stands, and which
// shadow: so the next message sees what another process has changed. A join on the parameter would
// have SQLite compile it anew for each message.
const factsQuery = `select (select value from meta where name = 'generation'),
	(select role from users where email = $1), (select suspended from users where email = $1),
	(` + shadowNumberQuery + `)`

// Facts gathers what the message and the store say that bears on it, and the policy to
// judge it by.
func (db *DB) Facts(ctx context.Context, mail policy.Mail) (p *policy.Policy, f *policy.Facts,
	err error) {
	err = db.engine.await(ctx, func() error {
		p, f, err = db.factsOf(ctx, mail)
		return err
	})
	return p, f, err
}

func (db *DB) factsOf(ctx context.Context, mail policy.Mail) (*policy.Policy, *policy.Facts, error) {
	const unasked = -1
	generation := int64(unasked)
	settings := db.settings.Load()
	f, err := policy.Read(mail, settings,
		func(a message.Address) (p policy.Profile, err error) {
			p, generation, err = db.profile(a)
			return p, err
		})
	if err == nil && generation == unasked {
		_, generation, err = db.profile(message.Address{})
	}
	if err == nil {
		f.Thread, err = db.Thread(mail, f.Sender.Address)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("facts: %w", err)
	}
	p, err := db.policyAt(ctx, settings, generation)
	return p, &f, err
}

// Profile is what is known of an address; the zero Profile if nothing is.
func (db *DB) Profile(a message.Address) (policy.Profile, error) {
	p, _, err := db.profile(a)
	return p, err
}

// profile takes no context: one that can end would cost the driver a goroutine a query.
func (db *DB) profile(a message.Address) (p policy.Profile, generation int64, err error) {
	var role sql.NullString
	var suspended sql.NullBool
	var shadow int64
	read := func(row scanner) (none struct{}, err error) {
		return none, row.Scan(&generation, &role, &suspended, &shadow)
	}
	err = db.engine.ask(db.facts, factsQuery, func(row scanner) error {
		_, err := read(row)
		return err
	}, a.String())
	if IsDamaged(err) {
		_, err = one(context.Background(), db, read, factsQuery, a.String())
	}
	if err != nil {
		return p, 0, fmt.Errorf("profile: %w", err)
	}
	db.shadow.Store(shadow)
	p, err = newProfile(role, suspended)
	return p, generation, err
}

// newProfile is what the row of an address says, or that there is none.
func newProfile(role sql.NullString, suspended sql.NullBool) (p policy.Profile, err error) {
	if !role.Valid {
		return p, nil
	}
	p = policy.Profile{Known: true, Suspended: suspended.Bool}
	p.Role, err = policy.ParseRole(role.String)
	return p, err
}

// Policy is the policy as the lists stand now.
func (db *DB) Policy(ctx context.Context) (*policy.Policy, error) {
	_, generation, err := db.profile(message.Address{})
	if err != nil {
		return nil, err
	}
	return db.policyAt(ctx, db.settings.Load(), generation)
}

// Configure has what is judged from now on judged by other settings. A message that is being
// judged is so to its end by those that it began with.
func (db *DB) Configure(s policy.Settings) { db.settings.Store(&s) }

// A ruled policy knows which settings it was made with: a message is read by the same.
type ruled struct {
	*policy.Policy
	settings *policy.Settings
	at       int64         // Unix milliseconds: what was over its time then is not in it
	until    sql.NullInt64 // when the next entry is; none if none will be
}

// policyAt is a policy with these settings, of this generation or a later one, without the entries
// that are over their time. What changed since the last is laid over it; a policy in use is never
// changed.
func (db *DB) policyAt(ctx context.Context, settings *policy.Settings, generation int64) (
	*policy.Policy, error) {
	now := db.now().UnixMilli()
	fits := func(r *ruled) bool {
		return r != nil && r.settings == settings && r.Generation >= generation &&
			(!r.until.Valid || now < r.until.Int64)
	}
	if r := db.policy.Load(); fits(r) {
		return r.Policy, nil
	}
	db.loading.Lock()
	defer db.loading.Unlock()
	r := db.policy.Load()
	if fits(r) {
		return r.Policy, nil
	}
	r, err := db.loadPolicy(ctx, settings, r)
	if err != nil {
		return nil, fmt.Errorf("load the lists: %w", damaged(err))
	}
	db.policy.Store(r)
	return r.Policy, nil
}
