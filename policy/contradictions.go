package policy

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// A Contradiction is an entry of the blocklist and one of an organisation of which one makes
// the other vain.
type Contradiction struct {
	Entry  Entry  // of the blocklist
	Org    string // the name of the organisation
	Target string // what that has
}

// String says which of the two counts, and how to have it otherwise.
func (c Contradiction) String() string {
	if c.Entry.Keyword == Plain {
		return fmt.Sprintf("%s on the blocklist holds nothing, since the organisation %s has %s: "+
			"write suspend:%[1]s to hold it", c.Entry, c.Org, c.Target)
	}
	return fmt.Sprintf("%s on the blocklist beats the organisation %s, which has %s in vain",
		c.Entry, c.Org, c.Target)
}

// Blocking are the contradictions between entries of the blocklist and what organisations have,
// up to limit. A keyword on an address below the domain of an organisation is none, nor is a
// domain on the blocklist with one address of it in an organisation: that is what both are for.
func (p *Policy) Blocking(entries []Entry, limit int) (found []Contradiction) {
	if p.Orgs.Len() == 0 {
		return nil
	}
	keyworded := map[string]Entry{}
	for _, e := range entries {
		if e.Keyword != Plain {
			keyworded[e.Target] = e
			continue
		}
		for target := range above(e.Target) {
			if p.Orgs.at(target).has(Plain) {
				found = append(found, p.contradiction(e, target))
				break
			}
		}
	}
	if len(keyworded) > 0 {
		for target := range p.Orgs.targets() {
			for domain := range above(target) {
				if e, ok := keyworded[domain]; ok {
					found = append(found, p.contradiction(e, target))
					break
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b Contradiction) int {
		return cmp.Or(strings.Compare(a.Entry.Target, b.Entry.Target),
			strings.Compare(a.Target, b.Target))
	})
	return found[:min(len(found), limit)]
}

// Allowing are the contradictions between what the organisation of that name has, or is to have,
// and the blocklist as it stands, up to limit.
func (p *Policy) Allowing(org string, entries []Entry, limit int) (found []Contradiction) {
	for _, e := range entries {
		for target := range above(e.Target) {
			m := p.Block.at(target)
			keyword := Plain
			switch {
			case m.has(SuspendKeyword):
				keyword = SuspendKeyword
			case m.has(RejectKeyword):
				keyword = RejectKeyword
			case !m.has(Plain) || target != e.Target:
				continue
			}
			blocked := p.Block.shown(Entry{Keyword: keyword, Target: target})
			found = append(found, Contradiction{Entry: blocked, Org: org, Target: e.Target})
			break
		}
	}
	return found[:min(len(found), limit)]
}

func (p *Policy) contradiction(e Entry, target string) Contradiction {
	return Contradiction{Entry: e, Org: p.Orgs.shown(Entry{Target: target}).String(), Target: target}
}

// above gives a target, and each domain that it is in.
func above(target string) iter.Seq[string] {
	return func(yield func(string) bool) {
		rest, more := target, true
		for more && yield(rest) {
			at := strings.LastIndexByte(rest, '@')
			if at < 0 {
				_, rest, more = strings.Cut(rest, ".")
			} else {
				rest = rest[at+1:]
			}
		}
	}
}

// targets are those on the list, in no order.
func (l *List) targets() iter.Seq[string] {
	return func(yield func(string) bool) {
		for target := range l.base.marks {
			if l.at(target) != 0 && !yield(target) {
				return
			}
		}
		for target, m := range l.over.marks {
			if _, below := l.base.marks[target]; !below && m != 0 && !yield(target) {
				return
			}
		}
	}
}
