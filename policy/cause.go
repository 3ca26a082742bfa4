package policy

import "iter"

// CauseCount is how long a table by cause is, with NoCause in it.
const CauseCount = int(causeEnd)

// EachCause is every cause there is, those that are asked last in the order of asking.
func EachCause() iter.Seq[Cause] {
	return func(yield func(Cause) bool) {
		for c := NoCause + 1; c < causeEnd && yield(c); c++ {
		}
	}
}

// row is all that is known of the cause; nothing if there is no such cause.
func (c Cause) row() *causeRow {
	if c >= causeEnd {
		c = NoCause
	}
	return &causes[c]
}

// String is the vendor's name of the cause, "" for none.
func (c Cause) String() string { return c.row().name }

// Label is what people who work with it all day call it, "" for none.
func (c Cause) Label() string { return c.row().label }

// ID is the vendor's number of the cause; ok is false where there is none.
func (c Cause) ID() (id int, ok bool) {
	if id = c.row().id; id == noID {
		return 0, false
	}
	return id, true
}

// HasSwitch reports whether there is a setting that switches the cause off. There is none
// for what the lists hold, for a sender that nobody can name, and for server_lock, which
// holds nothing unless smtp.only_relays asks for it.
func (c Cause) HasSwitch() bool { return c.row().switched }

// ProfileOnRecover reports whether recovering a message held for this cause gives its
// sender a profile, as the vendor does. Where the sender may be a robot or a forger that
// would hand them a privilege; of a cause that nobody knows, nobody knows it.
func (c Cause) ProfileOnRecover() bool { return c.row().profile }

// OfRate reports whether it may be held for how much of its sender was stored within the hour.
func (c Cause) OfRate() bool { return c == Loop }

// ParseCause is the cause of that name; ok is false if there is none.
func ParseCause(name string) (c Cause, ok bool) {
	for c := range EachCause() {
		if c.String() == name {
			return c, true
		}
	}
	return NoCause, false
}
