package policy

import (
	"cmp"
	"fmt"
)

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
		switch s.rule {
		case d.step:
			steps[i].Answer, steps[i].Decided = d.Why(), true
		case ruleProof:
			steps[i].Answer = d.proof()
		default:
			if s.answer == noEvidence {
				steps[i].Answer = cmp.Or(d.scanOf(s.rule), steps[i].Answer)
			}
		}
	}
	return steps
}

// Why is one sentence, in the words of the rule that decided. It repeats what strangers
// wrote: whoever shows it makes control characters visible.
func (d Decision) Why() string {
	if d.Action != Comment {
		return d.why()
	}
	return fmt.Sprintf("%s; it replies to ticket %d, which the sender is on", d.why(),
		d.facts.Thread.Ticket)
}

func (d Decision) why() string {
	switch {
	case d.by == 0:
		return "no rule was asked"
	case d.by < ruleProof:
		return messageRules[d.by-1].why(&d)
	case d.by == ruleReplyTo:
		return d.facts.ReplyToProblem
	case d.by == rulePass:
		return whyPassed(&d)
	case d.by >= firstOfCause:
		return d.whyCause()
	}
	why := addressRules[d.by-firstOfAddress].why(&d)
	switch {
	case d.Field > From:
		return fmt.Sprintf("%s names %s: %s", d.Field, d.Address, why)
	case d.lost:
		return fmt.Sprintf("%s; for a stranger %s", d.proof(), why)
	}
	return why
}

// proof says whether the sender is who it claims to be, and what follows.
func (d Decision) proof() string {
	a, from := d.facts.Authentication, d.facts.Sender.Address.Domain()
	if a == nil {
		return "nobody was asked: the claim is taken"
	}
	said := "it is not from "
	switch d.Proof {
	case Pass:
		said = "it is proven to be from "
	case None:
		said = "nothing says whether it is from "
	case TempError:
		return fmt.Sprintf("whether it is from %s could not be found out (%s)", from, a.words())
	}
	return fmt.Sprintf("%s%s (%s)", said, from, a.words())
}

// whyCause says what shows the cause: "a machine wrote it (Auto-Submitted: auto-replied)".
func (d Decision) whyCause() string {
	switch {
	case d.Cause == FailedAuthentication:
		return d.proof()
	case d.by == ruleRate:
		return fmt.Sprintf("%d messages of %s were stored within the hour",
			d.facts.Stored, d.facts.Rate().Address)
	}
	if d.Cause.OfReply() {
		return d.facts.Thread.whyHeld(&d)
	}
	return fmt.Sprintf("%s (%s)", causes[d.Cause].says, d.evidence)
}

func whyUnreadable(d *Decision) string { return "it cannot be read as mail: " + d.facts.Unreadable }

func whyAmbiguous(d *Decision) string {
	if d.facts.Sender.Problem == 0 {
		return "there is no sender: no entry matches an empty address"
	}
	return "no single From address can be read: " + d.facts.Sender.Why()
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
	return onBlocklist(d.rule) + d.beatsAllowed()
}

// whyReject also says it of a Reply-To, which is held where a From would be rejected.
func whyReject(d *Decision) string {
	switch {
	case d.conflict:
		return fmt.Sprintf("%s and %s are both on the blocklist: a conflict suspends",
			d.rule, d.against)
	case d.Field > From:
		return onBlocklist(d.rule) + ", which suspends from there"
	case d.against.IsZero():
		return onBlocklist(d.rule)
	}
	return onBlocklist(d.rule) + d.beatsAllowed()
}

func whyAllowed(d *Decision) string {
	return d.beatsBlocklist(d.rule.name() + " is on the allowlist")
}

func whyOfOrganization(d *Decision) string {
	return d.beatsBlocklist(fmt.Sprintf("the organisation %s has %s", d.org, d.rule.name()))
}

// beatsBlocklist says what of the blocklist does not count because of what lets it in.
func (d *Decision) beatsBlocklist(on string) string {
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
	switch {
	case d.lost:
		return "the blocklist has *"
	case d.authored:
		return "the blocklist has *, and neither profile nor allowlist counts for one who is only named"
	}
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

// beatsAllowed says what would have let it in.
func (d *Decision) beatsAllowed() string {
	if d.org != "" {
		return fmt.Sprintf(", which beats the organisation %s (%s)", d.org, d.against)
	}
	return fmt.Sprintf(", which beats the allowlist (%s)", d.against)
}
