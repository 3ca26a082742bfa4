package policy

// standing is what the rules before have found out of the sender.
type standing struct {
	proof   Result
	allowed bool // the allowlist or an organisation has the sender, and that counts
	claimed bool // the sender is only a claim
}

// askCauses asks for each cause what shows it, and then for the rate, and reports whether one
// decides.
func (p *Policy) askCauses(d *Decision, f *Facts) bool {
	for c := firstAsked; c < causeEnd; c++ {
		if c.OfReply() && f.Thread.Ticket == 0 {
			continue
		}
		ask := causes[c].ask
		if ask == nil {
			ask = shown
		}
		if p.askCause(d, f, ruleOf(c), c, ask) {
			return true
		}
	}
	return p.askCause(d, f, ruleRate, Loop, rate)
}

// askCause asks one rule, unless its cause is switched off, or lifted from a sender that
// is allowed.
func (p *Policy) askCause(d *Decision, f *Facts, id ruleID, c Cause,
	ask func(*Policy, *Facts, standing, Cause) verdict) bool {
	v := verdict{answer: switchedOff}
	if !p.Off.Has(c) {
		v = ask(p, f, standing{d.Proof, d.allowed, d.Claimed}, c)
	}
	if v.decides && causes[c].lifted && d.allowed && v.evidence != nullPath() {
		v = verdict{answer: lifted}
	}
	d.note(id, v)
	d.Room = v.room
	if v.decides {
		d.settle(id, v)
		d.rule, d.against = Entry{}, Entry{}
	}
	return v.decides
}

// shown holds what shows the cause.
func shown(_ *Policy, f *Facts, _ standing, c Cause) verdict {
	evidence := f.evidence(c)
	if evidence.IsZero() && !f.Evidence[c].IsZero() {
		return verdict{answer: ofAuthor}
	}
	return holdFor(c, evidence)
}

func holdFor(c Cause, e Evidence) verdict {
	if e.IsZero() {
		return verdict{answer: noEvidence}
	}
	return verdict{decides: true, action: Suspend, cause: c, evidence: e}
}

// unauthentic holds what fails DMARC where the domain asks for that.
func unauthentic(_ *Policy, f *Facts, s standing, c Cause) verdict {
	if s.proof != Fail || f.Authentication.DMARC.Demand == DemandNone {
		return verdict{answer: noEvidence}
	}
	return verdict{decides: true, action: Suspend, cause: c, field: From}
}

func locked(p *Policy, f *Facts, _ standing, c Cause) verdict {
	if !p.OnlyRelays {
		return verdict{answer: noEvidence}
	}
	return holdFor(c, f.Evidence[c])
}

// nullPath is the evidence of mail that must not be answered (RFC 5321, section 4.5.5). It is
// never lifted: no customer's mail comes that way.
func nullPath() Evidence { return Evidence{"MAIL FROM", "<>"} }

// automatic also holds mail of mailing lists, where that is asked for.
func automatic(p *Policy, f *Facts, _ standing, c Cause) verdict {
	evidence := f.Evidence[c]
	if evidence.IsZero() && p.HoldLists {
		evidence = f.List
	}
	return holdFor(c, evidence)
}

// askRate asks how much of a stranger was stored, whom nothing holds but *: it holds all whom
// nobody knows, and what it holds would have no end.
func (p *Policy) askRate(d *Decision, f *Facts) {
	if d.step != ruleWildcard || p.Off.Has(Loop) || p.PerHour == 0 {
		return
	}
	d.Room = 2 * p.PerHour
	if f.Stored < d.Room {
		return
	}
	v := rate(p, f, standing{}, Loop)
	d.note(ruleRate, v)
	d.settle(ruleRate, v)
	d.Room, d.rule, d.against = v.room, Entry{}, Entry{}
}

// rate lets so many messages of one sender pass within an hour, holds as many more, and has
// the client keep the rest: a loop ends, and nothing is lost.
func rate(p *Policy, f *Facts, s standing, c Cause) verdict {
	most := p.PerHour
	if s.allowed {
		most *= 10
	}
	switch {
	case most == 0:
		return verdict{answer: quiet}
	case f.Stored < most:
		return verdict{answer: quiet, room: most}
	case f.Stored < 2*most:
		return verdict{decides: true, action: Suspend, cause: c, room: 2 * most}
	}
	return verdict{decides: true, action: Defer, cause: c}
}
