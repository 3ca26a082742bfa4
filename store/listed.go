package store

import (
	"context"
	"fmt"
	"strings"

	"gatepost/policy"
)

// A RuleQuery selects entries of a list, and their order. What it has otherwise than named here is
// as if it had nothing.
type RuleQuery struct {
	List    policy.ListName
	Search  string // words, each of which the entry or its note has
	Keyword string // "plain", "suspend", "reject"
	State   string // "ends", "expired", "unmet"
	Sort    string // "entry", "added", "expires", "hits", "last"; by the last three only what has it
}

// A ListedRule is an entry of a list, and who put it there or gave it its note or time.
type ListedRule struct {
	Rule
	Actor string // "" if that was before the audit log began

	since int64
}

const (
	rulesFrom = ` from rules r left join rule_hits h
		on h.list = r.list and h.target = r.target and h.keyword = r.keyword`
	hitsFrom = ` from rule_hits h join rules r
		on r.list = h.list and r.target = h.target and r.keyword = h.keyword`

	// fewRules is how many entries of a list are sorted to have them in the order in which they
	// came; of more, an index has the order in which they were put there last: a tenth of a second.
	fewRules = 20_000
)

// RulePage is a page of the entries that q selects, in its order.
func (db *DB) RulePage(ctx context.Context, q RuleQuery, r PageRequest) (Page[ListedRule], error) {
	c, few, err := db.selected(ctx, q)
	if err != nil {
		return Page[ListedRule]{}, err
	}
	l := listing[ListedRule]{scan: scanListedRule, from: rulesFrom, id: "r.rowid", sort: q.Sort,
		columns: fmt.Sprintf(`r.text, r.note, r.created_at, r.expires_at,
			coalesce(r.expires_at <= %d, false), coalesce(h.hits, 0), h.last_at, r.since`,
			db.now().UnixMilli())}
	switch q.Sort {
	case "added":
		n, err := one(ctx, db, scanCount, `select count(*) from (select 1 from rules
			where list = $1 and not removed limit $2) r`, string(q.List), fewRules+1)
		if err != nil {
			return Page[ListedRule]{}, err
		}
		if l.key = "r.generation"; few || n <= fewRules {
			l.key, few = "r.created_at", true
		}
	case "expires":
		l.key = "r.expires_at"
		c.texts = append(c.texts, "r.expires_at is not null")
	case "hits":
		l.key, l.from = "h.hits", hitsFrom
	case "last":
		l.key, l.from = "h.last_at", hitsFrom
		c.texts = append(c.texts, "h.last_at is not null")
	default:
		l.sort, l.key = "entry", "r.target"
	}
	if !few && (q.Sort == "added" || q.Sort == "expires") {
		c.texts[0] = "+" + c.texts[0] // else SQLite takes the list whole, and sorts it
	}
	l.where, l.args = c.where(), c.args
	p, err := page(ctx, db, l, r)
	if err != nil {
		return p, err
	}
	return p, db.nameActors(ctx, p.Items)
}

// selected are the conditions of q. If they select only a few entries, which a look through the table
// from its beginning to its end tells soonest, they are those: to look for them in the order of the
// page would take the rows of a list of a million from all over the table.
func (db *DB) selected(ctx context.Context, q RuleQuery) (c conditions, few bool, err error) {
	c = q.conditions(db.now().UnixMilli(), db.now().Add(-UnmetAfter).UnixMilli())
	if q.Search == "" && q.Keyword == "" && q.State == "" {
		return c, false, nil
	}
	found, few, err := db.few(ctx, "r.rowid", rulesFrom+" where +"+strings.Join(c.texts, " and "), c.args)
	if few {
		c = conditions{texts: []string{found}}
	}
	return c, few, err
}

// conditions are those of q at a time, in Unix milliseconds, if what decided nothing since another
// is unmet.
func (q RuleQuery) conditions(now, met int64) (c conditions) {
	c.add("r.list = $", string(q.List))
	c.texts = append(c.texts, "not r.removed")
	for _, word := range searchWords(q.Search) {
		c.add(`(r.text like $ escape '\' or r.target like $ escape '\' or r.note like $ escape '\')`,
			containing(word))
	}
	switch q.Keyword {
	case "plain":
		c.add("r.keyword = $", policy.Plain.String())
	case "suspend":
		c.add("r.keyword = $", policy.SuspendKeyword.String())
	case "reject":
		c.add("r.keyword = $", policy.RejectKeyword.String())
	}
	switch q.State {
	case "ends":
		c.add("r.expires_at > $", now)
	case "expired":
		c.add("r.expires_at <= $", now)
	case "unmet":
		c.add("r.created_at < $ and (h.hits is null or h.last_at < $)", met)
	}
	return c
}

func scanListedRule(row scanner) (l ListedRule, err error) {
	l.Rule, err = scanRule(also{row, []any{&l.since}})
	return l, err
}

// nameActors looks who made the changes by which these entries stand, all in one.
func (db *DB) nameActors(ctx context.Context, rules []ListedRule) error {
	if len(rules) == 0 {
		return nil
	}
	texts := make([]string, len(rules))
	for i, r := range rules {
		texts[i] = fmt.Sprint(r.since)
	}
	actors := map[int64]string{}
	type made struct {
		generation int64
		actor      string
	}
	for m, err := range each(ctx, db, func(row scanner) (m made, err error) {
		err = row.Scan(&m.generation, &m.actor)
		return m, err
	}, `select generation, actor from audit where generation > 0 and generation in (`+
		strings.Join(texts, ", ")+`)`) {
		if err != nil {
			return err
		}
		actors[m.generation] = m.actor
	}
	for i, r := range rules {
		rules[i].Actor = actors[r.since]
	}
	return nil
}
