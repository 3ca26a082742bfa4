package policy

import "fmt"

// A Step of a trail is one rule that was asked and its answer.
type Step struct {
	Rule    string `json:"rule"`
	Answer  string `json:"answer"`
	Decided bool   `json:"decided"`
}

// Trail is every rule that was asked, in order, with its answer. One of them decided.
func (d Decision) Trail() []Step {
	steps := make([]Step, d.asked)
	for i, s := range d.steps[:d.asked] {
		steps[i] = Step{Rule: s.rule.String(), Answer: s.answer.String()}
		if s.rule == d.step {
			steps[i].Answer, steps[i].Decided = d.Why(), true
		}
	}
	return steps
}

// Why is one sentence, in the words of the rule that decided. It repeats what strangers
// wrote: whoever shows it makes control characters visible.
func (d Decision) Why() string {
	switch {
	case d.by == 0:
		return "no rule was asked"
	case d.by < firstOfAddress:
		return messageRules[d.by-1].why(&d)
	case d.by == ruleReplyTo:
		return d.replyTo
	case d.by == rulePass:
		return whyPassed(&d)
	}
	why := addressRules[d.by-firstOfAddress].why(&d)
	if d.Field == ReplyTo {
		return fmt.Sprintf("Reply-To names %s: %s", d.Address, why)
	}
	return why
}

func whyUnreadable(d *Decision) string { return "it cannot be read as mail: " + d.unreadable }

func whyAmbiguous(d *Decision) string {
	if d.sender.Problem == 0 {
		return "there is no sender: no entry matches an empty address"
	}
	return "no single From address can be read: " + d.sender.Why()
}

func whySuspendedProfile(d *Decision) string {
	return fmt.Sprintf("the profile of %s is suspended", d.Address)
}

func whySuspendEntry(d *Decision) string {
	switch {
	case d.against.IsZero():
		return onBlocklist(d.rule)
	case d.against.Keyword == RejectKeyword:
		return fmt.Sprintf("%s, which beats %s", onBlocklist(d.rule), d.against)
	}
	return onBlocklist(d.rule) + beatsAllowlist(d.against)
}

// whyReject also says it of a Reply-To, which is held where a From would be rejected.
func whyReject(d *Decision) string {
	switch {
	case d.conflict:
		return fmt.Sprintf("%s and %s are both on the blocklist: a conflict suspends",
			d.rule, d.against)
	case d.Field == ReplyTo:
		return onBlocklist(d.rule) + ", which suspends from there"
	case d.against.IsZero():
		return onBlocklist(d.rule)
	}
	return onBlocklist(d.rule) + beatsAllowlist(d.against)
}

func whyAllowed(d *Decision) string {
	on := d.rule.name() + " is on the allowlist"
	switch {
	case d.against.IsZero():
		return on
	case d.against.Target == Everyone:
		return on + ", which beats * on the blocklist"
	}
	return fmt.Sprintf("%s, which beats %s on the blocklist", on, d.against)
}

func whyBlocked(d *Decision) string { return onBlocklist(d.rule) }

func whyWildcard(d *Decision) string {
	return fmt.Sprintf("the blocklist has *, and %s has no profile and is not on the allowlist",
		d.Address)
}

func whyPassed(d *Decision) string {
	switch {
	case d.against.IsZero():
		return fmt.Sprintf("nothing on the lists holds %s", d.Address)
	case d.against.Keyword == Plain:
		return fmt.Sprintf("%s has a profile, so * on the blocklist does not hold it", d.Address)
	}
	return fmt.Sprintf("%s has a profile, so neither * nor %s on the blocklist holds it",
		d.Address, d.against)
}

// onBlocklist says it as an operator wrote it: "acme.test is on the blocklist
// (suspend:acme.test)".
func onBlocklist(e Entry) string {
	if e.Keyword == Plain {
		return e.name() + " is on the blocklist"
	}
	return fmt.Sprintf("%s is on the blocklist (%s)", e.name(), e)
}

func beatsAllowlist(e Entry) string {
	return fmt.Sprintf(", which beats the allowlist (%s)", e)
}
