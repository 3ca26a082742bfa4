package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"gatepost/policy"
)

// A RuleChange is one change of a list: who made it, when, what it took and put there, and why.
type RuleChange struct {
	Audit      int64           `json:"audit"`
	Generation int64           `json:"generation"` // that it made
	At         time.Time       `json:"at"`
	Actor      string          `json:"actor"`
	Via        string          `json:"door"`
	Action     Action          `json:"action"`
	List       policy.ListName `json:"list"`
	Added      int             `json:"added"`
	Removed    int             `json:"removed"`
	Entries    []string        `json:"entries"` // the first of them, with + or - in front
	Notes      []string        `json:"notes"`   // those of entries that it added, or why it took some
	UndoneBy   *int64          `json:"undone_by"`
}

// All is how many entries it took and put there.
func (c RuleChange) All() int { return c.Added + c.Removed }

// shownOfChange is how many entries and notes of a change are shown.
const shownOfChange = 20

// A HistoryQuery selects changes of the lists. What is zero selects nothing by it.
type HistoryQuery struct {
	List   policy.ListName
	Target string // of an entry
	Before int64  // the id of an entry of the audit log
	Limit  int
}

// someOfChange is where the entries and notes of a change are looked for that are shown: it may have
// put a million there.
const someOfChange = `(select * from audit_rules where audit = a.id and list = r.list limit 1000) s`

// countOfChange is how many entries a change put on list r, or took from it; below 0 of a change of
// one list, which may be a million: the audit log says so.
func countOfChange(added string) string {
	return `case when a.subject = r.list then -1 else (select count(*) from audit_rules
			where audit = a.id and list = r.list and ` + added + `) end`
}

// RuleHistory are the changes that q selects, the newest first.
func (db *DB) RuleHistory(ctx context.Context, q HistoryQuery) iter.Seq2[RuleChange, error] {
	return each(ctx, db, scanRuleChange, `select a.id, a.generation, a.at, a.actor, a.door,
			a.action, r.list, a.undone_by, a.before, a.after,
			`+countOfChange("added")+`, `+countOfChange("not added")+`,
			(select coalesce(string_agg(x.text, char(10)), '') from (select
				case when added then '+' else '-' end || text as text from `+someOfChange+`
				order by added, position, target limit $3) x),
			(select coalesce(string_agg(x.note, char(10)), '') from (select distinct note
				from `+someOfChange+` where added and note <> '' limit $3) x)
		from audit a join (select 'allow' as list union all select 'block') r
			on exists (select 1 from audit_rules e where e.audit = a.id and e.list = r.list
				and ($2 = '' or e.target = $2))
		where a.generation > 0 and (cast($4 as bigint) = 0 or a.id < $4) and ($1 = '' or r.list = $1)
		order by a.id desc, r.list`+atMost(q.Limit), string(q.List), q.Target,
		shownOfChange, q.Before)
}

func scanRuleChange(row scanner) (c RuleChange, err error) {
	var at int64
	var before, after, entries, notes string
	err = row.Scan(&c.Audit, &c.Generation, &at, &c.Actor, &c.Via, &c.Action, &c.List,
		&c.UndoneBy, &before, &after, &c.Added, &c.Removed, &entries, &notes)
	c.At, c.Entries, c.Notes = fromMillis(at), lines(entries), lines(notes)
	var took, put auditedEntries
	if c.Added < 0 {
		_ = json.Unmarshal([]byte(before), &took) // what is no JSON says nothing
		_ = json.Unmarshal([]byte(after), &put)
		c.Added, c.Removed = put.Count, took.Count
	}
	if c.Action == RulesRemoved && put.Note != "" {
		c.Notes = append(c.Notes, put.Note)
	}
	return c, err
}

func lines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
}

// GenerationOf is the generation that the change made which the audit log has under that id.
func (db *DB) GenerationOf(ctx context.Context, audit int64) (int64, error) {
	return one(ctx, db, scanCount, `select generation from audit where id = $1`, audit)
}

// ErrNoGeneration says that what the lists were at a generation is not known.
var ErrNoGeneration = errors.New("there is no such generation")

// A RuleDifference is an entry that one generation of a list has and another has not, or has for
// another reason or another time.
type RuleDifference struct {
	List  policy.ListName `json:"list"`
	Added bool            `json:"added"`
	Rule
}

// RuleDiff is what became of the lists from one generation to another, which may be the older: an
// entry with another note or time is gone and there. ErrNoGeneration if either is to come, or was
// before the audit log began.
func (db *DB) RuleDiff(ctx context.Context, from, to int64) iter.Seq2[RuleDifference, error] {
	return func(yield func(RuleDifference, error) bool) {
		first, err := one(ctx, db, scanCount, firstKnownQuery)
		now, err2 := db.Generation(ctx)
		if err = errors.Join(err, err2); err == nil {
			err = errors.Join(known(from, first, now), known(to, first, now))
		}
		if err != nil {
			yield(RuleDifference{}, err)
			return
		}
		a, b := min(from, to), max(from, to)
		for d, err := range each(ctx, db, scanDifference, diffQuery, a, b) {
			d.Added = d.Added == (from <= to)
			if !yield(d, err) {
				return
			}
		}
	}
}

// firstKnownQuery is the generation before the first change in the audit log: all of them are in
// it but those of its layout's first days.
const firstKnownQuery = `select coalesce((select min(generation) - 1 from audit
	where generation > 0), (select value from meta where name = 'generation'))`

func known(generation, first, last int64) error {
	if generation < first || generation > last {
		return fmt.Errorf("%w as %d: the lists are of %d, and known since %d", ErrNoGeneration,
			generation, last, first)
	}
	return nil
}

// touched are, of each entry that was changed after generation $1 and up to $2, the first change
// and the last.
const touched = `(select r.list, r.target, r.keyword, min(a.id) as first, max(a.id) as last
	from audit a join audit_rules r on r.audit = a.id
	where a.generation > $1 and a.generation <= $2 group by r.list, r.target, r.keyword)`

// diffQuery gives the entries that stood at $1 and do not at $2 as they were, and those that do:
// what the first change took was there before it, and what the last put there is after it.
const diffQuery = `select x.list, x.added, x.text, x.note, x.created_at, x.expires_at from (
		select w.* from ` + touched + ` t join audit_rules w on w.audit = t.first
			and w.list = t.list and w.target = t.target and w.keyword = t.keyword and not w.added
		left join audit_rules i on i.audit = t.last
			and i.list = t.list and i.target = t.target and i.keyword = t.keyword and i.added
		where i.target is null or i.note <> w.note or i.expires_at is distinct from w.expires_at
		union all
		select i.* from ` + touched + ` t join audit_rules i on i.audit = t.last
			and i.list = t.list and i.target = t.target and i.keyword = t.keyword and i.added
		left join audit_rules w on w.audit = t.first
			and w.list = t.list and w.target = t.target and w.keyword = t.keyword and not w.added
		where w.target is null or i.note <> w.note or i.expires_at is distinct from w.expires_at
	) x order by x.list, x.target, x.keyword, x.added`

func scanDifference(row scanner) (d RuleDifference, err error) {
	var created int64
	var expires sql.NullInt64
	err = row.Scan(&d.List, &d.Added, &d.Entry, &d.Note, &created, &expires)
	d.CreatedAt, d.ExpiresAt = fromMillis(created), timeOrNil(expires)
	return d, err
}
