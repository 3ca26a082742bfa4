// Package mailauth asks who a message is from: SPF (RFC 7208), DKIM (RFC 6376), the DMARC
// record of its From domain (RFC 9989), and what a relay of ours wrote about them (RFC
// 8601). It gathers facts and never judges: whether they are aligned, and what follows, is
// the policy's to say.
package mailauth

import (
	"context"
	"io"
	"sync"
	"time"

	"gatepost/message"
	"gatepost/policy"
)

// budget is how long all questions about one message may take together. A client waits for
// its reply to the end of data for ten minutes (RFC 5321, section 4.5.3.2.6); ten seconds
// leave a slow name server two repeats.
const budget = 10 * time.Second

// A Checker asks for all messages of a process, and remembers answers.
type Checker struct {
	// Budget is how long Check may take for one message, 10 s from New. What has not been
	// answered by then is temperror.
	Budget time.Duration

	dns    *cache
	relays []string // the authserv-ids of our relays, in ASCII lower case
}

// New makes a Checker that asks r. The authservIDs are what relays of ours call themselves
// in the Authentication-Results fields they write, in any ASCII letter case; with none,
// no such field is ever read. Close the Checker when it is done with.
func New(r Resolver, authservIDs []string) *Checker {
	c := &Checker{Budget: budget, dns: newCache(r)}
	for _, id := range authservIDs {
		c.relays = append(c.relays, fold(id))
	}
	return c
}

// Close ends what the Checker keeps running. It must not be asked again.
func (c *Checker) Close() { c.dns.close() }

// A Query is what Check needs to know of a message.
type Query struct {
	Message  *message.Message
	Envelope *message.Envelope // nil if there was no SMTP transaction
	Hop      policy.Hop
	From     message.Domain   // the domain of the one From address, "" if there is none
	Body     func() io.Reader // what follows the header section, anew each call; nil: nothing
}

// Check asks all that is to be known, side by side, within the Budget. It has no error: a
// question that was not answered is a temperror, and says why.
func (c *Checker) Check(ctx context.Context, q Query) *policy.Authentication {
	ctx, cancel := context.WithTimeout(ctx, c.Budget)
	defer cancel()
	if q.Envelope == nil {
		q.Envelope = &message.Envelope{}
	}
	a, heard := c.hear(q)
	var tasks sync.WaitGroup
	if !heard {
		tasks.Go(func() { a.SPF = c.sender(ctx, q) })
		tasks.Go(func() { a.DKIM = c.signatures(ctx, q) })
	}
	if a.Said != policy.Pass && q.From != "" {
		tasks.Go(func() { a.DMARC = c.record(ctx, q.From) })
	}
	tasks.Wait()
	c.complete(ctx, q, a)
	return a
}

// complete asks what depends on whether the From domain has a DMARC record.
func (c *Checker) complete(ctx context.Context, q Query, a *policy.Authentication) {
	switch {
	case q.From == "" || a.Said == policy.Pass:
	case a.DMARC.Result == policy.None:
		a.Author = c.author(ctx, q, a.SPF)
	case a.DMARC.Result == policy.Pass:
		c.organisations(ctx, q.From, a)
	}
}

// organisations looks up the organisational domain of each identity that could be aligned
// with From by it: one that is no subdomain of From's has another.
func (c *Checker) organisations(
	ctx context.Context, from message.Domain, a *policy.Authentication,
) {
	var tasks sync.WaitGroup
	look := func(id *policy.Identity) {
		counts := id.Result == policy.Pass || id.Result == policy.TempError
		if counts && id.Domain != from && id.Domain.In(a.DMARC.Org) {
			tasks.Go(func() { c.organisation(ctx, id, a.DMARC.Org) })
		}
	}
	look(&a.SPF)
	for i := range a.DKIM {
		look(&a.DKIM[i])
	}
	tasks.Wait()
}

// organisation fills in the organisational domain of an identity that lies within org. If
// it cannot be had, nobody can tell whether the identity is aligned: it may be.
func (c *Checker) organisation(ctx context.Context, id *policy.Identity, org message.Domain) {
	w, err := c.walk(ctx, id.Domain)
	if err != nil {
		id.Result, id.Org = policy.TempError, org
		id.Why = why("its organisational domain cannot be told: ", err)
		return
	}
	if id.Org = w.organisation(); id.Org == "" {
		id.Org = id.Domain
	}
}
