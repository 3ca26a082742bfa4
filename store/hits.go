package store

import (
	"context"
	"fmt"
	"iter"
	"time"

	"gatepost/policy"
)

// A hitKey is an entry of a list.
type hitKey struct {
	list    policy.ListName
	keyword policy.Keyword
	target  string
}

// hits are how many messages of a batch an entry decided, and when the last came.
type hits struct{ n, last int64 }

// countHit counts a message for the entry that decided it, which the batch writes once. When one
// was rejected is not kept: of such mail nothing is but numbers.
func (t *tx) countHit(r *Record) {
	list, e := r.Decision.RuleList(), r.Decision.Rule()
	if list == "" {
		return
	}
	if t.hits == nil {
		t.hits = map[hitKey]hits{}
	}
	key := hitKey{list, e.Keyword, e.Target}
	h := t.hits[key]
	h.n++
	if e.Keyword != policy.RejectKeyword {
		h.last = max(h.last, r.Envelope.ReceivedAt.UnixMilli())
	}
	t.hits[key] = h
}

func (t *tx) flushHits() error {
	for key, h := range t.hits {
		err := t.exec(`insert into rule_hits (list, target, keyword, hits, last_at)
			values ($1, $2, $3, $4, nullif(cast($5 as bigint), 0)) on conflict (list, target, keyword) do update
			set hits = rule_hits.hits + excluded.hits,
				last_at = case when rule_hits.last_at > excluded.last_at
					then rule_hits.last_at else excluded.last_at end`,
			string(key.list), key.target, key.keyword.String(), h.n, h.last)
		if err != nil {
			return fmt.Errorf("hits of %s: %w", key.target, err)
		}
	}
	return nil
}

// HitsSince is since when it is counted which entries decide; the zero time is from the beginning.
func (db *DB) HitsSince(ctx context.Context) (time.Time, error) {
	from, err := one(ctx, db, scanCount, `select value from meta where name = 'hits_from'`)
	if err != nil || from == 0 {
		return time.Time{}, err
	}
	return fromMillis(from), nil
}

// StaleRules are the entries of a list that are there since before a time and decided nothing
// since, the oldest first. Of one with reject: it is known only whether it ever did.
func (db *DB) StaleRules(ctx context.Context, list policy.ListName, since time.Time) (
	rules iter.Seq2[Rule, error]) {
	return each(ctx, db, scanRule, `select r.text, r.note, r.created_at, r.expires_at, false,
			coalesce(h.hits, 0), h.last_at
		from rules r left join rule_hits h
			on h.list = r.list and h.target = r.target and h.keyword = r.keyword
		where r.list = $1 and not r.removed and r.created_at < $2
			and (r.expires_at is null or r.expires_at > $3) and `+unmet+`
		order by coalesce(h.last_at, r.created_at), r.position`, string(list),
		since.UnixMilli(), db.now().UnixMilli())
}

// unmet asks whether entry r with hits h decided nothing since $2.
const unmet = `(h.hits is null or h.last_at < $2)`
