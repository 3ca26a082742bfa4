package mailauth

import (
	"context"
	"strings"

	"golang.org/x/net/publicsuffix"

	"gatepost/message"
)

// maxLabels is how many labels the second name of a walk has at most: with the first one
// that makes eight questions, however long the name (RFC 9989, section 4.10).
const maxLabels = 7

// A step is a record that a walk found.
type step struct {
	domain message.Domain
	published
}

// A walk is the way up from a domain to its top-level domain, and the DMARC records there.
type walk struct {
	start message.Domain
	found []step // from start upwards
}

// walk asks at the domain and at those above it, until a record says that it is, or is not,
// a public suffix (RFC 9989, section 4.10). An error is a failure of the DNS.
func (c *Checker) walk(ctx context.Context, start message.Domain) (walk, error) {
	w := walk{start: start}
	for d := start; d != ""; d = above(d) {
		record, ok, err := c.published(ctx, d)
		if err != nil {
			return walk{}, err
		}
		if !ok {
			continue
		}
		if record.suffix == 'u' && registry(d) {
			record.suffix = 'y'
		}
		w.found = append(w.found, step{d, record})
		if record.suffix != 'u' {
			break
		}
	}
	return w, nil
}

// registry reports whether strangers register the domains below d. A registry that does not
// say so in its record would make one organisation of all of them: then evil.co.uk could
// sign for shop.co.uk. Suffixes of the list's private section speak for themselves.
func registry(d message.Domain) bool {
	suffix, icann := publicsuffix.PublicSuffix(string(d))
	return icann && suffix == string(d)
}

// registered is the domain below a public suffix that d is in, or d itself.
func registered(d message.Domain) message.Domain {
	domain, err := publicsuffix.EffectiveTLDPlusOne(string(d))
	if err != nil {
		return d
	}
	return message.Domain(domain)
}

// above is the next name of a walk.
func above(d message.Domain) message.Domain {
	d = d.Parent()
	for strings.Count(string(d), ".") >= maxLabels {
		d = d.Parent()
	}
	return d
}

// published is the record at one domain. Several are none.
func (c *Checker) published(
	ctx context.Context, d message.Domain,
) (r published, ok bool, err error) {
	texts, err := c.dns.LookupTXT(ctx, "_dmarc."+string(d))
	if err != nil && !isNotFound(err) {
		return published{}, false, err
	}
	for _, text := range texts {
		record, is := readRecord(text)
		if is && ok {
			return published{}, false, nil
		}
		if is {
			r, ok = record, true
		}
	}
	return r, ok, nil
}

// organisation is the organisational domain (RFC 9989, section 4.10.2), "" if there is no
// record.
func (w walk) organisation() message.Domain {
	if len(w.found) == 0 {
		return ""
	}
	top := w.found[len(w.found)-1]
	if top.suffix != 'y' || top.domain == w.start {
		return top.domain
	}
	org := w.start
	for org.Parent() != top.domain {
		org = org.Parent()
	}
	return org
}

// applies is the record that applies to mail from the start of the walk.
func (w walk) applies() (step, bool) {
	org := w.organisation()
	for _, d := range []message.Domain{w.start, org} {
		for _, s := range w.found {
			if s.domain == d {
				return s, true
			}
		}
	}
	if len(w.found) == 0 {
		return step{}, false
	}
	return w.found[len(w.found)-1], true // of the public suffix above org
}
