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
		for target, m := range l.targets() {
			for k := Plain; k <= RejectKeyword; k++ {
				if m.has(k) && !yield(l.Shown(Entry{Keyword: k, Target: target})) {
					return
				}
			}
		}
	}
}

// targets are those on the list with their keywords, in no order.
func (l *List) targets() iter.Seq2[string, marks] {
	return func(yield func(string, marks) bool) {
		for target, m := range l.base.marks {
			if over, hidden := l.over.marks[target]; hidden {
				m = over
			}
			if m != 0 && !yield(target, m) {
				return
			}
		}
		for target, m := range l.over.marks {
			if _, below := l.base.marks[target]; !below && m != 0 && !yield(target, m) {
				return
			}
		}
	}
}
