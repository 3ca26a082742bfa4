package policy

import (
	"fmt"
	"net/netip"
)

// An Access says who may sign in and use the API, by network address. The zero Access lets
// everybody.
type Access struct {
	Enabled         bool
	Ranges          *Ranges
	CustomersBypass bool // end-users may come from anywhere; staff never may
}

// A Visit is what is known of a request when its access is decided.
type Visit struct {
	Client netip.Addr // of the connection, or what a proxy of ours says
	Exempt string     // why the endpoint answers from anywhere; empty if it does not
	Before bool       // it is the way to the sign-in: who it is cannot be known yet
	Known  bool       // somebody is signed in, or has a token
	Role   Role       // theirs
}

// A Passage is whether a visit may go on, and why.
type Passage struct {
	Allowed bool
	visit   Visit
	step    accessRule
	steps   [accessEnd]accessAnswer
}

// Decide asks the rules in order; the first that allows stands, and who is allowed by none
// is refused.
//
//	exempt     the endpoint answers from anywhere, for a reason of its own
//	disabled   IP restrictions are switched off
//	ranges     the address is in one of the ranges
//	customers  customers bypass: end-users may come from anywhere, and so the sign-in page
//	           answers, which finds out who somebody is
func (a Access) Decide(v Visit) Passage {
	p := Passage{visit: v}
	for rule := range accessEnd {
		allowed, answer := a.ask(rule, v)
		p.steps[rule] = answer
		p.step = rule
		if allowed {
			p.Allowed = true
			return p
		}
	}
	return p
}

type accessRule uint8

const (
	exempt accessRule = iota
	disabled
	inRanges
	customers
	accessEnd
)

func (r accessRule) String() string {
	return [...]string{exempt: "exempt", disabled: "disabled", inRanges: "ranges",
		customers: "customers", accessEnd: ""}[r]
}

type accessAnswer uint8

const (
	notExempt accessAnswer = iota
	isExempt
	restricted
	unrestricted
	outside
	inside
	noBypass
	stranger
	staff
	customer
	signIn
)

func (a Access) ask(rule accessRule, v Visit) (allowed bool, answer accessAnswer) {
	switch rule {
	case exempt:
		return choose(v.Exempt != "", isExempt, notExempt)
	case disabled:
		return choose(!a.Enabled, unrestricted, restricted)
	case inRanges:
		return choose(a.Ranges.Contains(v.Client), inside, outside)
	}
	switch {
	case !a.CustomersBypass:
		return false, noBypass
	case v.Before:
		return true, signIn
	case !v.Known:
		return false, stranger
	}
	return choose(v.Role == EndUser, customer, staff)
}

func choose(allowed bool, yes, no accessAnswer) (bool, accessAnswer) {
	if allowed {
		return true, yes
	}
	return false, no
}

// Why is one sentence. It names the address that was seen.
func (p Passage) Why() string { return p.words(p.steps[p.step]) }

func (p Passage) words(a accessAnswer) string {
	client := "the address is unknown and"
	if p.visit.Client.IsValid() {
		client = p.visit.Client.String()
	}
	switch a {
	case isExempt:
		return p.visit.Exempt
	case outside:
		return fmt.Sprintf("%s is in none of the allowed ranges", client)
	case inside:
		return fmt.Sprintf("%s is in an allowed range", client)
	case noBypass:
		return fmt.Sprintf("%s is in none of the allowed ranges, and nobody may bypass them", client)
	case stranger:
		return fmt.Sprintf("%s is in none of the allowed ranges, and nobody is signed in", client)
	case staff:
		return fmt.Sprintf("%s is in none of the allowed ranges, which an %s cannot bypass",
			client, p.visit.Role)
	}
	return [...]string{
		notExempt:    "this endpoint is not exempt",
		restricted:   "IP restrictions are enabled",
		unrestricted: "IP restrictions are not enabled",
		customer:     "customers may come from anywhere",
		signIn:       "customers may sign in from anywhere, and who it is is not known yet",
	}[a]
}

// Trail is every rule that was asked, in order, with its answer. The last one decided.
func (p Passage) Trail() []Step {
	steps := make([]Step, p.step+1)
	if !p.Allowed {
		steps = make([]Step, accessEnd)
	}
	for i := range steps {
		rule := accessRule(i)
		steps[i] = Step{Rule: rule.String(), Answer: p.words(p.steps[rule]),
			Decided: rule == p.step}
	}
	return steps
}
