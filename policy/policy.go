// Package policy decides what becomes of a message: ticket, suspend or reject. It is a
// function of the facts it is given; it does no I/O and does not know the time.
//
// The rules are asked in this order and the first verdict wins.
//
// Of the message:
//
//	readable            it cannot be read as mail: suspend
//	one From address    there is no single readable From address: suspend
//
// Of the address in From:
//
//	suspended profile   its profile is suspended: suspend
//	suspend: entry      a suspend: entry matches: suspend
//	reject: address     a reject: entry for the address matches: reject; suspend if a plain
//	                    entry matches too
//	reject: domain      a reject: entry for the domain matches: reject; suspend if the list
//	                    has * or a plain entry matches too
//	allowlist           the allowlist has the address or its domain: let it pass
//	blocklist           a plain entry matches: suspend
//	wildcard            the blocklist has * and the address has no profile: suspend
//
// Of the message again:
//
//	Reply-To            one of the rules above but the last holds or rejects another address
//	                    in Reply-To, or not every address in it can be read: suspend
//	pass                a ticket
//
// If the blocklist has * and an address has a profile, its entries with a keyword on the
// full address are left out.
package policy

import (
	"cmp"

	"gatepost/message"
)

// A Policy is everything an operator has laid down. It never changes: another one takes
// its place, and a message sees one policy from start to end. The zero Policy lets all
// mail pass that can be read.
type Policy struct {
	Allow, Block *List
	Generation   int64 // of the rules it was built from
}

// Decide is what becomes of a message. It allocates nothing.
func (p *Policy) Decide(f *Facts) Decision {
	d := Decision{Address: f.Sender.Address, sender: f.Sender, unreadable: f.Unreadable,
		replyTo: f.ReplyToProblem}
	if d.askMessage(f) {
		return d
	}
	h := p.find(f.Sender.Address, f.Profile)
	if p.askSender(&d, h) || p.askReplies(&d, f) || d.step != 0 {
		return d
	}
	v := passed(h)
	d.note(rulePass, v)
	d.settle(rulePass, v)
	d.name(p, h, v)
	return d
}

// Check is what the lists do to the mail of one address. The zero Address is that of a
// message in which none can be read.
func (p *Policy) Check(a message.Address, profile Profile) Decision {
	return p.Decide(&Facts{Sender: message.Sender{Address: a}, Profile: profile})
}

// askMessage asks what must hold before there is a sender to judge.
func (d *Decision) askMessage(f *Facts) bool {
	for i, r := range messageRules {
		id := ruleID(i + 1)
		v := r.ask(*f)
		d.note(id, v)
		if v.decides {
			d.settle(id, v)
			return true
		}
	}
	return false
}

// askSender judges the address in From, and reports whether that holds or rejects the
// message. To be allowed settles it only as long as no Reply-To objects.
func (p *Policy) askSender(d *Decision, h hits) bool {
	for i, r := range addressRules {
		id := firstOfAddress + ruleID(i)
		v := r.ask(h)
		d.note(id, v)
		if v.decides {
			v.field = From
			d.settle(id, v)
			d.name(p, h, v)
			return v.action != Ticket
		}
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
		var profile Profile
		if i < len(f.Replies) {
			profile = f.Replies[i]
		}
		h := p.find(a, profile)
		id, v := judgeReply(h)
		if v.decides && v.action != Ticket {
			v.action, v.cause, v.field = Suspend, cmp.Or(v.cause, Blocklisted), ReplyTo
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

// judgeReply asks of one address all that is asked of a sender but the last: a stranger to
// whom an answer should go is no reason to hold a message.
func judgeReply(h hits) (ruleID, verdict) {
	for i, r := range addressRules[:len(addressRules)-1] {
		if v := r.ask(h); v.decides {
			return firstOfAddress + ruleID(i), v
		}
	}
	return 0, verdict{}
}
