package lint

import "gatepost/policy"

// The questions that other entries answer.

// by notes the entry that makes the finding.
func (l *Lists) by(f *Finding, list policy.ListName, k policy.Keyword, target string) bool {
	e := policy.Entry{Keyword: k, Target: target}
	if list == policy.Allow {
		e = l.allow.Shown(e)
	} else {
		e = l.block.Shown(e)
	}
	f.Other = Entry{List: list, Entry: e}
	return true
}

// letIn asks whether the allowlist or an organisation has the target, and notes that.
func (l *Lists) letIn(f *Finding, target string) bool {
	if has(l.allow, policy.Plain, target) {
		return l.by(f, policy.Allow, policy.Plain, target)
	}
	return l.byOrg(f, target)
}

func (l *Lists) byOrg(f *Finding, target string) bool {
	if !has(l.orgs, policy.Plain, target) {
		return false
	}
	f.Other = l.ofOrg(target)
	return true
}

// covered asks whether another entry of the list does all that this one does. It is the same
// keyword on a domain above, or one that is asked first and decides the same.
func (l *Lists) covered(f *Finding) bool {
	e := f.Entry
	switch {
	case e.Target == policy.Everyone:
		return false
	case e.allows():
		return l.letInAnyway(f)
	}
	for d := range l.above(e.Target) {
		if has(l.block, e.Keyword, d) && !l.rejectsAlone(e) {
			return l.by(f, policy.Block, e.Keyword, d)
		}
		if e.Keyword != policy.SuspendKeyword && has(l.block, policy.SuspendKeyword, d) {
			return l.by(f, policy.Block, policy.SuspendKeyword, d)
		}
	}
	same := e.Keyword != policy.SuspendKeyword && has(l.block, policy.SuspendKeyword, e.Target)
	if !same || e.Keyword == policy.Plain && l.sparing(e) {
		return false
	}
	return l.by(f, policy.Block, policy.SuspendKeyword, e.Target)
}

// letInAnyway asks whether who an entry lets in is so by another. What organisations have says more
// than who is let in: of that only what the same one has above it is asked.
func (l *Lists) letInAnyway(f *Finding) bool {
	for d := range l.above(f.Entry.Target) {
		switch {
		case f.Entry.List == policy.Allow && l.letIn(f, d):
			return true
		case f.Entry.List == policy.Org && l.byOrg(f, d) &&
			f.Other.Organization == f.Entry.Organization:
			return true
		}
	}
	f.Other = Entry{}
	return f.Entry.List == policy.Allow && l.byOrg(f, f.Entry.Target)
}

// rejectsAlone reports whether the entry rejects what the same keyword on the domain only holds:
// beside * that is so of an address.
func (l *Lists) rejectsAlone(e Entry) bool {
	return e.Keyword == policy.RejectKeyword && l.sparing(e)
}

// sparing reports whether a keyword on the target is left out for who has a profile.
func (l *Lists) sparing(e Entry) bool { return l.everyone && e.isAddress() }

// keywords are those that beat the allowlist.
var keywords = [...]policy.Keyword{policy.SuspendKeyword, policy.RejectKeyword}

// beaten asks whether a keyword on the blocklist takes everything from an entry that lets in.
func (l *Lists) beaten(f *Finding) bool {
	if !f.Entry.allows() {
		return false
	}
	for _, k := range keywords {
		for d := range l.from(f.Entry.Target) {
			if has(l.block, k, d) {
				return l.by(f, policy.Block, k, d)
			}
		}
		if !l.sparing(f.Entry) && has(l.block, k, f.Entry.Target) {
			return l.by(f, policy.Block, k, f.Entry.Target)
		}
	}
	return false
}

// contradicting asks whether the same is let in here and held there.
func (l *Lists) contradicting(f *Finding) bool {
	e := f.Entry
	if e.allows() {
		return has(l.block, policy.Plain, e.Target) && l.by(f, policy.Block, policy.Plain, e.Target)
	}
	return e.Keyword == policy.Plain && l.letIn(f, e.Target)
}

// divided asks whether an address is allowed and has a keyword that holds only for who has no
// profile.
func (l *Lists) divided(f *Finding) bool {
	e := f.Entry
	if !l.sparing(e) {
		return false
	}
	if e.List == policy.Block {
		return e.Keyword != policy.Plain && l.letIn(f, e.Target)
	}
	for _, k := range keywords {
		if has(l.block, k, e.Target) {
			return l.by(f, policy.Block, k, e.Target)
		}
	}
	return false
}

// overruled asks whether what a plain entry would hold is let in.
func (l *Lists) overruled(f *Finding) bool {
	e := f.Entry
	if e.List != policy.Block || e.Keyword != policy.Plain || e.Target == policy.Everyone {
		return false
	}
	for d := range l.above(e.Target) {
		if l.letIn(f, d) {
			return true
		}
	}
	return false
}

// muted asks whether another entry has what one with reject: is for held in any case.
func (l *Lists) muted(f *Finding) bool {
	e := f.Entry
	if e.List != policy.Block || e.Keyword != policy.RejectKeyword {
		return false
	}
	if l.everyone && e.isDomain() {
		return l.by(f, policy.Block, policy.Plain, policy.Everyone)
	}
	if has(l.block, policy.Plain, e.Target) {
		return l.by(f, policy.Block, policy.Plain, e.Target)
	}
	for d := range l.above(e.Target) {
		if has(l.block, policy.Plain, d) {
			return l.by(f, policy.Block, policy.Plain, d)
		}
	}
	return false
}
