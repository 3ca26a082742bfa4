package mailauth

import (
	"context"
	"strings"
	"sync"

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
	known int    // how many of found stand below the first name that did not answer
	err   error  // why it did not; nil if all did
}

// An asked is what came of one name of a walk.
type asked struct {
	domain message.Domain
	record published
	is     bool
	err    error
}

// walk asks at the domain and at those above it, until a record says that it is, or is not,
// a public suffix (RFC 9989, section 4.10). All are asked side by side: a stranger who names
// a sub-domain that never answers must not keep the record above it from being heard.
func (c *Checker) walk(ctx context.Context, start message.Domain) walk {
	w := walk{start: start}
	for _, a := range c.askUpwards(ctx, start) {
		switch {
		case a.err != nil && w.err == nil:
			w.known, w.err = len(w.found), a.err
		case !a.is:
		default:
			if a.record.suffix == 'u' && a.domain.PublicSuffix() {
				// A registry that does not say so would make one organisation of all below
				// it: then evil.co.uk could sign for shop.co.uk.
				a.record.suffix = 'y'
			}
			w.found = append(w.found, step{a.domain, a.record})
			if a.record.suffix != 'u' {
				return w.end()
			}
		}
	}
	return w.end()
}

// end closes a walk: where all names answered, all that was found is known.
func (w walk) end() walk {
	if w.err == nil {
		w.known = len(w.found)
	}
	return w
}

func (c *Checker) askUpwards(ctx context.Context, start message.Domain) []asked {
	var names []asked
	for d := start; d != ""; d = above(d) {
		names = append(names, asked{domain: d})
	}
	var tasks sync.WaitGroup
	for i := range names {
		a := &names[i]
		tasks.Go(func() { a.record, a.is, a.err = c.published(ctx, a.domain) })
	}
	tasks.Wait()
	return names
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
// record. What lies above a name that did not answer makes nobody a relative.
func (w walk) organisation() message.Domain {
	w.found = w.found[:w.known]
	if len(w.found) == 0 && w.err != nil {
		return w.start
	}
	return w.top()
}

// top is the organisational domain as far as anything answered.
func (w walk) top() message.Domain {
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

// applies is the record that applies to mail from the start of the walk: its own, that of
// the organisational domain, or that of the public suffix above it.
func (w walk) applies() (step, bool) {
	org := w.top()
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
