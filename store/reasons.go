package store

import (
	"slices"
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

func newReasons(r *Record) reasons {
	facts, trail := r.Facts.Words(), r.Decision.Trail()
	kept := reasons{Facts: make([][2]string, len(facts))}
	for i, f := range facts {
		kept.Facts[i] = [2]string{f.Name, f.Value}
	}
	kept.Decided = slices.IndexFunc(trail, func(s policy.Step) bool { return s.Decided })
	for len(trail) > 0 {
		n := sameAnswer(trail)
		kept.Trail = append(kept.Trail, together(trail[:n]))
		trail = trail[n:]
	}
	return kept
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

func together(steps []policy.Step) [2]string {
	var names strings.Builder
	names.Grow(32 * len(steps)) // a name has 20 octets or so
	for i, s := range steps {
		if i > 0 {
			names.WriteString(between)
		}
		names.WriteString(s.Rule)
	}
	return [2]string{names.String(), steps[0].Answer}
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
