package store

import "slices"

// An idTrail is how far the rows of a damaged table were read, in the order of their ids. An id
// that was changed may be any other, and whoever went on behind it would pass over all between:
// one is believed where it lies between those of the rows beside it.
type idTrail struct {
	last int64   // the id that was believed last
	read []int64 // it, and those that were read since
}

// note takes down that a row was read. Upward is the order; whoever goes on behind a bound comes
// further in it, whatever ids are read.
func (t *idTrail) note(id, bound int64, upward bool) {
	between := func(a, b, c int64) bool { return a < b && b < c }
	if !upward {
		between = func(a, b, c int64) bool { return a > b && b > c }
	}
	n := len(t.read)
	if n >= 2 && between(t.read[n-2], t.read[n-1], id) && between(bound, t.read[n-1], id) {
		t.last = t.read[n-1]
		t.read = append(t.read[:0], t.last)
	}
	t.read = append(t.read, id)
}

// knows reports whether a row was read that would be again behind the last.
func (t *idTrail) knows(id int64) bool { return slices.Contains(t.read, id) }
