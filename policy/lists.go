package policy

import (
	"iter"
	"maps"
	"math/bits"
	"strings"

	"gatepost/message"
)

// A List is one compiled list. It never changes and may be shared by any number of
// goroutines; the nil List is empty. A shared base carries most of the entries; what
// changed since it was built lies over it, so that one more entry on a list of a million
// costs microseconds.
type List struct {
	base, over layer
	everyone   bool // * is on it
	depths     depths
	entries    int
}

// A layer holds, for each target, the keywords it is listed with. A target without any is
// as good as absent; in the upper layer it hides the one below.
type layer struct {
	marks map[string]marks
	texts map[Entry]string // how an entry is shown, where that is not its one spelling
}

// marks are the keywords a target is listed with, a bit each.
type marks uint8

func mark(k Keyword) marks { return 1 << k }

func (m marks) has(k Keyword) bool { return m&mark(k) != 0 }

// A Change puts an entry on a list or takes it off.
type Change struct {
	Entry
	Removed bool
}

// Compile builds a list. Of a repeated entry the first is kept.
func Compile(entries iter.Seq[Entry]) *List { return CompileMany(entries, 0) }

// CompileMany is Compile for about as many entries: with room for them from the beginning a list of
// a million is built in half the time.
func CompileMany(entries iter.Seq[Entry], about int) *List {
	l := &List{base: layer{marks: make(map[string]marks, about), texts: map[Entry]string{}}}
	for e := range entries {
		l.apply(&l.base, Change{Entry: e})
	}
	return l
}

// With is the list after the changes, in their order. The receiver stays as it was. To
// remove what is not there changes nothing, and to add what is only how it is shown.
func (l *List) With(changes []Change) *List {
	if l == nil {
		l = Compile(func(func(Entry) bool) {})
	}
	next, top := l.fork(len(changes))
	for _, c := range changes {
		next.apply(top, c)
		if !c.Removed {
			next.name(top, c)
		}
	}
	return next
}

// Len is the number of entries.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return l.entries
}

// Overlay is the number of targets that lie over the shared base.
func (l *List) Overlay() int {
	if l == nil {
		return 0
	}
	return len(l.over.marks)
}

// Has reports whether the entry is on the list.
func (l *List) Has(e Entry) bool { return l.at(e.Target).has(e.Keyword) }

// Lists reports whether a target is on the list, with whichever keyword.
func (l *List) Lists(target string) bool { return l.at(target) != 0 }

// ListsBeside reports whether the target of an entry is on the list otherwise than by it.
func (l *List) ListsBeside(e Entry) bool { return l.at(e.Target)&^mark(e.Keyword) != 0 }

// fork copies the list for changing, with the layer to change: the upper one as long as it
// stays small, else a new base with everything in it.
func (l *List) fork(changes int) (*List, *layer) {
	next := *l
	if len(l.over.marks)+len(l.over.texts)+changes <= l.mostOverlay() {
		next.over = l.over.clone()
		return &next, &next.over
	}
	next.base, next.over = l.base.clone(), layer{}
	next.base.lay(l.over)
	return &next, &next.base
}

// mostOverlay balances two costs: each change copies the overlay, and each time it is
// full the base is copied.
func (l *List) mostOverlay() int { return 512 + len(l.base.marks)/2048 }

func (l *List) apply(top *layer, c Change) {
	here := l.at(c.Target)
	if here.has(c.Keyword) != c.Removed {
		return
	}
	here ^= mark(c.Keyword)
	if here == 0 && top == &l.base {
		delete(top.marks, c.Target)
	} else {
		top.marks[c.Target] = here
	}
	l.name(top, c)
	l.count(c)
}

// name keeps how the entry is shown. In the upper layer even no text at all is kept where
// it hides another: that of an entry which was removed and added again.
func (l *List) name(top *layer, c Change) {
	rule, text := c.Entry.rule(), c.Text
	if c.Removed || text == rule.String() {
		text = ""
	}
	delete(top.texts, rule)
	if text != l.Shown(rule).Text {
		top.texts[rule] = text
	}
}

func (l *List) count(c Change) {
	l.entries++
	if c.Removed {
		l.entries -= 2
	}
	switch {
	case c.Target == Everyone:
		l.everyone = l.at(Everyone) != 0
	case !strings.Contains(c.Target, "@"):
		l.depths |= depth(1 + strings.Count(c.Target, "."))
	}
}

// at is what the target is listed with.
func (l *List) at(target string) marks {
	if l == nil {
		return 0
	}
	if len(l.over.marks) > 0 {
		if m, ok := l.over.marks[target]; ok {
			return m
		}
	}
	return l.base.marks[target]
}

// Shown is the entry with the text it was written with.
func (l *List) Shown(e Entry) Entry {
	if l == nil {
		return e
	}
	if text, ok := l.over.texts[e]; ok {
		e.Text = text
	} else if len(l.base.texts) > 0 {
		e.Text = l.base.texts[e]
	}
	return e
}

// depths say how many labels the domains on a list have, so that nobody looks for others:
// the name alone above a domain, or the 127 labels a stranger may send.
type depths uint64

// depth is a bit; the last one stands for all that are deeper.
func depth(labels int) depths { return 1 << min(labels, 63) }

func (l *List) labels() depths {
	if l == nil {
		return 0
	}
	return l.depths
}

// Covering gives d and each of its parents that a list or an organisation may have, the nearest
// first: of those left out none has any.
func (p *Policy) Covering(d message.Domain) iter.Seq[string] {
	return within(d, p.Allow.labels()|p.Block.labels()|p.Orgs.labels())
}

// within gives d and each of its parents that one of the lists may have.
func within(d message.Domain, on depths) iter.Seq[string] {
	return func(yield func(string) bool) {
		rest, n := cut(string(d), bits.Len64(uint64(on))-1)
		for ; n > 0; n-- {
			if on&depth(n) != 0 && !yield(rest) {
				return
			}
			_, rest, _ = strings.Cut(rest, ".")
		}
	}
}

// cut is the end of a domain, with at most that many labels; 63 are no limit. It begins
// behind, so that a domain costs what the lists are deep and not what it is itself.
func cut(d string, most int) (rest string, labels int) {
	end := len(d)
	for ; end > 0 && (labels < most || most == 63); labels++ {
		end = max(0, strings.LastIndexByte(d[:end], '.'))
	}
	return strings.TrimPrefix(d[end:], "."), labels
}

func (l layer) clone() layer {
	c := layer{marks: maps.Clone(l.marks), texts: maps.Clone(l.texts)}
	if c.marks == nil {
		c = layer{marks: map[string]marks{}, texts: map[Entry]string{}}
	}
	return c
}

// lay puts the upper layer into the base.
func (l layer) lay(over layer) {
	for target, m := range over.marks {
		if m == 0 {
			delete(l.marks, target)
		} else {
			l.marks[target] = m
		}
	}
	for rule, text := range over.texts {
		if text == "" {
			delete(l.texts, rule)
		} else {
			l.texts[rule] = text
		}
	}
}
