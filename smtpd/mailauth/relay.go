package mailauth

import (
	"cmp"
	"slices"
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

// resultsField is the name of the field that relays write and that we write (RFC 8601).
const resultsField = "Authentication-Results"

// maxHeard is how many signatures of a relay's report are taken.
const maxHeard = 20

// A told says which methods a relay of ours has reported on. We ask about the others: one
// that looks at signatures alone says nothing about the client, and one whose DNS did not
// answer nothing at all.
type told struct{ spf, dkim bool }

// says is why an identity that a relay told us of has its result.
func says(relay string) string { return "as " + clean(relay) + " says" }

// hear takes what relays of ours found out. Without a result of SPF, DKIM or DMARC nothing
// was heard.
func (c *Checker) hear(q Query) (a *policy.Authentication, t told) {
	a = &policy.Authentication{}
	if !q.Hop.Relayed {
		return a, t
	}
	var all []finding
	for _, r := range c.believed(q, a) {
		if a.Relay == "" && slices.ContainsFunc(r.all, finding.counts) {
			a.Relay = r.id
		}
		all = append(all, r.all...)
	}
	spf := heardSPF(all)
	t.spf = reports(all, "spf") && spf.Result != policy.TempError
	t.dkim = reports(all, "dkim") && !slices.ContainsFunc(all, func(f finding) bool {
		return f.method == "dkim" && f.outcome() == policy.TempError
	})
	if t.spf {
		a.SPF = spf
		a.SPF.Told, a.SPF.Why = true, says(a.Relay)
	}
	a.DKIM = heardDKIM(all)
	doubled := standsTwice(q.Message.Fields)
	for i := range a.DKIM {
		a.DKIM[i].Told, a.DKIM[i].Why = true, says(a.Relay)
		if doubled != "" && a.DKIM[i].Result == policy.Pass {
			a.DKIM[i].Result, a.DKIM[i].Why = policy.PermError, doubled
		}
	}
	a.Said = heardDMARC(all, q.From)
	if a.Said == policy.Pass && (doubled != "" || !borneOut(all, q.From)) {
		a.Said = policy.None // it may follow from such a signature, or from what a stranger wrote
	}
	return a, t
}

// borneOut reports whether a pass of DMARC can follow from what relays say of SPF and DKIM, if
// they say anything of these: that one passes for a domain which may be aligned, or for a
// signer who is not named. OpenDMARC was seen to say pass where neither did.
func borneOut(all []finding, from message.Domain) bool {
	asked := false
	for _, f := range all {
		id, nameless := f.sender(), false
		switch f.method {
		case "spf":
		case "dkim":
			id = f.signer()
			nameless = f.get("header.d") == "" && f.get("header.i") == ""
		default:
			continue
		}
		asked = true
		if id.Result == policy.Pass && (nameless || id.Domain.Registered() == from.Registered()) {
			return true
		}
	}
	return !asked
}

func reports(all []finding, method string) bool {
	return slices.ContainsFunc(all, func(f finding) bool { return f.method == method })
}

// counts reports whether it is a finding that we act on.
func (f finding) counts() bool {
	return f.method == "spf" || f.method == "dkim" || f.method == "dmarc"
}

// heardSPF takes the result for the reverse-path, or that for HELO if there is no other.
// Of several the worst counts.
func heardSPF(all []finding) policy.Identity {
	var id policy.Identity
	heard := false
	for _, f := range all {
		if f.method != "spf" {
			continue
		}
		next := f.sender()
		if !heard || id.Helo && !next.Helo ||
			id.Helo == next.Helo && severity(next.Result) > severity(id.Result) {
			id, heard = next, true
		}
	}
	return id
}

// sender is what a finding of SPF is about. HELO speaks for a null reverse-path only, never
// for one that cannot be read.
func (f finding) sender() policy.Identity {
	path := f.get("smtp.mailfrom")
	id := policy.Identity{Result: f.outcome(), Domain: domainOf(path)}
	if path == "" || path == "<>" {
		id.Domain = domainOf(f.get("smtp.helo"))
		id.Helo = id.Domain != ""
	}
	return id
}

func heardDKIM(all []finding) []policy.Identity {
	var ids []policy.Identity
	for _, f := range all {
		if f.method != "dkim" || f.result == "none" || len(ids) == maxHeard {
			continue
		}
		ids = append(ids, f.signer())
	}
	return ids
}

// signer is what a finding of DKIM is about.
func (f finding) signer() policy.Identity {
	domain := domainOf(cmp.Or(f.get("header.d"), f.get("header.i")))
	id := policy.Identity{Result: f.outcome(), Domain: domain}
	id.Selector, _ = hostname(f.get("header.s"))
	return id
}

// heardDMARC takes the results for the From domain that we see, and no other. Of several
// the worst counts.
func heardDMARC(all []finding, from message.Domain) policy.Result {
	said, heard := policy.None, false
	for _, f := range all {
		if f.method != "dmarc" || from == "" || domainOf(f.get("header.from")) != from {
			continue
		}
		result, known := policy.ParseResult(f.result)
		if f.result == "success" { // as Yahoo has called it
			result, known = policy.Pass, true
		}
		if known && (!heard || severity(result) > severity(said)) {
			said, heard = result, true
		}
	}
	return said
}

// outcome is the result. A word that we do not know is neither for nor against anybody.
func (f finding) outcome() policy.Result {
	if r, ok := policy.ParseResult(f.result); ok {
		return r
	}
	if f.result == "hardfail" { // as Fail was called before RFC 8601
		return policy.Fail
	}
	return policy.Neutral
}

// severity orders results: what speaks against a sender outweighs what speaks for it.
func severity(r policy.Result) int {
	return slices.Index([]policy.Result{policy.Pass, policy.None, policy.Neutral, policy.TempError,
		policy.PermError, policy.SoftFail, policy.Fail}, r)
}

// domainOf is the domain in a value that is one, or an address. "" if there is none.
func domainOf(value string) message.Domain {
	domain, err := message.ParseDomain(value[strings.LastIndexByte(value, '@')+1:])
	if err != nil {
		return ""
	}
	return domain
}
