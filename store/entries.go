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

// A ListedEntry is an entry of a list as rules read it, since when it is there, and whether its
// time is over.
type ListedEntry struct {
	policy.Entry
	CreatedAt time.Time
	Expired   bool
	Unmet     bool // it decided nothing for UnmetAfter
}

// UnmetAfter is for how long an entry that no mail meets is taken to be of use.
const UnmetAfter = 90 * 24 * time.Hour

// Entries are those of a list, in no order: a million of them need none.
func (db *DB) Entries(ctx context.Context, list policy.ListName) iter.Seq2[ListedEntry, error] {
	return each(ctx, db, scanListed, listedQuery, db.listedArgs(list)...)
}

// Entry is one entry of a list, or ErrNotFound.
func (db *DB) Entry(ctx context.Context, list policy.ListName, e policy.Entry) (ListedEntry, error) {
	return one(ctx, db, scanListed, listedQuery+` where target = $4 and keyword = $5`,
		append(db.listedArgs(list), e.Target, e.Keyword.String())...)
}

const listedQuery = `select keyword, target, text, removed, created_at,
		coalesce(expires_at <= $3, false), created_at < $2 and ` + unmet + `
			and $2 >= (select value from meta where name = 'hits_from')
	from (select r.*, h.hits, h.last_at from rules r left join rule_hits h
		on h.list = r.list and h.target = r.target and h.keyword = r.keyword
		where r.list = $1 and not r.removed) h`

func (db *DB) listedArgs(list policy.ListName) []any {
	return []any{string(list), db.now().Add(-UnmetAfter).UnixMilli(), db.now().UnixMilli()}
}

func scanListed(row scanner) (l ListedEntry, err error) {
	var created int64
	l.Entry, _, err = scanEntry(also{row, []any{&created, &l.Expired, &l.Unmet}})
	l.CreatedAt = fromMillis(created)
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
