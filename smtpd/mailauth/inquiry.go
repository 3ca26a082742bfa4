package mailauth

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"gatepost/message"
	"gatepost/policy"
)

// An inquiry is what is asked about one message. A question waits for another only if it
// depends on the answer: a stranger's name servers, or a long content, must not use up the
// time of what the From domain has to say.
type inquiry struct {
	*Checker
	Query
	a     *policy.Authentication
	told  told
	found []*signature   // to be verified, if no relay has told
	arc   *chain         // to be verified, nil if there is none
	kin   []organisation // of identities that could be aligned with From
}

// An organisation is the organisational domain of a domain.
type organisation struct{ of, domain message.Domain }

// inquiry begins with what is known without a question.
func (c *Checker) inquiry(q Query) *inquiry {
	n := &inquiry{Checker: c, Query: q}
	n.a, n.told = c.hear(q)
	if !n.told.spf {
		_, n.a.SPF = reversePath(q)
	}
	if !n.told.dkim {
		n.found = choose(q)
	}
	n.arc, n.a.ARC = c.sealed(q)
	n.relatives()
	return n
}

// relatives lists the domains other than From's that could be aligned with it.
func (n *inquiry) relatives() {
	add := func(d message.Domain) {
		known := func(o organisation) bool { return o.of == d }
		if d != "" && d != n.From && !slices.ContainsFunc(n.kin, known) {
			n.kin = append(n.kin, organisation{of: d})
		}
	}
	if !n.told.spf || n.a.SPF.Result == policy.Pass {
		add(n.a.SPF.Domain)
	}
	for _, id := range n.a.DKIM {
		if id.Result == policy.Pass {
			add(id.Domain)
		}
	}
	for _, s := range n.found {
		if s.open() {
			add(s.Domain)
		}
	}
}

func (n *inquiry) sender(ctx context.Context) {
	if !n.told.spf {
		n.a.SPF = n.Checker.sender(ctx, n.Query)
	}
}

func (n *inquiry) signatures(ctx context.Context) {
	n.settle(ctx, n.Query, append(n.arc.signatures(), n.found...))
	for _, s := range n.found {
		n.a.DKIM = append(n.a.DKIM, s.Identity)
	}
	if n.arc != nil {
		n.a.ARC.Result, n.a.ARC.Why = n.arc.says(n.Query)
		n.a.ARC.Author = n.From
	}
}

// claim asks the From domain, and then what depends on whether it has a DMARC record.
func (n *inquiry) claim(ctx context.Context) {
	if n.From == "" || n.a.Said == policy.Pass {
		return
	}
	switch n.a.DMARC = n.record(ctx, n.From); {
	case n.a.DMARC.Result == policy.Pass:
		n.organisations(ctx)
	case n.a.DMARC.Result == policy.None && n.toldOfAuthor():
		n.a.Author = n.parent(ctx, n.Query, n.a.SPF)
	case n.a.DMARC.Result == policy.None:
		n.a.Author = n.author(ctx, n.Query, n.From)
	}
}

// toldOfAuthor reports whether a relay's SPF answers for the From domain: where that settles
// it, or where nobody else knows the client. What is neutral for one reverse-path, which is a
// stranger's choice, may not be for the domain.
func (n *inquiry) toldOfAuthor() bool {
	if !n.told.spf || n.a.SPF.Domain != n.From { // else it is asked for meanwhile
		return false
	}
	r := n.a.SPF.Result
	return r == policy.Pass || r == policy.Fail || r == policy.SoftFail || n.hidden()
}

// organisations looks up the organisational domain of each identity that could be aligned
// with From by it: one that is no subdomain of From's has another.
func (n *inquiry) organisations(ctx context.Context) {
	org := n.a.DMARC.Org
	n.kin = slices.DeleteFunc(n.kin, func(o organisation) bool { return !o.of.In(org) })
	var tasks sync.WaitGroup
	for i := range n.kin {
		o := &n.kin[i]
		tasks.Go(func() { o.domain = cmp.Or(n.walk(ctx, o.of).organisation(), o.of) })
	}
	tasks.Wait()
}

// align fills in the organisational domains of identities that passed.
func (n *inquiry) align() {
	if n.a.DMARC.Result != policy.Pass {
		return
	}
	n.place(&n.a.SPF)
	for i := range n.a.DKIM {
		n.place(&n.a.DKIM[i])
	}
}

func (n *inquiry) place(id *policy.Identity) {
	at := slices.IndexFunc(n.kin, func(o organisation) bool { return o.of == id.Domain })
	if at >= 0 && id.Result == policy.Pass {
		id.Org = n.kin[at].domain
	}
}
