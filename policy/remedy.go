package policy

import (
	"strings"

	"gatepost/message"
)

// A Remedy is one change that would make a ticket of a message, or keep its sender's next one
// out. At most one of its subjects is set: whom or what the change is about.
type Remedy struct {
	Kind    RemedyKind
	Address message.Address
	Entry   Entry // of one of the lists
	Cause   Cause
	Relays  string // what smtp.relays has, and the client
}

// A RemedyKind is what a remedy changes.
type RemedyKind uint8

// The kinds that let in, the smallest change first: of one sender, then of one entry, then of
// one setting. Behind them are those that keep out.
const (
	Forget      RemedyKind = iota // how many of its messages were stored within the hour
	AllowSender                   // an entry of the allowlist
	AddProfile                    // a profile
	Restore                       // a profile that is suspended no more
	AllowDomain                   // an entry of the allowlist, for its domain
	Unblock                       // an entry taken off the blocklist
	Relay                         // a relay that the client is from now on
	PassLists                     // mail of mailing lists is not held
	AnyHost                       // mail need not come through a relay
	AnyRate                       // no limit of messages an hour
	TurnOff                       // a cause that holds nothing
	Believe                       // that the claim is taken: trust
	BlockSender                   // an entry of the blocklist
	BlockDomain                   // an entry of the blocklist, for its domain
	Hold                          // a profile that is suspended
	remedyEnd

	firstOut = BlockSender // the first kind that keeps out
)

// A remedyRow is all that is known of one kind.
type remedyRow struct {
	words   string                                           // what to do, to whom or what: %s
	command string                                           // our own command that does it, before its subject; or
	setting Setting                                          // the setting that does it, before the name of a cause
	about   func(*Policy, *Decision) (r Remedy, exists bool) // nil if it keeps out
	apply   func(Remedy, *Policy, *Facts)                    // makes the change, on copies
}

var remedyRows = [remedyEnd]remedyRow{
	Forget: {words: "forget how much %s sent", command: "loop reset",
		about: ofSender, apply: forget},
	AllowSender: {words: "put %s on the allowlist", command: "rules add allow",
		about: ofEntryToBe, apply: allowSender},
	AddProfile: {words: "give %s a profile", command: "user add",
		about: ofSender, apply: addProfile},
	Restore: {words: "end the suspension of %s", command: "user unsuspend",
		about: ofSender, apply: restore},
	AllowDomain: {words: "put the domain %s on the allowlist", command: "rules add allow",
		about: ofDomainToBe, apply: allowEntry},
	Unblock: {words: "take %s off the blocklist", command: "rules remove block",
		about: ofEntry, apply: unblock},
	Relay: {words: "take that client for a relay of ours", setting: Setting{"smtp.relays", `""`},
		about: ofClient, apply: func(_ Remedy, _ *Policy, f *Facts) { f.Hop.Relayed = true }},
	PassLists: {words: "let mail of mailing lists pass",
		setting: Setting{"causes.mailing_list", "false"},
		about:   ofEverybody, apply: func(_ Remedy, p *Policy, _ *Facts) { p.HoldLists = false }},
	AnyHost: {words: "take mail that came through no relay of ours",
		setting: Setting{"smtp.only_relays", "false"},
		about:   ofEverybody, apply: func(_ Remedy, p *Policy, _ *Facts) { p.OnlyRelays = false }},
	AnyRate: {words: "let any number of messages pass within an hour",
		setting: Setting{"rate.per_hour", "0"},
		about:   ofEverybody, apply: func(_ Remedy, p *Policy, _ *Facts) { p.PerHour = 0 }},
	TurnOff: {words: "hold nothing for this cause", setting: Setting{"causes.", "false"},
		about: ofCause, apply: func(r Remedy, p *Policy, _ *Facts) { p.Off = p.Off.With(r.Cause) }},
	Believe: {words: "take what From claims", setting: Setting{"auth.trust", `"claimed"`},
		about: ofEverybody, apply: func(_ Remedy, p *Policy, _ *Facts) { p.Trust = TrustClaimed }},
	BlockSender: {words: "put %s on the blocklist", command: "rules add block", apply: block},
	BlockDomain: {words: "put the entry %s on the blocklist", command: "rules add block",
		apply: block},
	Hold: {words: "suspend the profile of %s", command: "user suspend", apply: suspendProfile},
}

