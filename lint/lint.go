// Package lint says what is odd about the lists and about what organisations have: entries that
// never decide, that say two things at once, or that reach further than who wrote them may think.
// It is pure, changes nothing, and does not know the time.
package lint

import (
	"cmp"
	"fmt"
	"iter"
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

// An Entry is one entry of a list or of an organisation.
type Entry struct {
	List policy.ListName
	policy.Entry
	Organization string // the name of that which has it, if List is policy.Org
}

// Where says where the entry stands: "on the allowlist", "in the organisation Acme".
func (e Entry) Where() string {
	if e.List == policy.Org {
		return "in the organisation " + e.Organization
	}
	return "on the " + string(e.List) + "list"
}

// allows reports whether it is there to let somebody in.
func (e Entry) allows() bool { return e.List != policy.Block }

// IsZero reports whether there is no entry.
func (e Entry) IsZero() bool { return e.Entry.IsZero() }

func (e Entry) isAddress() bool { return strings.Contains(e.Target, "@") }

func (e Entry) isDomain() bool { return e.Target != policy.Everyone && !e.isAddress() }

// A Finding is what is odd about one entry.
type Finding struct {
	Kind  Kind
	Entry Entry
	Other Entry  // the entry that makes it so; the zero Entry if none does
	About string // what else does: an address of ours, a domain; or ""
}

// Compare orders findings: the warnings first, then by kind and entry.
func (f Finding) Compare(g Finding) int {
	if f.Kind != g.Kind {
		return cmp.Or(-cmp.Compare(f.Kind.Severity(), g.Kind.Severity()), cmp.Compare(f.Kind, g.Kind))
	}
	a, b := &f.Entry, &g.Entry
	if order := strings.Compare(a.Target, b.Target); order != 0 {
		return order
	}
	return cmp.Or(strings.Compare(string(a.List), string(b.List)), cmp.Compare(a.Keyword, b.Keyword),
		strings.Compare(a.Organization, b.Organization))
}

// String is the finding as a sentence: "ann@acme.test on the allowlist never decides: …".
func (f Finding) String() string {
	return fmt.Sprintf("%s %s %s", f.Entry, f.Entry.Where(), f.Words())
}

// Words say what is odd, as a sentence goes on that begins with the entry.
func (f Finding) Words() string {
	if words := findings[f.Kind].words; strings.Contains(words, "%s") {
		about := f.About
		if !f.Other.IsZero() {
			about = f.Other.String() + " " + f.Other.Where()
		}
		return fmt.Sprintf(words, about)
	}
	return findings[f.Kind].words
}

// Fix is what mends it, in that order.
func (f Finding) Fix() []Change { return findings[f.Kind].fix(f.Entry) }

// A Change puts an entry on a list or takes it off, or takes it from an organisation.
type Change struct {
	List         policy.ListName
	Organization string // if List is policy.Org
	policy.Change
}

// Do is what is done with the entry: "add" or "remove".
func (c Change) Do() string {
	if c.Removed {
		return "remove"
	}
	return "add"
}

// Args are those of the program's command that makes the change.
func (c Change) Args() []string {
	if c.List == policy.Org {
		return []string{"org", c.Do(), c.Organization, c.Entry.String()}
	}
	return []string{"rules", c.Do(), string(c.List), c.Entry.String()}
}

// Lists are two lists and what organisations have, as they are looked at.
type Lists struct {
	policy       *policy.Policy
	allow, block *policy.List
	orgs         *policy.List      // the text of an entry is the name of its organisation
	everyone     bool              // the blocklist has *
	support      map[string]bool   // our own support addresses
	ours         map[string]string // the domains that cover one of them, and which
	alike        lookAlikes
}

// New looks at the lists of a policy. Known are the domains of senders who write to us, the more
// important first.
func New(p *policy.Policy, known iter.Seq[message.Domain]) *Lists {
	l := &Lists{policy: p, allow: p.Allow, block: p.Block, orgs: p.Orgs, support: map[string]bool{},
		ours: map[string]string{}, alike: newLookAlikes(known)}
	l.everyone = has(p.Block, policy.Plain, policy.Everyone)
	for a := range p.Support {
		l.support[a.String()] = true
		for d := a.Domain(); d != ""; d = d.Parent() {
			l.ours[string(d)] = max(a.String(), l.ours[string(d)])
		}
	}
	return l
}

// Entry gives what is odd about an entry, in the order of the table, but for what its life shows:
// when its time is over, and which mail it met, is not known here. Of what it would be on lists that
// do not have it nothing is said.
func (l *Lists) Entry(e Entry) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		f, kind := Finding{Entry: e}, Covered
		if !l.accompanied(e) {
			kind = Provider // the first that is found of an entry alone
		}
		for ; kind < Expired; kind++ {
			f.Kind, f.Other, f.About = kind, Entry{}, ""
			if findings[kind].ask(l, &f) && !yield(f) {
				return
			}
		}
	}
}

// accompanied reports whether any other entry is for the target of this one, or for one above it.
func (l *Lists) accompanied(e Entry) bool {
	allowed := e.List != policy.Allow && l.allow.Lists(e.Target)
	owned := e.List != policy.Org && l.orgs.Lists(e.Target)
	blocked := l.block.Lists(e.Target)
	if e.List == policy.Block {
		blocked = l.block.ListsBeside(e.Entry)
	}
	if l.everyone || allowed || owned || blocked {
		return true
	}
	for d := range l.above(e.Target) {
		if l.block.Lists(d) || l.allow.Lists(d) || l.orgs.Lists(d) {
			return true
		}
	}
	return false
}

// All gives what is odd about the entries of both lists, in no order of these.
func (l *Lists) All() iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		for e := range l.listed() {
			for f := range l.Entry(e) {
				if !yield(f) {
					return
				}
			}
		}
	}
}

// Has reports whether an entry is on its list, and not over its time.
func (l *Lists) Has(e Entry) bool {
	switch e.List {
	case policy.Allow:
		return l.allow.Has(e.Entry)
	case policy.Block:
		return l.block.Has(e.Entry)
	}
	return l.orgs.Has(e.Entry)
}

func has(list *policy.List, k policy.Keyword, target string) bool {
	return list.Has(policy.Entry{Keyword: k, Target: target})
}

// above gives the domains that cover a target and may be on a list, the nearest first: of an
// address its domain and those above it.
func (l *Lists) above(target string) iter.Seq[string] {
	d := message.Domain(target)
	if _, domain, isAddress := cutLast(target); isAddress {
		d = message.Domain(domain)
	} else {
		d = d.Parent()
	}
	return l.policy.Covering(d)
}

// from gives the domains that cover a target, itself among them if it is one.
func (l *Lists) from(target string) iter.Seq[string] {
	_, domain, isAddress := cutLast(target)
	if !isAddress {
		domain = target
	}
	return l.policy.Covering(message.Domain(domain))
}

func cutLast(address string) (local, domain string, found bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "", "", false
	}
	return address[:at], address[at+1:], true
}
