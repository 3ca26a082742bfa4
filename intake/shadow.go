package intake

import (
	"context"

	"gatepost/policy"
	"gatepost/store"
)

// What a shadow would make of a message is found out of the facts that are kept with it, behind
// this path. Of a message that is rejected none are kept: it alone is decided here a second time.

// asksForProof reports whether who sent the message can make a difference: to the rules, or to
// what a shadow would make of a message that these reject.
func (r *Receiver) asksForProof(ctx context.Context, rules *policy.Policy, f *policy.Facts) bool {
	if rules.AsksForProof(f) {
		return true
	}
	then, _ := r.shadow(ctx, rules)
	return then != nil && then.AsksForProof(f)
}

// shadowed is what the shadow would make of a message that is rejected.
func (r *Receiver) shadowed(ctx context.Context, rules *policy.Policy, f *policy.Facts) (
	s store.Shadowed) {
	then, number := r.shadow(ctx, rules)
	if then == nil {
		return s
	}
	d := then.Decide(f)
	if d.Action == policy.Reject {
		return s
	}
	s = store.Shadowed{Number: number, Action: d.Action}
	if d.Action == policy.Suspend {
		s.Cause = d.Cause
	}
	return s
}

// shadow is the shadow laid over the rules, nil if there is none. What cannot be read is none: it
// must not get in the way of mail.
func (r *Receiver) shadow(ctx context.Context, rules *policy.Policy) (*policy.Policy, int64) {
	then, number, err := r.DB.Beside(ctx, rules)
	if err != nil {
		r.Log.Error("the shadow counts nothing", "error", err)
		return nil, 0
	}
	return then, number
}
