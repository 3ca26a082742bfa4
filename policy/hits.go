package policy

import "gatepost/message"

// hits are the entries that match one address: of each kind the length of the most
// specific target, 0 where none matches. An address ends in every target that matches it,
// so a length says which, and the longer is the more specific.
type hits struct {
	address  string
	profile  Profile
	everyone bool  // the blocklist has *
	spared   marks // keywords on the full address that were left out

	uncounted struct{ profile, allow, org bool } // what favours the sender, but does not count

	allow         int16
	org           int16 // of what an organisation has
	plain         int16
	suspend       int16
	rejectAddress int16
	rejectDomain  int16
}

// A hit is one entry, found on one of the lists.
type hit struct {
	list    listed
	keyword Keyword
	length  int16 // of its target
}

// listed says on which list an entry was found, if at all.
type listed uint8

const (
	nowhere listed = iota
	onAllow
	onOrg
	onBlock
	starOnBlock
)

// find looks the address up, then its domain and each parent of that.
func (p *Policy) find(a message.Address, profile Profile) hits {
	h := hits{address: a.String(), profile: profile}
	h.everyone = p.Block != nil && p.Block.everyone
	h.findAddress(p)
	for domain := range p.Covering(a.Domain()) {
		h.findDomain(p, domain)
	}
	return h
}

// believed are the hits of a sender that is taken for who it claims to be.
func (p *Policy) believed(f *Facts) hits { return p.find(f.Sender.Address, f.Profile) }

// doubted are the hits of a sender without all that favours it. That its profile is
// suspended favours nobody.
func (p *Policy) doubted(f *Facts) hits {
	return p.unfavoured(f.Sender.Address, f.Profile)
}

func (p *Policy) unfavoured(a message.Address, profile Profile) hits {
	h := p.find(a, Profile{Suspended: profile.Suspended})
	h.uncounted.profile, h.uncounted.allow, h.uncounted.org = profile.Known, h.allow > 0, h.org > 0
	h.allow, h.org = 0, 0
	return h
}

// findAddress leaves out keywords on the full address where the vendor does: beside *,
// "unless the user already has a user profile".
func (h *hits) findAddress(p *Policy) {
	m := p.Block.at(h.address)
	if h.everyone && h.profile.Known {
		h.spared = m &^ mark(Plain)
		m &= mark(Plain)
	}
	if m.has(RejectKeyword) {
		h.rejectAddress = int16(len(h.address))
	}
	h.findAny(h.address, m, p)
}

func (h *hits) findDomain(p *Policy, d string) {
	m := p.Block.at(d)
	if m.has(RejectKeyword) && h.rejectDomain == 0 {
		h.rejectDomain = int16(len(d))
	}
	h.findAny(d, m, p)
}

// findAny notes what is asked of addresses and domains alike.
func (h *hits) findAny(target string, blocked marks, p *Policy) {
	if blocked.has(Plain) && h.plain == 0 {
		h.plain = int16(len(target))
	}
	if blocked.has(SuspendKeyword) && h.suspend == 0 {
		h.suspend = int16(len(target))
	}
	if p.Allow.at(target).has(Plain) && h.allow == 0 {
		h.allow = int16(len(target))
	}
	if p.Orgs.at(target).has(Plain) && h.org == 0 {
		h.org = int16(len(target))
	}
}

// missing says why no entry with that keyword counts.
func (h hits) missing(k Keyword) answer {
	if h.spared.has(k) {
		return leftOut
	}
	return noEntry
}

// allowed is the entry of the allowlist, or what an organisation has, if any.
func (h hits) allowed() hit {
	switch {
	case h.allow > 0:
		return hit{list: onAllow, length: h.allow}
	case h.org > 0:
		return hit{list: onOrg, length: h.org}
	}
	return hit{}
}

func blocked(k Keyword, length int16) hit { return hit{onBlock, k, length} }

// star is the entry that holds every stranger.
func star() hit { return hit{list: starOnBlock} }

func hold(h hit) verdict {
	return verdict{decides: true, action: Suspend, cause: Blocklisted, entry: h}
}

func (h hits) reject(length int16) verdict {
	return verdict{decides: true, action: Reject, entry: blocked(RejectKeyword, length),
		against: h.allowed()}
}

// conflict holds what a reject: entry and another one disagree about. The more specific of
// the two is named as the one that decided.
func conflict(rejected, other hit) verdict {
	v := hold(rejected)
	v.against, v.conflict = other, true
	if other.length > rejected.length {
		v.entry, v.against = other, rejected
	}
	return v
}

// entry is what was hit, as its list shows it.
func (p *Policy) entry(h hit, address string) Entry {
	e := Entry{Keyword: h.keyword, Target: address[len(address)-int(h.length):]}
	switch h.list {
	case nowhere:
		return Entry{}
	case onAllow:
		return p.Allow.Shown(e)
	case onOrg:
		return e
	case starOnBlock:
		e.Target = Everyone
	}
	return p.Block.Shown(e)
}

// owner is the organisation whose entry was hit, "" if it is of a list.
func (p *Policy) owner(h hit, address string) string {
	if h.list != onOrg {
		return ""
	}
	return p.Orgs.Shown(Entry{Target: address[len(address)-int(h.length):]}).String()
}
