// Package mailauth asks who a message is from: SPF (RFC 7208), DKIM (RFC 6376), the DMARC
// record of its From domain (RFC 9989), what a relay of ours wrote about them (RFC 8601), and
// the ARC chain of those that handed it on (RFC 8617). It gathers facts and never judges:
// whether they are aligned, and what follows, is the policy's to say.
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
	// Budget is how long Check may take for one message, 10 s from New. A question that has
	// not been answered by then, or a key by half of it, is a temperror; a signature whose
	// content could not be verified in time is a permerror.
	Budget time.Duration

	dns     *cache
	relays  []string          // the authserv-ids of our relays, in ASCII lower case
	filters []*policy.Product // what they run
	sealers []message.Domain
}

// Options say whom a Checker believes beside the DNS. The zero Options believe nobody.
type Options struct {
	// AuthservIDs are what relays of ours call themselves in the Authentication-Results
	// fields they write (RFC 8601, section 2.5), in any ASCII letter case. Without any, and
	// without Filters, no such field is ever believed.
	AuthservIDs []string
	// Filters are the products that our relays run, or are. A field that one of them writes
	// is read where it writes it, if nobody else can have written it there.
	Filters []*policy.Product
	// Sealers are the domains, with those below them, whose ARC chains (RFC 8617) stand for
	// a DMARC that failed on the way. With none, nobody is asked about a chain.
	Sealers []message.Domain
}

// New makes a Checker that asks r. Close it when it is done with.
func New(r Resolver, o Options) *Checker {
	c := &Checker{Budget: budget, dns: newCache(r), filters: o.Filters, sealers: o.Sealers}
	for _, id := range o.AuthservIDs {
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

// hidden reports whether a relay of ours does not say who handed it the message.
func (q Query) hidden() bool { return q.Hop.Relayed && !q.Hop.Client.IsValid() }

// Check asks all that is to be known, side by side, within the Budget. It has no error: a
// question that was not answered is a temperror, and says why.
func (c *Checker) Check(ctx context.Context, q Query) *policy.Authentication {
	ctx, cancel := context.WithTimeout(ctx, c.Budget)
	defer cancel()
	if q.Envelope == nil {
		q.Envelope = &message.Envelope{}
	}
	if q.From.IsLiteral() { // which is no name to ask the DNS about
		q.From = ""
	}
	n := c.inquiry(q)
	var tasks sync.WaitGroup
	tasks.Go(func() { n.sender(ctx) })
	tasks.Go(func() { n.signatures(ctx) })
	tasks.Go(func() { n.claim(ctx) })
	tasks.Wait()
	n.align()
	return n.a
}
