package store

import (
	"slices"
	"strconv"
	"strings"

	"gatepost/policy"
)

// reasons are the words of a decision, kept as they were when it was made. There is one of
// these for each message, so they are pairs: a name and a value, a rule and its answer. Rules
// that follow one another with the same answer, as most do, are one pair: see together.
type reasons struct {
	Facts   [][2]string `json:"facts"`
	Trail   [][2]string `json:"trail"`
	Decided int         `json:"decided"` // which of the trail
}

// reasonsOctets is what the words of most decisions fit into.
const reasonsOctets = 1 << 10

// newReasons is the JSON of the reasons of a decision. It is written as it is made: each message
// has one, and to have it gathered first and marshalled then took three times as long.
func newReasons(r *Record) string {
	facts, trail := r.Facts.Words(), r.Decision.Trail()
	b := append(make([]byte, 0, reasonsOctets), `{"facts":[`...)
	for i, f := range facts {
		b = appendPair(b, i, f.Name, f.Value)
	}
	b = append(b, `],"trail":[`...)
	decided := slices.IndexFunc(trail, func(s policy.Step) bool { return s.Decided })
	var names []byte
	for i := 0; len(trail) > 0; i++ {
		n := sameAnswer(trail)
		names = together(names[:0], trail[:n])
		b = appendPair(b, i, string(names), trail[0].Answer)
		trail = trail[n:]
	}
	b = strconv.AppendInt(append(b, `],"decided":`...), int64(decided), 10)
	return string(append(b, '}'))
}

// appendPair adds a name and a value, at this place of a list.
func appendPair(b []byte, place int, name, value string) []byte {
	if place > 0 {
		b = append(b, ',')
	}
	b = appendJSON(append(b, '['), name)
	return append(appendJSON(append(b, ','), value), ']')
}

// sameAnswer is how many steps at the start share their answer.
func sameAnswer(trail []policy.Step) int {
	n := slices.IndexFunc(trail, func(s policy.Step) bool { return s.Answer != trail[0].Answer })
	if n < 0 {
		return len(trail)
	}
	return n
}

// between stands between the names of rules that share an answer.
const between = "\n"

func together(names []byte, steps []policy.Step) []byte {
	for i, s := range steps {
		if i > 0 {
			names = append(names, between...)
		}
		names = append(names, s.Rule...)
	}
	return names
}

func (r reasons) facts() []policy.Fact {
	facts := make([]policy.Fact, len(r.Facts))
	for i, f := range r.Facts {
		facts[i] = policy.Fact{Name: f[0], Value: f[1]}
	}
	return facts
}

func (r reasons) trail() []policy.Step {
	var trail []policy.Step
	for _, s := range r.Trail {
		for rule := range strings.SplitSeq(s[0], between) {
			trail = append(trail, policy.Step{Rule: rule, Answer: s[1],
				Decided: len(trail) == r.Decided})
		}
	}
	return trail
}