// tried is what becomes of the facts once the change is made.
func (r Remedy) tried(p *Policy, f *Facts) Decision {
	changed, facts := *p, *f
	r.row().apply(r, &changed, &facts)
	return changed.Decide(&facts)
}

func ofSender(_ *Policy, d *Decision) (Remedy, bool) { return Remedy{Address: d.Address}, true }

// ofEntryToBe leaves out an address that the list would refuse, or take for another.
func ofEntryToBe(_ *Policy, d *Decision) (Remedy, bool) {
	_, ok := entryFor(Allow, Plain, d.Address.String())
	return Remedy{Address: d.Address}, ok
}

// ofDomainToBe leaves out a domain that the list would refuse, and one that it has.
func ofDomainToBe(p *Policy, d *Decision) (Remedy, bool) {
	e, ok := entryFor(Allow, Plain, string(d.Address.Domain()))
	return Remedy{Entry: e}, ok && !p.Allow.Has(e)
}

// entryFor is the one entry for just this target; ok is false if the list takes no such.
func entryFor(list ListName, k Keyword, target string) (e Entry, ok bool) {
	entries, err := ParseEntries(list, k.String()+target)
	if err != nil || len(entries) != 1 || entries[0].Target != target {
		return Entry{}, false
	}
	return entries[0], true
}

func ofEntry(_ *Policy, d *Decision) (Remedy, bool) { return Remedy{Entry: d.rule}, !d.rule.IsZero() }

func ofCause(_ *Policy, d *Decision) (Remedy, bool) {
	return Remedy{Cause: d.Cause}, d.Cause.HasSwitch()
}

func ofEverybody(*Policy, *Decision) (Remedy, bool) { return Remedy{}, true }

// ofClient is for what our own address sent in the name of somebody: a machine that may do so
// is a relay of ours, if the message does not prove it.
func ofClient(p *Policy, d *Decision) (Remedy, bool) {
	client := d.facts.Hop.Client
	if d.facts.Author.Address.IsZero() || d.facts.Hop.Relayed || !client.IsValid() {
		return Remedy{}, false
	}
	return Remedy{Relays: strings.TrimSpace(p.Relays.String() + " " + client.String())}, true
}

func forget(_ Remedy, _ *Policy, f *Facts) { f.Stored = 0 }

func allowSender(r Remedy, p *Policy, _ *Facts) {
	p.Allow = p.Allow.With([]Change{{Entry: Entry{Target: r.Address.String()}}})
}

func addProfile(r Remedy, _ *Policy, f *Facts) {
	f.know(r.Address, func(profile *Profile) { profile.Known = true })
}

func restore(r Remedy, _ *Policy, f *Facts) {
	f.know(r.Address, func(profile *Profile) { profile.Suspended = false })
}

func allowEntry(r Remedy, p *Policy, _ *Facts) {
	p.Allow = p.Allow.With([]Change{{Entry: r.Entry}})
}

func block(r Remedy, p *Policy, _ *Facts) {
	p.Block = p.Block.With([]Change{{Entry: r.Entry}})
}

func suspendProfile(r Remedy, _ *Policy, f *Facts) {
	f.know(r.Address, func(profile *Profile) { profile.Suspended = true })
}

func unblock(r Remedy, p *Policy, _ *Facts) {
	p.Block = p.Block.With([]Change{{Entry: r.Entry, Removed: true}})
}

// know changes what is known of an address.
func (f *Facts) know(a message.Address, change func(*Profile)) {
	if a == f.Sender.Address {
		change(&f.Profile)
	}
	if a == f.Author.Address {
		change(&f.Author.Profile)
	}
	replies := append([]Profile{}, f.Replies...)
	for i, to := range f.ReplyTo {
		if to == a && i < len(replies) {
			change(&replies[i])
		}
	}
	f.Replies = replies
}
