package policy

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// ChangesTo are those that make another list of this one, by target. How an entry is written is
// no difference.
func (l *List) ChangesTo(to *List) (changes []Change) {
	for e := range l.Entries() {
		if !to.Has(e) {
			changes = append(changes, Change{Entry: e, Removed: true})
		}
	}
	for e := range to.Entries() {
		if !l.Has(e) {
			changes = append(changes, Change{Entry: e})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.Target, b.Target), cmp.Compare(a.Keyword, b.Keyword))
	})
	return changes
}

// Entries are those on the list, in no order.
func (l *List) Entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		if l == nil {
			return
		}
		for target := range l.targets() {
			for k := Plain; k <= RejectKeyword; k++ {
				e := Entry{Keyword: k, Target: target}
				if l.Has(e) && !yield(l.Shown(e)) {
					return
				}
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
