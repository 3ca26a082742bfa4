package policy

import (
	"cmp"

	"gatepost/message"
)

// A Policy is everything an operator has laid down. It never changes: another one takes
// its place, and a message sees one policy from start to end. The zero Policy lets all
// mail pass that can be read and shows no other cause.
type Policy struct {
	Allow, Block *List
	Orgs         *List // what organisations have: the text of an entry is the name of its own
	Generation   int64 // of the rules it was built from
	Settings
}

// Decide is what becomes of a message. It allocates nothing.
func (p *Policy) Decide(f *Facts) Decision {
	requester, _ := f.Requester()
	d := Decision{Address: requester.Address, facts: f}
	if p.askMessage(&d, f) {
		return d
	}
	h := p.stand(&d, f)
	if p.askSender(&d, h) || p.askReplies(&d, f) || p.askCauses(&d, f) {
		p.askRate(&d, f)
		return d
	}
	if d.step == 0 { // else the allowlist lets it in
		v := passed(h)
		d.note(rulePass, v)
		d.settle(rulePass, v)
		d.name(p, h, v)
	}
	if p.joins(f, d.Claimed) {
		d.Action = Comment
	}
	return d
}

// Check is what the lists do to the mail of one address. The zero Address is that of a
// message in which none can be read.
func (p *Policy) Check(a message.Address, profile Profile) Decision {
	return p.Decide(&Facts{Sender: message.Sender{Address: a}, Profile: profile})
}

// AsksForProof reports whether who sent the message can make a difference to it: not if it
// cannot be judged, or is rejected either way.
func (p *Policy) AsksForProof(f *Facts) bool {
	for _, r := range messageRules {
		if r.ask(f).decides {
			return false
		}
	}
	if !f.Author.Address.IsZero() {
		return true
	}
	return evaluate(p.believed(f)).action != Reject || evaluate(p.doubted(f)).action != Reject
}

// askMessage asks what must hold before there is a sender to judge.
func (p *Policy) askMessage(d *Decision, f *Facts) bool {
	for i, r := range messageRules {
		id := ruleID(i + 1)
		v := r.ask(f)
		if v.decides && p.Off.Has(v.cause) {
			v = verdict{answer: switchedOff}
		}
		d.note(id, v)
		if v.decides {
			d.settle(id, v)
			return true
		}
	}
	return false
}

// stand sees whether the sender's privileges count, and finds the entries that do.
func (p *Policy) stand(d *Decision, f *Facts) hits {
	d.Proof = f.Proof()
	d.authored = f.hasAuthor()
	d.Claimed = d.authored || p.Trust.doubts(f, d.Proof)
	d.note(ruleProof, verdict{})
	switch {
	case d.authored:
		return p.claimed(f)
	case d.Claimed:
		return p.doubted(f)
	}
	h := p.believed(f)
	d.allowed = h.allow > 0 || h.org > 0
	return h
}

// askSender judges the address in From, and reports whether that holds or rejects the
// message. To be allowed settles it only as long as nothing else objects.
func (p *Policy) askSender(d *Decision, h hits) bool {
	for i, r := range addressRules {
		id := firstOfAddress + ruleID(i)
		v := r.ask(h)
		d.note(id, v)
		if !v.decides {
			continue
		}
		v.field = From
		if d.authored {
			v = v.fromReply(d.facts.Author.Field)
		} else if d.lost = d.Claimed && evaluate(p.believed(d.facts)).action != v.action; d.lost {
			v.action, v.cause = Suspend, FailedAuthentication
		}
		d.settle(id, v)
		d.name(p, h, v)
		return v.action != Ticket
	}
	return false
}

// askReplies judges the other addresses in Reply-To, each with its own profile. They can
// hold a message and never reject it, and none of them gains it anything. An address that
// could not be read may be one that is listed: a spelling that two readers read differently
// never helps the sender.
func (p *Policy) askReplies(d *Decision, f *Facts) bool {
	d.note(ruleReplyTo, verdict{answer: noReply})
	for i, a := range f.ReplyTo {
		if d.authored && a == f.Author.Address {
			continue // it is judged already
		}
		var profile Profile
		if i < len(f.Replies) {
			profile = f.Replies[i]
		}
		h := p.find(a, profile)
		id, v := evaluateReply(h)
		if v.decides && v.action != Ticket {
			v = v.fromReply(ReplyTo)
			d.settle(ruleReplyTo, v)
			d.name(p, h, v)
			d.Address, d.by = a, id
			return true
		}
	}
	if f.ReplyToProblem == "" {
		return false
	}
	d.settle(ruleReplyTo, verdict{action: Suspend, cause: AmbiguousSender, field: ReplyTo})
	d.name(p, hits{}, verdict{})
	return true
}

// fromReply is the verdict on an address that the field names where an answer should go:
// what would reject the message as From holds it.
func (v verdict) fromReply(field Field) verdict {
	v.field = field
	if v.action != Ticket {
		v.action, v.cause = Suspend, cmp.Or(v.cause, Blocklisted)
	}
	return v
}

// evaluate is what the rules about one address make of it.
func evaluate(h hits) verdict {
	for _, r := range addressRules {
		if v := r.ask(h); v.decides {
			return v
		}
	}
	return passed(h)
}

// evaluateReply asks of one address all that is asked of a sender but the last: a stranger to
// whom an answer should go is no reason to hold a message.
func evaluateReply(h hits) (ruleID, verdict) {
	for i, r := range addressRules[:len(addressRules)-1] {
		if v := r.ask(h); v.decides {
			return firstOfAddress + ruleID(i), v
		}
	}
	return 0, verdict{}
}
