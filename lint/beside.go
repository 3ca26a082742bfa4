package lint

import "gatepost/policy"

// The questions that other entries answer.

// by notes the entry that makes the finding.
func (f *Finding) by(list policy.ListName, k policy.Keyword, target string) bool {
	f.Other = Entry{List: list, Entry: policy.Entry{Keyword: k, Target: target}}
	return true
}

// covered asks whether another entry of the list does all that this one does. It is the same
// keyword on a domain above, or one that is asked first and decides the same.
func (l *Lists) covered(f *Finding) bool {
	e := f.Entry
	switch {
	case e.Target == policy.Everyone:
		return false
	case e.List == policy.Allow:
		for d := range above(e.Target) {
			if has(l.allow, policy.Plain, d) {
				return f.by(policy.Allow, policy.Plain, d)
			}
		}
		return false
	}
	for d := range above(e.Target) {
		if has(l.block, e.Keyword, d) && !l.rejectsAlone(e) {
			return f.by(policy.Block, e.Keyword, d)
		}
		if e.Keyword != policy.SuspendKeyword && has(l.block, policy.SuspendKeyword, d) {
			return f.by(policy.Block, policy.SuspendKeyword, d)
		}
	}
	same := e.Keyword != policy.SuspendKeyword && has(l.block, policy.SuspendKeyword, e.Target)
	if !same || e.Keyword == policy.Plain && l.sparing(e) {
		return false
	}
	return f.by(policy.Block, policy.SuspendKeyword, e.Target)
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

// beaten asks whether a keyword on the blocklist takes everything from an entry of the allowlist.
func (l *Lists) beaten(f *Finding) bool {
	if f.Entry.List != policy.Allow {
		return false
	}
	for _, k := range keywords {
		for d := range from(f.Entry.Target) {
			if has(l.block, k, d) {
				return f.by(policy.Block, k, d)
			}
		}
		if !l.sparing(f.Entry) && has(l.block, k, f.Entry.Target) {
			return f.by(policy.Block, k, f.Entry.Target)
		}
	}
	return false
}

// contradicting asks whether the other list has the same.
func (l *Lists) contradicting(f *Finding) bool {
	other, name := l.block, policy.Block
	if f.Entry.List == policy.Block {
		other, name = l.allow, policy.Allow
	}
	return f.Entry.Keyword == policy.Plain && has(other, policy.Plain, f.Entry.Target) &&
		f.by(name, policy.Plain, f.Entry.Target)
}

// divided asks whether an address is allowed and has a keyword that holds only for who has no
// profile.
func (l *Lists) divided(f *Finding) bool {
	e := f.Entry
	if !l.sparing(e) {
		return false
	}
	if e.List == policy.Block {
		return e.Keyword != policy.Plain && has(l.allow, policy.Plain, e.Target) &&
			f.by(policy.Allow, policy.Plain, e.Target)
	}
	for _, k := range keywords {
		if has(l.block, k, e.Target) {
			return f.by(policy.Block, k, e.Target)
		}
	}
	return false
}

// overruled asks whether the allowlist lets in what a plain entry would hold.
func (l *Lists) overruled(f *Finding) bool {
	e := f.Entry
	if e.List != policy.Block || e.Keyword != policy.Plain || e.Target == policy.Everyone {
		return false
	}
	for d := range above(e.Target) {
		if has(l.allow, policy.Plain, d) {
			return f.by(policy.Allow, policy.Plain, d)
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
		return f.by(policy.Block, policy.Plain, policy.Everyone)
	}
	if has(l.block, policy.Plain, e.Target) {
		return f.by(policy.Block, policy.Plain, e.Target)
	}
	for d := range above(e.Target) {
		if has(l.block, policy.Plain, d) {
			return f.by(policy.Block, policy.Plain, d)
		}
	}
	return false
}
