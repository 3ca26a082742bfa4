package store

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// A ListedEntry is an entry of a list as rules read it, and what became of it.
type ListedEntry struct {
	policy.Entry
	Expired bool // its time is over
	Unmet   bool // it decided nothing for UnmetAfter
}

// UnmetAfter is for how long an entry that no mail meets is taken to be of use.
const UnmetAfter = 90 * 24 * time.Hour

// IdleEntries are those of a list that are expired or unmet, in no order. The plus sign has the
// table read from its beginning to its end: an index leads to one row after the other, all over it.
func (db *DB) IdleEntries(ctx context.Context, list policy.ListName) iter.Seq2[ListedEntry, error] {
	return each(ctx, db, scanListed, listedQuery+` where +list = $1 and (expired or unmet)`,
		db.listedArgs(list)...)
}

// Entry is one entry of a list, or ErrNotFound.
func (db *DB) Entry(ctx context.Context, list policy.ListName, e policy.Entry) (ListedEntry, error) {
	return one(ctx, db, scanListed, listedQuery+` where list = $1 and target = $4 and keyword = $5`,
		append(db.listedArgs(list), e.Target, e.Keyword.String())...)
}

// listedQuery asks last what takes most: what of an entry is known otherwise is not looked for.
const listedQuery = `select keyword, target, text, removed, expired, unmet from (select r.*,
		coalesce(r.expires_at <= $3, false) as expired,
		$2 >= (select value from meta where name = 'hits_from') and r.created_at < $2
			and not exists (select 1 from rule_hits h where h.list = r.list
				and h.target = r.target and h.keyword = r.keyword
				and coalesce(h.last_at, $2) >= $2) as unmet
	from rules r where not r.removed) l`

func (db *DB) listedArgs(list policy.ListName) []any {
	return []any{string(list), db.now().Add(-UnmetAfter).UnixMilli(), db.now().UnixMilli()}
}

func scanListed(row scanner) (l ListedEntry, err error) {
	l.Entry, _, err = scanEntry(also{row, []any{&l.Expired, &l.Unmet}})
	return l, err
}

// mostCounted is how many profiles are counted to tell which domains have most: a tenth of a
// second.
const mostCounted = 100_000

// SenderDomains are the domains of profiles, those of most first. Where there are very many
// profiles, those are that were made last.
func (db *DB) SenderDomains(ctx context.Context) ([]message.Domain, error) {
	profiles := map[message.Domain]int{}
	for email, err := range each(ctx, db, scanText, `select email from users
		order by id desc limit $1`, mostCounted) {
		if err != nil {
			return nil, err
		}
		profiles[message.Domain(email[strings.LastIndexByte(email, '@')+1:])]++
	}
	return slices.SortedFunc(maps.Keys(profiles), func(a, b message.Domain) int {
		return cmp.Or(cmp.Compare(profiles[b], profiles[a]), cmp.Compare(a, b))
	}), nil
}
