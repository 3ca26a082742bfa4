package mailauth

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"gatepost/message"
	"gatepost/policy"
)

// A published record is what a domain says in DNS (RFC 9989, section 4.7), as far as it
// matters to a receiver that sends no reports.
type published struct {
	demand     policy.Demand // p=
	subdomains policy.Demand // sp=, or p=
	missing    policy.Demand // np=, or sp=, or p=: for subdomains that do not exist
	strictSPF  bool          // aspf=s
	strictDKIM bool          // adkim=s
	testing    bool          // t=y
	suffix     byte          // psd=: 'y', 'n', or 'u' for unknown
	void       bool          // it has neither a valid p nor a rua: no DMARC (section 4.10.1)
}

// readRecord reads a DMARC record; ok is false if text is something else. The version comes
// first, exactly so spelt; other tags are in any order and letter case, unknown ones count
// for nothing and of several the first stands. Where p, sp or np is not valid, or p is
// missing, the record asks for nothing (section 4.10.1), and is a record still if it has an
// address for reports.
func readRecord(text string) (r published, ok bool) {
	version, rest, _ := strings.Cut(text, ";")
	name, value, ok := strings.Cut(version, "=")
	if !ok || trim(name) != "v" || trim(value) != "DMARC1" || name[0] != 'v' {
		return published{}, false
	}
	tags := map[string]string{}
	for part := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(part, "=")
		name = fold(trim(name))
		if _, twice := tags[name]; !twice {
			tags[name] = fold(trim(value))
		}
	}
	r = published{
		strictSPF: tags["aspf"] == "s", strictDKIM: tags["adkim"] == "s",
		testing: tags["t"] == "y", suffix: 'u',
	}
	if psd := tags["psd"]; psd == "y" || psd == "n" {
		r.suffix = psd[0]
	}
	r.demands(tags)
	_, ok = parseDemand(tags["p"])
	r.void = !ok && !hasURI(tags["rua"])
	return r, true
}

// demands reads p, sp and np.
func (r *published) demands(tags map[string]string) {
	p, ok := parseDemand(tags["p"])
	sp, okSub := orElse(tags, "sp", p)
	np, okMissing := orElse(tags, "np", sp)
	if ok && okSub && okMissing {
		r.demand, r.subdomains, r.missing = p, sp, np
	}
}

// orElse reads a tag that may be absent.
func orElse(tags map[string]string, tag string, d policy.Demand) (policy.Demand, bool) {
	if value, there := tags[tag]; there {
		return parseDemand(value)
	}
	return d, true
}

func parseDemand(s string) (d policy.Demand, ok bool) {
	for d = policy.DemandNone; d <= policy.DemandReject; d++ {
		if d.String() == s {
			return d, true
		}
	}
	return policy.DemandNone, false
}

// hasURI reports whether one of the addresses for reports is one (RFC 9989, section 4.7).
func hasURI(rua string) bool {
	return slices.ContainsFunc(strings.Split(rua, ","), func(s string) bool {
		u, err := url.Parse(trim(s))
		return err == nil && u.Scheme != "" && u.Opaque+u.Host != ""
	})
}

func trim(s string) string { return strings.Trim(s, " \t") }

// record finds what the From domain asks for (RFC 9989, section 4.10.1). Its own record is
// its policy, whatever did not answer further up. Where its own name, or one above it, did
// not answer, a record beyond that still holds if it asks for something: a forger chooses
// the sub-domain, and gains nothing by one that is broken.
func (c *Checker) record(ctx context.Context, from message.Domain) policy.Record {
	w := c.walk(ctx, from)
	s, ok := w.applies()
	own := ok && s.domain == from
	switch {
	case !ok && w.err != nil:
		return policy.Record{Result: policy.TempError, Why: why("", w.err)}
	case !ok:
		return policy.Record{}
	case s.void && (own || w.err == nil):
		return policy.Record{Why: "the record of " + string(s.domain) + " has neither p nor rua"}
	}
	demand := c.demand(ctx, from, s)
	if w.err != nil && !own && demand == policy.DemandNone {
		return policy.Record{Result: policy.TempError, Why: why("", w.err)}
	}
	return policy.Record{
		Result: policy.Pass, Domain: s.domain, Org: w.organisation(), Demand: demand,
		StrictSPF: s.strictSPF, StrictDKIM: s.strictDKIM,
	}
}

// demand is what a record asks for mail of that From domain. Where nobody can tell whether
// that exists it is the more, and in testing mode one step less (RFC 9989, section 4.7).
func (c *Checker) demand(ctx context.Context, from message.Domain, s step) policy.Demand {
	demand := s.demand
	if s.domain != from {
		demand = s.subdomains
		if s.missing != s.subdomains {
			switch exists, err := c.exists(ctx, from); {
			case err != nil:
				demand = max(s.subdomains, s.missing)
			case !exists:
				demand = s.missing
			}
		}
	}
	if s.testing && demand > policy.DemandNone {
		demand--
	}
	return demand
}

// exists reports whether a domain has an address, a mail exchanger or a text. The resolver
// cannot tell a name without records from one that is not there (RFC 9989, section 3.2.12).
func (c *Checker) exists(ctx context.Context, d message.Domain) (bool, error) {
	_, err := c.dns.LookupIPAddr(ctx, string(d))
	if isNotFound(err) {
		_, err = c.dns.LookupMX(ctx, string(d))
	}
	if isNotFound(err) {
		_, err = c.dns.LookupTXT(ctx, string(d))
	}
	if isNotFound(err) {
		return false, nil
	}
	return err == nil, err
}
