// Package lint says what is odd about the lists: entries that never decide, that say two things
// at once, or that reach further than who wrote them may think. It is pure, changes nothing, and
// does not know the time.
package lint

import (
	"fmt"
	"iter"
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

// An Entry is one entry of a list, and what is known of its life.
type Entry struct {
	List policy.ListName
	policy.Entry
	Expired bool // its time is over
	Unmet   bool // no mail met it for long
}

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

// Words say what is odd, as a sentence goes on that begins with the entry.
func (f Finding) Words() string {
	if words := findings[f.Kind].words; strings.Contains(words, "%s") {
		about := f.About
		if !f.Other.IsZero() {
			about = f.Other.String()
		}
		return fmt.Sprintf(words, about)
	}
	return findings[f.Kind].words
}

// Fix is what mends it, in that order.
func (f Finding) Fix() []Change { return findings[f.Kind].fix(f.Entry) }

// A Change puts an entry on a list or takes it off.
type Change struct {
	List policy.ListName
	policy.Change
}

// Args are those of the program's command that makes the change.
func (c Change) Args() []string {
	do := "add"
	if c.Removed {
		do = "remove"
	}
	return []string{"rules", do, string(c.List), c.Entry.String()}
}

// Lists are two lists, as they are looked at.
type Lists struct {
	allow, block *policy.List
	everyone     bool              // the blocklist has *
	support      map[string]bool   // our own support addresses
	ours         map[string]string // the domains that cover one of them, and which
	alike        lookAlikes
}

// New looks at the lists of a policy. Known are the domains of senders who write to us, the more
// important first.
func New(p *policy.Policy, known iter.Seq[message.Domain]) *Lists {
	l := &Lists{allow: p.Allow, block: p.Block, support: map[string]bool{},
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

// Entry gives what is odd about an entry, in the order of the table. Of what it would be on lists
// that do not have it nothing is said.
func (l *Lists) Entry(e Entry) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		f := Finding{Entry: e}
		for kind := Covered; kind < kindEnd; kind++ {
			if e.Expired && kind != Expired { // it decides nothing, odd or not
				continue
			}
			f.Kind, f.Other, f.About = kind, Entry{}, ""
			if findings[kind].ask(l, &f) && !yield(f) {
				return
			}
		}
	}
}

// Concern tells the findings that are about one of these entries, or that one of them makes.
func Concern(entries []Entry) func(Finding) bool {
	type rule struct {
		list    policy.ListName
		keyword policy.Keyword
		target  string
	}
	of := func(e Entry) rule { return rule{e.List, e.Keyword, e.Target} }
	these := make(map[rule]bool, len(entries))
	for _, e := range entries {
		these[of(e)] = true
	}
	return func(f Finding) bool { return these[of(f.Entry)] || these[of(f.Other)] }
}

// Has reports whether an entry is on its list, and not over its time.
func (l *Lists) Has(e Entry) bool {
	if e.List == policy.Allow {
		return l.allow.Has(e.Entry)
	}
	return l.block.Has(e.Entry)
}

func has(list *policy.List, k policy.Keyword, target string) bool {
	return list.Has(policy.Entry{Keyword: k, Target: target})
}

// above gives the domains that cover a target, the nearest first: of an address its domain and
// those above it.
func above(target string) iter.Seq[string] {
	return func(yield func(string) bool) {
		d := message.Domain(target)
		if _, domain, isAddress := cutLast(target); isAddress {
			d = message.Domain(domain)
		} else {
			d = d.Parent()
		}
		for ; d != "" && yield(string(d)); d = d.Parent() {
		}
	}
}

// from gives the domains that cover a target, itself among them if it is one.
func from(target string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !strings.Contains(target, "@") && !yield(target) {
			return
		}
		above(target)(yield)
	}
}

func cutLast(address string) (local, domain string, found bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "", "", false
	}
	return address[:at], address[at+1:], true
}
