package store

import "gatepost/policy"

// reasons are the words of a decision, kept as they were when it was made. There is one of
// these for each message, so they are pairs: a name and a value, a rule and its answer.
type reasons struct {
	Facts   [][2]string `json:"facts"`
	Trail   [][2]string `json:"trail"`
	Decided int         `json:"decided"` // which of the trail
}

func newReasons(r *Record) reasons {
	facts, trail := r.Facts.Words(), r.Decision.Trail()
	kept := reasons{make([][2]string, len(facts)), make([][2]string, len(trail)), 0}
	for i, f := range facts {
		kept.Facts[i] = [2]string{f.Name, f.Value}
	}
	for i, s := range trail {
		kept.Trail[i] = [2]string{s.Rule, s.Answer}
		if s.Decided {
			kept.Decided = i
		}
	}
	return kept
}

func (r reasons) facts() []policy.Fact {
	facts := make([]policy.Fact, len(r.Facts))
	for i, f := range r.Facts {
		facts[i] = policy.Fact{Name: f[0], Value: f[1]}
	}
	return facts
}

func (r reasons) trail() []policy.Step {
	trail := make([]policy.Step, len(r.Trail))
	for i, s := range r.Trail {
		trail[i] = policy.Step{Rule: s[0], Answer: s[1], Decided: i == r.Decided}
	}
	return trail
}
