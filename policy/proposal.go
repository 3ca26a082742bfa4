package policy

import (
	"fmt"
	"slices"

	"gatepost/message"
)

// Proposals are the changes that people may make of a message, each tried by asking Decide
// again. What nobody can change is none.
type Proposals struct {
	Now     Decision // as things stand
	LetIn   []Remedy // each would make a ticket of it; the smallest first
	KeepOut []Remedy // each would hold or reject its sender's next one; the smallest first
	Vain    []Vain   // the entries that somebody may think of, and that would do neither
}

// A Vain is a change that would not do.
type Vain struct {
	Remedy Remedy
	Why    string // what would still decide, in the words of the rule
}

// Proposals tries them all.
func (p *Policy) Proposals(f *Facts) (all Proposals) {
	all.Now = p.Decide(f)
	if !all.Now.Action.LetsIn() && !all.Now.Address.IsZero() {
		all.letIn(p, f)
	}
	if requester, profile := f.Requester(); !requester.Address.IsZero() {
		all.keepOut(p, requester.Address, profile)
	}
	return all
}

func (all *Proposals) letIn(p *Policy, f *Facts) {
	for kind := range firstOut {
		r, exists := remedyRows[kind].about(p, &all.Now)
		if !exists {
			continue
		}
		r.Kind = kind
		if d := r.tried(p, f); d.Action.LetsIn() {
			all.LetIn = append(all.LetIn, r)
		} else if kind == AllowSender || kind == AllowDomain {
			all.Vain = append(all.Vain, Vain{r, d.Why()})
		}
	}
}

// keepOut asks what becomes of the sender's mail as far as the lists say. A sender that only *
// holds is let in as soon as it has a profile, so it is asked as if it had one.
func (all *Proposals) keepOut(p *Policy, a message.Address, profile Profile) {
	known := Facts{Sender: message.Sender{Address: a}, Profile: profile}
	known.Profile.Known = true
	if p.Decide(&known).Action.LetsIn() {
		all.block(p, &known, BlockSender, a.String())
		all.block(p, &known, BlockDomain, string(a.Domain()))
	}
	hold := Remedy{Kind: Hold, Address: a}
	if profile.Known && !profile.Suspended && !hold.tried(p, &known).Action.LetsIn() {
		all.KeepOut = append(all.KeepOut, hold)
	}
}

// block finds the plainest entry for a target that works.
func (all *Proposals) block(p *Policy, f *Facts, kind RemedyKind, target string) {
	for _, keyword := range []Keyword{Plain, SuspendKeyword} {
		e, ok := entryFor(Block, keyword, target)
		if !ok {
			return
		}
		r := Remedy{Kind: kind, Entry: e}
		d := r.tried(p, f)
		if !d.Action.LetsIn() {
			all.KeepOut = append(all.KeepOut, r)
			return
		}
		all.Vain = append(all.Vain, Vain{r, d.Why()})
	}
}

// Entry is the entry of that list, for a target, that would do. If none would, why says so; it
// is "" if one would, or if none was tried.
func (all Proposals) Entry(list ListName, target string) (e Entry, why string) {
	for _, r := range slices.Concat(all.LetIn, all.KeepOut) {
		if e := r.Adds(list); e.Target == target {
			return e, ""
		}
	}
	for _, v := range all.Vain {
		if v.Remedy.Adds(list).Target == target {
			why = v.Words()
		}
	}
	return Entry{}, why
}

// Adds is the entry that the change puts on a list, none if it does something else.
func (r Remedy) Adds(list ListName) Entry {
	switch {
	case list == Allow && r.Kind == AllowSender:
		e, _ := entryFor(Allow, Plain, r.Address.String())
		return e
	case list == Allow && r.Kind == AllowDomain,
		list == Block && (r.Kind == BlockSender || r.Kind == BlockDomain):
		return r.Entry
	}
	return Entry{}
}

// KeepsOut reports whether it was to keep out, and not to let in.
func (v Vain) KeepsOut() bool { return v.Remedy.Kind >= firstOut }

// Words say why a change would not do: "to put acme.test on the allowlist would not let it in:
// it is from a mail system (...)".
func (v Vain) Words() string {
	would := "let it in"
	if v.KeepsOut() {
		would = "keep it out"
	}
	return fmt.Sprintf("to %s would not %s: %s", v.Remedy.Words(), would, v.Why)
}
