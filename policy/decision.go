package policy

import (
	"cmp"
	"fmt"
	"strings"

	"gatepost/message"
)

// An Action is what becomes of a message. The zero Action is Suspend: a forgotten return
// loses nothing and lets nothing in.
type Action uint8

const (
	Suspend Action = iota
	Ticket
	Reject
	Defer
	Comment // on the ticket that the message replies to
)

func (a Action) String() string {
	switch a {
	case Ticket:
		return "ticket"
	case Reject:
		return "reject"
	case Defer:
		return "defer"
	case Comment:
		return "comment"
	}
	return "suspend"
}

// ParseAction reads what String wrote.
func ParseAction(s string) (Action, error) {
	for a := Suspend; a <= Comment; a++ {
		if a.String() == s {
			return a, nil
		}
	}
	return Suspend, fmt.Errorf("there is no action %q", s)
}

// LetsIn reports whether the message is neither held, nor rejected, nor put off.
func (a Action) LetsIn() bool { return a == Ticket || a == Comment }

// A Field is the header field that decided.
type Field uint8

const (
	NoField Field = iota // no field, or none in particular
	From
	ReplyTo
	OriginalFrom
)

// String is the name of the header field, or "".
func (f Field) String() string {
	switch f {
	case From:
		return "From"
	case ReplyTo:
		return "Reply-To"
	case OriginalFrom:
		return "X-Original-From"
	}
	return ""
}

// A Decision is what becomes of a message and why. It is made of values: nothing is
// allocated until somebody asks for words, and those are of the Facts it was made from.
type Decision struct {
	Action  Action
	Cause   Cause           // NoCause unless it is held, or deferred
	Field   Field           // whose address decided
	Address message.Address // the one that decided: the sender's, its Author's, or one in Reply-To
	Proof   Result          // that it is from its From domain: pass, fail, none or temperror
	Claimed bool            // the proof that is asked for is missing: the sender is only a claim
	Room    int             // it stands while less than Room of the Band are stored; 0: always

	rule     Entry
	list     listed   // that it is on
	against  Entry    // an entry that says otherwise, if one does
	org      string   // the organisation that has one of the two, "" if none does
	conflict bool     // the two contradict each other
	evidence Evidence // what shows the cause
	allowed  bool     // the allowlist or an organisation has the sender
	authored bool     // it is judged as that of its Author
	lost     bool     // it would have gone better with the proof
	facts    *Facts

	step  ruleID // the rule that decided
	by    ruleID // whose words say why: for Reply-To the rule that its address met
	asked uint8  // of steps
	steps [maxSteps]step
}

// maxSteps leaves room for every rule once.
const maxSteps = 32

// A step is a rule and its answer.
type step struct {
	rule   ruleID
	answer answer
}

// note writes down that a rule was asked.
func (d *Decision) note(id ruleID, v verdict) {
	d.steps[d.asked] = step{id, v.answer}
	d.asked++
}

// settle takes the verdict of a rule for the decision.
func (d *Decision) settle(id ruleID, v verdict) {
	d.Action, d.Cause, d.Field = v.action, v.cause, v.field
	d.conflict, d.evidence = v.conflict, v.evidence
	d.step, d.by = id, id
}

// name takes down the entries that the verdict is about.
func (d *Decision) name(p *Policy, h hits, v verdict) {
	d.rule, d.against = p.entry(v.entry, h.address), p.entry(v.against, h.address)
	d.list = v.entry.list
	d.org = cmp.Or(p.owner(v.entry, h.address), p.owner(v.against, h.address))
}

// Rule is the most specific entry that decided; the zero Entry if none did.
func (d Decision) Rule() Entry { return d.rule }

// RuleList is the list that entry is on, "" if none decided, or one of an organisation.
func (d Decision) RuleList() ListName {
	switch {
	case d.rule.IsZero() || d.list == onOrg:
		return ""
	case d.list == onAllow:
		return Allow
	}
	return Block
}

// RuleKind is the kind of that entry, for counting: "address", "domain", "wildcard" or "".
func (d Decision) RuleKind() string {
	switch {
	case d.rule.IsZero():
		return ""
	case d.rule.Target == Everyone:
		return "wildcard"
	case strings.Contains(d.rule.Target, "@"):
		return "address"
	}
	return "domain"
}

// RuleText is that entry as it is shown, such as "reject:acme.test", or "".
func (d Decision) RuleText() string {
	if d.rule.IsZero() {
		return ""
	}
	return d.rule.String()
}
