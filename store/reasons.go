package store

import (
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
	for i, s := range trail {
		kept.together(s)
		if s.Decided {
			kept.Decided = i
		}
	}
	return kept
}

// between stands between the names of rules that share an answer.
const between = "\n"

func (r *reasons) together(s policy.Step) {
	if last := len(r.Trail) - 1; last >= 0 && r.Trail[last][1] == s.Answer {
		r.Trail[last][0] += between + s.Rule
		return
	}
	r.Trail = append(r.Trail, [2]string{s.Rule, s.Answer})
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
