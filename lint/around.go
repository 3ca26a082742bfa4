package lint

import (
	"iter"
	"slices"
	"strings"

	"gatepost/policy"
)

// A place is what makes two entries the same.
type place struct {
	list    policy.ListName
	keyword policy.Keyword
	target  string
}

func placeOf(e Entry) place { return place{e.List, e.Keyword, e.Target} }

// Around gives what is odd about these entries, and then what they make odd about others; what two
// contradict each other in is said once. Of the life of the others nothing is known here.
func (l *Lists) Around(these []Entry) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		places := make(map[place]bool, len(these))
		said := map[[2]place]Kind{}
		for _, e := range these {
			places[placeOf(e)] = true
			for f := range l.Entry(e) {
				if !f.Other.IsZero() {
					said[[2]place{placeOf(f.Other), placeOf(e)}] = f.Kind
				}
				if !yield(f) {
					return
				}
			}
		}
		for _, e := range l.near(these, places) {
			for f := range l.Entry(e) {
				kind, again := said[[2]place{placeOf(e), placeOf(f.Other)}]
				if !places[placeOf(f.Other)] || again && kind == f.Kind {
					continue
				}
				if !yield(f) {
					return
				}
			}
		}
	}
}

// near are the other entries of which one of these may make something odd: those with the same
// target or one below it, and all if one is for everyone. Nothing is below an address: all entries
// are looked through only for a domain.
func (l *Lists) near(these []Entry, places map[place]bool) (others []Entry) {
	targets, candidates := make(map[string]bool, len(these)), l.of(these)
	for _, e := range these {
		if targets[e.Target] = true; !e.isAddress() {
			candidates = l.all()
		}
	}
	isNear := func(target string) bool {
		if targets[policy.Everyone] || targets[target] {
			return true
		}
		for d := range l.above(target) {
			if targets[d] {
				return true
			}
		}
		return false
	}
	for e := range candidates {
		if isNear(e.Target) && !places[placeOf(e)] {
			others = append(others, e)
		}
	}
	slices.SortStableFunc(others, func(a, b Entry) int { return strings.Compare(a.Target, b.Target) })
	return others
}

// of are the entries with the targets of these.
func (l *Lists) of(these []Entry) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for _, e := range these {
			for _, k := range [...]policy.Keyword{policy.Plain, keywords[0], keywords[1]} {
				b := policy.Entry{Keyword: k, Target: e.Target}
				if l.block.Has(b) && !yield(Entry{List: policy.Block, Entry: l.block.Shown(b)}) {
					return
				}
			}
			a := policy.Entry{Target: e.Target}
			if l.allow.Has(a) && !yield(Entry{List: policy.Allow, Entry: l.allow.Shown(a)}) {
				return
			}
			if l.orgs.Has(a) && !yield(l.ofOrg(e.Target)) {
				return
			}
		}
	}
}

// listed are the entries of both lists, in no order but that.
func (l *Lists) listed() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for e := range l.allow.Entries() {
			if !yield(Entry{List: policy.Allow, Entry: e}) {
				return
			}
		}
		for e := range l.block.Entries() {
			if !yield(Entry{List: policy.Block, Entry: e}) {
				return
			}
		}
	}
}

// all are those, and what organisations have.
func (l *Lists) all() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for e := range l.listed() {
			if !yield(e) {
				return
			}
		}
		for e := range l.orgs.Entries() {
			if !yield(l.ofOrg(e.Target)) {
				return
			}
		}
	}
}

// ofOrg is what an organisation has with that target.
func (l *Lists) ofOrg(target string) Entry {
	e := policy.Entry{Target: target}
	return Entry{List: policy.Org, Entry: e, Organization: l.orgs.Shown(e).String()}
}
