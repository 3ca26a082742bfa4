package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"gatepost/policy"
)

// A Shadow is a change of the lists that is tried beside them and decides nothing. It is laid over
// the lists as they stand, whatever becomes of these meanwhile. There is one, or none.
type Shadow struct {
	Number     int64 // of all that ever were
	SetAt      time.Time
	SetBy      string
	Generation int64 // of the lists that it was made from
	Last       int64 // the id of the last message that had come
	Rejected   int64 // messages that were rejected silently since
}

// A ShadowChange is a change of one of the lists.
type ShadowChange struct {
	List policy.ListName
	policy.Change
}

// ErrNoShadow says that there is none, or not the one that was meant.
var ErrNoShadow = fmt.Errorf("%w: the shadow was dropped, promoted or set anew, or never set",
	ErrNotFound)

const shadowNumberQuery = `select coalesce(max(number), 0) from shadow`

// Shadow is the one that is set, or ErrNoShadow.
func (db *DB) Shadow(ctx context.Context) (Shadow, error) {
	s, err := one(ctx, db, scanShadow, `select number, set_at, set_by, generation, last_message,
		(select value from meta where name = '`+totalRejected+`') - rejected from shadow`)
	return s, noShadow(err)
}

func scanShadow(row scanner) (s Shadow, err error) {
	var at int64
	err = row.Scan(&s.Number, &at, &s.SetBy, &s.Generation, &s.Last, &s.Rejected)
	s.SetAt = fromMillis(at)
	return s, err
}

func noShadow(err error) error {
	if errors.Is(err, ErrNotFound) {
		return ErrNoShadow
	}
	return err
}

// ShadowChanges are those that the shadow of that number makes, by list and target; none if it is
// not set any more.
func (db *DB) ShadowChanges(ctx context.Context, number int64) iter.Seq2[ShadowChange, error] {
	return each(ctx, db, func(row scanner) (c ShadowChange, err error) {
		c.Entry, c.Removed, err = scanEntry(also{row, []any{&c.List}})
		return c, err
	}, `select keyword, target, text, removed, list from shadow_changes
		where (select number from shadow) = $1 order by list, target, keyword`, number)
}

// A ShadowRejection is how many messages that were rejected silently would have become what.
type ShadowRejection struct {
	Action   policy.Action
	Cause    policy.Cause // of what would have been held
	Messages int
}

// ShadowRejections are those that the shadow of that number would not have rejected, by what it
// would have made of them.
func (db *DB) ShadowRejections(ctx context.Context, number int64) iter.Seq2[ShadowRejection, error] {
	return each(ctx, db, func(row scanner) (r ShadowRejection, err error) {
		var action, cause string
		if err = row.Scan(&action, &cause, &r.Messages); err == nil {
			r.Action, err = policy.ParseAction(action)
		}
		r.Cause, _ = policy.ParseCause(cause) // empty, or one that is not known any more
		return r, err
	}, `select action, cause, messages from shadow_rejections
		where (select number from shadow) = $1`, number)
}

// A Conflict is a change of the shadow's, and what somebody made of the same address or domain
// since it was set.
type Conflict struct{ Shadow, Since ShadowChange }

// Words say what somebody made: "suspend:acme.test was put on the blocklist since".
func (c Conflict) Words() string {
	if c.Since.Removed {
		return fmt.Sprintf("%s was taken off the %slist since", c.Since, c.Since.List)
	}
	return fmt.Sprintf("%s was put on the %slist since", c.Since, c.Since.List)
}

// conflictsQuery finds what was made of the targets of the shadow's since it was set, but what
// the shadow would make as well.
const conflictsQuery = `select s.keyword, s.target, s.text, s.removed, s.list,
		r.keyword, r.text, r.removed, r.list
	from shadow_changes s join rules r on r.list in ('allow', 'block') and r.target = s.target
	where case when r.removed then r.generation else r.since end > (select generation from shadow)
		and not exists (select 1 from shadow_changes x where x.list = r.list
			and x.target = r.target and x.keyword = r.keyword and x.removed = r.removed)
	order by s.list, s.target, s.keyword`

// ShadowConflicts are where the lists were changed since the shadow was set, so that it may not
// be meant any more.
func (db *DB) ShadowConflicts(ctx context.Context) iter.Seq2[Conflict, error] {
	return each(ctx, db, scanConflict, conflictsQuery)
}

func scanConflict(row scanner) (c Conflict, err error) {
	var keyword string
	since := &c.Since
	c.Shadow.Entry, c.Shadow.Removed, err = scanEntry(also{row, []any{&c.Shadow.List, &keyword,
		&since.Text, &since.Removed, &since.List}})
	since.Target = c.Shadow.Target
	return c, err
}

// beside is a shadow laid over a policy. Whose changes they are does not change.
type beside struct {
	number  int64
	changes map[policy.ListName][]policy.Change
	under   *policy.Policy
	policy  *policy.Policy
}

// Beside is the shadow laid over a policy, and its number; nil and 0 if none is set. It is the one
// that stood when facts, or the policy, were read last. As long as both stay as they are nothing is
// asked of the database.
func (db *DB) Beside(ctx context.Context, p *policy.Policy) (*policy.Policy, int64, error) {
	number := db.shadow.Load()
	if number == 0 {
		return nil, 0, nil
	}
	if b := db.beside.Load(); b != nil && b.number == number && b.under == p {
		return b.policy, number, nil
	}
	db.laying.Lock()
	defer db.laying.Unlock()
	b := db.beside.Load()
	if b == nil || b.number != number {
		b = &beside{number: number, changes: map[policy.ListName][]policy.Change{}}
		for c, err := range db.ShadowChanges(ctx, number) {
			if err != nil {
				return nil, 0, fmt.Errorf("shadow: %w", err)
			}
			b.changes[c.List] = append(b.changes[c.List], c.Change)
		}
		if len(b.changes) == 0 { // another took its place
			return nil, 0, nil
		}
	}
	if b.under != p {
		then := *p
		then.Allow = p.Allow.With(b.changes[policy.Allow])
		then.Block = p.Block.With(b.changes[policy.Block])
		b = &beside{number, b.changes, p, &then}
		db.beside.Store(b)
	}
	return b.policy, number, nil
}
